extension TalkAnswer {
  var sentence: String {
    switch self {
    case .colour(let colour, let it): return Self.sentence("\(it.map(English.the) ?? "it") is \(colour.rawValue)")
    case .colours(let colour, let it): return "The \(English.bare(it, plural: true)) are \(colour.rawValue)."
    case .shape(let kind, let it): return Self.sentence("\(English.the(it)) is \(English.a(Description(.kind(kind))))")
    case .thing(let object): return "It is \(English.a(Description(of: object)))."
    case .statement(let statement): return Self.sentence(statement)
    case .number(let count, let it):
      return count == 1
        ? "There is one \(English.bare(it))." : "There are \(English.number(count)) \(English.bare(it, plural: true))."
    case .place(let place, let it): return Self.sentence("\(it.map(English.the) ?? "it") is \(English.at(place))")
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
    case .boxes(let named):
      let counted = named.map { Self.grounded(NamedBoxes(name: $0.name, isCounted: true, boxes: $0.boxes)) }
      return "I see \(Self.listed(counted, and: "and"))."
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
