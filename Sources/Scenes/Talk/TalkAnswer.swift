import Dialogue

/// A name and the boxes of what it names.
struct NamedBoxes {
  var name: Description
  /// Whether the answer says how many there are: "two dogs", or only the name: "dog".
  var isCounted: Bool
  var boxes: [BoundingBox]
}

/// What an answer says, before it is put into words.
enum TalkAnswer {
  /// Something that is true or not.
  enum Statement {
    /// So many there are; the answer is yes for 1 and more.
    case exist(Int, Description)
    /// It has a colour, which is or is not the one asked for.
    case isColour(Description, SceneColour, actual: SceneColour)
    /// It is in a direction of another thing, or in the opposite one.
    case isInDirection(Description, Direction, Description, actual: Direction)
    /// It is bigger than another thing (or smaller), as asked or the other way round.
    case isBigger(Description, asked: Bool, Description, actual: Bool)

    var isTrue: Bool {
      switch self {
      case .exist(let count, _): count > 0
      case .isColour(_, let colour, let actual): colour == actual
      case .isInDirection(_, let direction, _, let actual): direction == actual
      case .isBigger(_, let asked, _, let actual): asked == actual
      }
    }
  }

  case colour(SceneColour, of: Description)
  case colours(SceneColour, of: Description)
  case shape(ObjectKind, of: Description)
  case thing(SceneObject)
  case statement(Statement)
  case number(Int, Description)
  case place(Place, of: Description)
  case direction(Direction, Description, of: Description)
  /// The one of two that is more so; the comparison in the words of a full sentence.
  case choice(Description, Comparison)
  case absent(Description)
  /// What was asked for by its description, or by its name among several, is not in the picture.
  case notThere
  /// Nothing is in the picture, or in the region.
  case nothing
  case box(BoundingBox)
  case boxes([NamedBoxes])
  case list([(count: Int, Description)])
  case greeting, thanks, introduction

  enum Comparison {
    case bigger, smaller
    case further(Direction)
  }

  /// The answer in a style.
  func text(_ style: TalkStyle) -> String {
    switch style {
    case .plain: plain
    case .sentences: sentence
    case .spanish: plain
    }
  }
}

// MARK: - Plain

extension TalkAnswer {
  private var plain: String {
    switch self {
    case .colour(let colour, _), .colours(let colour, _): colour.rawValue
    case .shape(let kind, _): kind.rawValue
    case .thing(let object): English.a(Description(of: object))
    case .statement(let statement): statement.isTrue ? "yes" : "no"
    case .number(let count, _): "\(count)"
    case .place(let place, _): English.word(place)
    case .direction(let direction, _, _): English.word(direction)
    case .choice(let chosen, _): English.the(chosen)
    case .absent(let description): "there is no \(English.bare(description))"
    case .notThere: "not there"
    case .nothing: "nothing"
    case .box(let box): box.markup
    case .boxes(let named): Self.listed(named.map(Self.grounded), and: "and")
    case .list(let things): Self.listed(things.map { English.counted($0.count, $0.1) }, and: "and")
    case .greeting: "hello, ask me about the picture"
    case .thanks: "you are welcome"
    case .introduction: "a small model that talks about pictures"
    }
  }

  private static func grounded(_ named: NamedBoxes) -> String {
    let name = named.isCounted ? English.counted(named.boxes.count, named.name) : English.label(named.name)
    return "<p>\(name)</p> " + named.boxes.map(\.markup).joined(separator: "<delim>")
  }

  /// "a", "a and b", "a, b and c"
  static func listed(_ parts: [String], and: String) -> String {
    guard parts.count > 1, let last = parts.last else { return parts.first ?? "" }
    return parts.dropLast().joined(separator: ", ") + " \(and) " + last
  }
}

// MARK: - Sentences

extension TalkAnswer {
  private var sentence: String {
    switch self {
    case .colour(let colour, let it): return Self.sentence("\(English.the(it)) is \(colour.rawValue)")
    case .colours(let colour, let it): return "The \(English.bare(it, plural: true)) are \(colour.rawValue)."
    case .shape(let kind, let it): return Self.sentence("\(English.the(it)) is \(English.a(Description(.kind(kind))))")
    case .thing(let object): return "It is \(English.a(Description(of: object)))."
    case .statement(let statement): return Self.sentence(statement)
    case .number(let count, let it):
      return count == 1
        ? "There is one \(English.bare(it))." : "There are \(English.number(count)) \(English.bare(it, plural: true))."
    case .place(let place, let it): return Self.sentence("\(English.the(it)) is \(English.at(place))")
    case .direction(let direction, let it, let other):
      return Self.sentence("\(English.the(it)) is \(English.preposition(direction)) \(English.the(other))")
    case .choice(let chosen, .bigger): return Self.sentence("\(English.the(chosen)) is bigger")
    case .choice(let chosen, .smaller): return Self.sentence("\(English.the(chosen)) is smaller")
    case .choice(let chosen, .further(let direction)):
      return Self.sentence(
        "\(English.the(chosen)) is further \(direction.isHorizontal ? "\(direction)" : direction == .above ? "up" : "down")"
      )
    case .absent(let it): return "There is no \(English.bare(it))."
    case .notThere: return "It is not there."
    case .nothing: return "There is nothing."
    case .box(let box): return "It is here: \(box.markup)."
    case .boxes(let named): return "I see \(Self.listed(named.map(Self.grounded), and: "and"))."
    case .list(let things):
      return "The picture shows \(Self.listed(things.map { English.counted($0.count, $0.1) }, and: "and"))."
    case .greeting: return "Hello, ask me about the picture."
    case .thanks: return "You are welcome."
    case .introduction: return "I am a small model that talks about pictures."
    }
  }

  private static func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() + "." }

  private static func sentence(_ statement: Statement) -> String {
    let answer = statement.isTrue ? "Yes, " : "No, "
    switch statement {
    case .exist(let count, let it):
      if count == 0 { return "No, there is no \(English.bare(it))." }
      return answer + "there \(count == 1 ? "is" : "are") \(English.counted(count, it))."
    case .isColour(let it, _, let actual): return answer + "\(English.the(it)) is \(actual.rawValue)."
    case .isInDirection(let it, _, let other, let actual):
      return answer + "\(English.the(it)) is \(English.preposition(actual)) \(English.the(other))."
    case .isBigger(let it, _, let other, let actual):
      return answer + "\(English.the(it)) is \(actual ? "bigger" : "smaller") than \(English.the(other))."
    }
  }
}
