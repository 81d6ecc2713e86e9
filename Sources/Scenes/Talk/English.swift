/// The words of English talk. Questions vary; what is not varied is the one form that answers have.
enum English {
  // MARK: Names

  /// Singulars and plurals in the same order, the canonical ones first.
  static func names(_ noun: Noun) -> (singular: [String], plural: [String]) {
    let singular: [String]
    switch noun {
    case .kind(let kind): singular = names(kind)
    case .category(.object): singular = ["object", "thing", "item"]
    case .category(.shape): singular = ["shape", "shape", "figure"]
    case .category(let category): singular = ["\(category)"]
    }
    return (singular, singular.map(plural))
  }

  private static func names(_ kind: ObjectKind) -> [String] {
    switch kind {
    case .airplane: ["airplane", "plane", "aeroplane"]
    case .bicycle: ["bicycle", "bike"]
    case .phone: ["phone", "telephone"]
    case .rabbit: ["rabbit", "bunny"]
    case .scissors: ["pair of scissors"]
    default: [kind.rawValue]
    }
  }

  private static func plural(_ singular: String) -> String {
    switch singular {
    case "fish": return "fish"
    case "pair of scissors": return "pairs of scissors"
    case "bunny": return "bunnies"
    case "strawberry": return "strawberries"
    case "box": return "boxes"
    default:
      let isHissing = ["s", "x", "ch", "sh"].contains { singular.hasSuffix($0) }
      return singular + (isHissing ? "es" : "s")
    }
  }

  static func name(_ colour: SceneColour, _ random: inout TalkRandom) -> String {
    switch colour {
    case .gray: random.chance(0.5) ? "gray" : "grey"
    case .purple: random.chance(0.85) ? "purple" : "violet"
    default: colour.rawValue
    }
  }

  static let numbers = ["no", "one", "two", "three", "four", "five", "six"]

  static func number(_ count: Int) -> String { numbers.indices.contains(count) ? numbers[count] : "\(count)" }

  static func withArticle(_ phrase: String) -> String {
    (phrase.first.map { "aeiou".contains($0) } ?? false ? "an " : "a ") + phrase
  }

  // MARK: Descriptions, as answers have them

  static func bare(_ description: Description, plural: Bool = false) -> String {
    let names = names(description.noun)
    return join(description.colour?.rawValue, plural ? names.plural[0] : names.singular[0])
  }

  static func a(_ description: Description) -> String { withArticle(bare(description)) }

  /// The name of a kind where no article goes with it: "scissors" needs no pair.
  static func label(_ description: Description) -> String {
    description.noun == .kind(.scissors) ? "scissors" : bare(description)
  }

  /// "a dog", "two dogs", "no dogs"
  static func counted(_ count: Int, _ description: Description) -> String {
    count == 1 ? a(description) : "\(number(count)) \(bare(description, plural: true))"
  }

  static func the(_ description: Description) -> String {
    let name = bare(description)
    switch description.selector {
    case nil: return "the \(name)"
    case .furthest(let direction): return "the \(superlative(direction)[0]) \(name)"
    case .outstanding(let biggest): return "the \(biggest ? "biggest" : "smallest") \(name)"
    case .place(let place): return "the \(name) \(at(place))"
    case .relation(let direction, let colour, let noun):
      return "the \(name) \(preposition(direction)) \(the(Description(colour, noun)))"
    }
  }

  static func join(_ adjective: String?, _ name: String) -> String { adjective.map { "\($0) \(name)" } ?? name }

  // MARK: Descriptions, as questions have them

  static func varied(_ slot: Slot, _ description: Description, _ random: inout TalkRandom) -> String {
    let (singular, plural) = names(description.noun)
    let name = random.chance(0.6) ? 0 : random.below(singular.count)
    let colour = description.colour.map { self.name($0, &random) }
    switch slot {
    case .bare where description.selector != nil:
      return String(variedThe(join(colour, singular[name]), description.selector, &random).dropFirst(4))
    case .bare: return join(colour, singular[name])
    case .plural: return join(colour, plural[name])
    case .a: return withArticle(join(colour, singular[name]))
    case .the: return variedThe(join(colour, singular[name]), description.selector, &random)
    }
  }

