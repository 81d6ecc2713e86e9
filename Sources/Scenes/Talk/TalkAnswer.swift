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

  /// nil: of what the talk is about, "it".
  case colour(SceneColour, of: Description?)
  case colours(SceneColour, of: Description)
  case shape(ObjectKind, of: Description)
  case thing(SceneObject)
  case statement(Statement)
  case number(Int, Description)
  /// nil: of what the talk is about, "it".
  case place(Place, of: Description?)
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
    case .spanish: spanish
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

  static func grounded(_ named: NamedBoxes) -> String {
    let name = named.isCounted ? English.counted(named.boxes.count, named.name) : English.label(named.name)
    return "<p>\(name)</p> " + named.boxes.map(\.markup).joined(separator: "<delim>")
  }

  /// "a", "a and b", "a, b and c"
  static func listed(_ parts: [String], and: String) -> String {
    guard parts.count > 1, let last = parts.last else { return parts.first ?? "" }
    return parts.dropLast().joined(separator: ", ") + " \(and) " + last
  }
}

// MARK: - Spanish

extension TalkAnswer {
  /// A colour alone is a noun, and masculine.
  private var spanish: String {
    switch self {
    case .colour(let colour, _), .colours(let colour, _): Spanish.name(colour)
    case .shape(let kind, _): Spanish.name(Description(.kind(kind))).singular
    case .thing(let object): Spanish.counted(1, Description(of: object))
    case .statement(let statement): statement.isTrue ? "sí" : "no"
    case .number(let count, _): "\(count)"
    case .place(let place, _): Spanish.word(place)
    case .direction(let direction, _, _): Spanish.word(direction)
    case .choice(let chosen, _): Spanish.the(chosen)
    case .absent(let description): "no hay \(Spanish.no(description))"
    case .notThere: "no está"
    case .nothing: "nada"
    case .box(let box): box.markup
    case .boxes(let named): Self.listed(named.map(Self.groundedInSpanish), and: "y")
    case .list(let things): Self.listed(things.map { Spanish.counted($0.count, $0.1) }, and: "y")
    case .greeting: "hola, pregúntame por la imagen"
    case .thanks: "de nada"
    case .introduction: "un modelo pequeño que habla de imágenes"
    }
  }

  private static func groundedInSpanish(_ named: NamedBoxes) -> String {
    let name =
      named.isCounted
      ? Spanish.counted(named.boxes.count, named.name) : Spanish.bare(named.name, Spanish.name(named.name))
    return "<p>\(name)</p> " + named.boxes.map(\.markup).joined(separator: "<delim>")
  }
}
