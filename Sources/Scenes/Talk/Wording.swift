/// A way to put something, with alternatives: `(what|which) colour is {the it}[ here]?` Parentheses hold alternatives,
/// brackets what may be left out, braces name what is filled in.
struct Wording: ExpressibleByStringLiteral, Sendable {
  private indirect enum Part {
    case text(String)
    case slot(String)
    case choice([[Part]])
  }

  private let parts: [Part]

  init(stringLiteral text: String) {
    var rest = Array(text)[...]
    parts = Self.parse(&rest, until: [])
  }

  /// The text, its choices made by chance.
  func text(_ random: inout TalkRandom, fill: (String, inout TalkRandom) -> String) -> String {
    Self.text(parts, &random, fill)
  }

  private static func text(
    _ parts: [Part], _ random: inout TalkRandom, _ fill: (String, inout TalkRandom) -> String
  ) -> String {
    var result = ""
    for part in parts {
      switch part {
      case .text(let text): result += text
      case .slot(let name): result += fill(name, &random)
      case .choice(let choices): result += text(choices[random.below(choices.count)], &random, fill)
      }
    }
    return result
  }

  private static func parse(_ rest: inout ArraySlice<Character>, until ends: Set<Character>) -> [Part] {
    var parts: [Part] = []
    var text = ""
    func flushed() -> [Part] { text.isEmpty ? [] : [.text(text)] }
    while let character = rest.first, !ends.contains(character) {
      rest.removeFirst()
      switch character {
      case "{":
        parts += flushed() + [.slot(String(rest.prefix { $0 != "}" }))]
        text = ""
        rest = rest.drop { $0 != "}" }.dropFirst()
      case "[":
        parts += flushed() + [.choice([parse(&rest, until: ["]"]), []])]
        text = ""
        rest = rest.dropFirst()
      case "(":
        parts += flushed()
        text = ""
        var choices = [parse(&rest, until: ["|", ")"])]
        while rest.first == "|" {
          rest.removeFirst()
          choices.append(parse(&rest, until: ["|", ")"]))
        }
        rest = rest.dropFirst()
        parts.append(.choice(choices))
      default: text.append(character)
      }
    }
    return parts + flushed()
  }
}

/// What can be asked; every language has its wordings for each.
enum QuestionForm: CaseIterable {
  case colourOf, coloursOf, isColour, shapeOf, shapeInColour
  case kindOf, whatCategory, onlyThing, whatAt
  case howMany, howManyAtAll, isThere, isThereNot
  case isInDirection, whatInDirection, leftOrRight, aboveOrBelow, furtherLeftOrRight, side, level, placeOf
  case isBigger, whichIsBigger, whichIsBiggest
  case refer, identify, detection, grounding, caption
  case greeting, whatDoYouSee, andColourOf, itsColour, itsPlace, thanks, whoAreYou
}

/// What a question is about; its wording takes from here what its slots name.
struct QuestionTopic {
  var it: Description?
  var other: Description?
  var colour: SceneColour?
  var direction: Direction?
  var place: Place?
  /// Bigger or smaller.
  var bigger = true
  /// Ready text, the same in all languages: boxes.
  var box = ""
  /// The names to detect.
  var names: [Description] = []
}

/// A form in which a description, or something else of a topic, stands in a sentence; the first words in a slot's braces.
enum Slot: String {
  /// "the red star"
  case the
  /// "a red star"
  case a
  /// "red star"
  case bare
  /// "red stars"
  case plural
}