  private static func variedThe(
    _ name: String, _ selector: Description.Selector?, _ random: inout TalkRandom
  ) -> String {
    switch selector {
    case nil:
      return name == "pair of scissors" && random.chance(0.6) ? "the scissors" : "the \(name)"
    case .furthest(let direction):
      let words = superlative(direction)
      let word = words[random.below(words.count)]
      return word.contains(" ") ? "the \(name) \(word)" : "the \(word) \(name)"
    case .outstanding(let biggest):
      let words = biggest ? ["biggest", "biggest", "largest"] : ["smallest", "smallest", "tiniest", "littlest"]
      return "the \(words[random.below(words.count)]) \(name)"
    case .place(let place): return "the \(name) \(varied(place, &random))"
    case .relation(let direction, let colour, let noun):
      let other = varied(.the, Description(colour, noun), &random)
      return "the \(name) \(random.chance(0.2) ? "that is " : "")\(varied(direction, &random)) \(other)"
    }
  }

  // MARK: Where

  static func superlative(_ direction: Direction) -> [String] {
    switch direction {
    case .left: ["leftmost", "furthest to the left", "farthest left", "at the far left"]
    case .right: ["rightmost", "furthest to the right", "farthest right", "at the far right"]
    case .above: ["topmost", "highest", "uppermost", "nearest to the top", "furthest up"]
    case .below: ["lowest", "bottommost", "lowermost", "nearest to the bottom", "furthest down"]
    }
  }

  /// "left" or "above", as an answer alone.
  static func word(_ direction: Direction) -> String { "\(direction)" }

  static func preposition(_ direction: Direction) -> String {
    direction.isHorizontal ? "to the \(direction) of" : "\(direction)"
  }

  static func varied(_ direction: Direction, _ random: inout TalkRandom) -> String {
    let words: [String]
    switch direction {
    case .left: words = ["left of", "to the left of", "to the left of", "on the left of"]
    case .right: words = ["right of", "to the right of", "to the right of", "on the right of"]
    case .above: words = ["above", "above", "higher than", "higher up than"]
    case .below: words = ["below", "below", "under", "beneath", "lower than"]
    }
    return words[random.below(words.count)]
  }

  /// "top left", as an answer alone.
  static func word(_ place: Place) -> String {
    if place == .middle { return "middle" }
    let row = place.row == .middle ? nil : place.row.map { "\($0)" }
    let column = place.column == .middle ? nil : place.column.map { "\($0)" }
    return [row, column].compactMap { $0 }.joined(separator: " ")
  }

  static func at(_ place: Place) -> String {
    if place == .middle || place.row != nil && place.row != .middle && place.column != nil && place.column != .middle {
      return "in the \(word(place))"
    }
    return (place.row == nil || place.row == .middle ? "on the " : "at the ") + word(place)
  }

  static func varied(_ place: Place, _ random: inout TalkRandom) -> String {
    if place == .middle {
      return random.pick(["in the middle", "in the middle of the picture", "in the center", "at the centre"]) ?? ""
    }
    guard let row = place.row else {
      let side = "\(place.column ?? .left)"
      return random.pick(["on the \(side)", "on the \(side)", "on the \(side) side", "at the \(side)"]) ?? ""
    }
    let (up, upper) = row == .top ? ("top", "upper") : ("bottom", "lower")
    guard let column = place.column else {
      return random.pick(["at the \(up)", "at the \(up)", "at the \(up) of the picture", "in the \(upper) part"]) ?? ""
    }
    return random.pick([
      "in the \(up) \(column)", "in the \(up) \(column) corner", "in the \(upper) \(column)",
      "at the \(up) \(column)", "in the \(upper) \(column) corner",
    ]) ?? ""
  }
}
