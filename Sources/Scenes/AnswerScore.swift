import Dialogue

/// How good one answer is, strictly: nothing is guessed in the answer's favour.
///
/// - `[vqa]`, `[identify]`, talk without a tag: the answer equals the expected one, letter case, white space around it and one
///   final period aside.
/// - `[refer]`: the answer holds exactly one box, and its overlap with the expected box (intersection over union, areas with
///   the edges counted, as upstream evaluates RefCOCO) is more than 0.5. What holds no box has overlap 0.
/// - `[detection]`, `[grounding]`: boxes are paired with expected ones of the same name, the best overlap first, and count
///   from 0.5 on. A box that cannot be read counts as one that is wrong.
/// - `[caption]`: things named are compared as multisets of names such as "red star"; "two dogs" names two. Names are
///   understood in English and in Spanish, in the singular and the plural.
///
/// Where "not there" or "nothing" is expected, only that is right, and boxes are false ones.
public struct AnswerScore: Sendable, Equatable {
  /// What was asked for.
  public let aspect: TalkAspect
  /// Whether the whole answer is right.
  public let isCorrect: Bool
  /// The overlap of the box, for `[refer]` where one is expected.
  public private(set) var overlap: Double?
  /// Boxes or names that are right, that the answer has, and that it should have, for detection, grounding and caption.
  public private(set) var truePositives = 0, predicted = 0, actual = 0

  /// Compares an answer with the expected one.
  public init(aspect: TalkAspect, expected: String, answer: String) {
    self.aspect = aspect
    let isEqual = Self.normalized(expected) == Self.normalized(answer)
    switch aspect.task {
    case .refer:
      let wanted = Self.boxes(expected)
      let found = Self.boxes(answer)
      guard wanted.count == 1 else {
        isCorrect = isEqual
        return
      }
      let overlap = found.count == 1 ? wanted[0].box.intersectionOverUnion(found[0].box) : 0
      self.overlap = overlap
      isCorrect = overlap > 0.5
    case .detection, .grounding:
      let wanted = Self.boxes(expected)
      let found = Self.boxes(answer)
      actual = wanted.count
      predicted = found.count + GroundedText(parsing: answer, isFinal: true).skippedBoxes
      truePositives = Self.pairs(wanted, found)
      isCorrect = actual == 0 ? isEqual : truePositives == actual && predicted == actual
    case .caption:
      let wanted = SceneNames.things(in: expected)
      let found = SceneNames.things(in: answer)
      actual = wanted.values.reduce(0, +)
      predicted = found.values.reduce(0, +)
      truePositives = wanted.reduce(0) { $0 + min($1.value, found[$1.key] ?? 0) }
      isCorrect = actual == 0 ? isEqual : truePositives == actual && predicted == actual
    case .vqa, .identify, nil: isCorrect = isEqual
    }
  }

  static func normalized(_ text: String) -> String {
    func isSpace(_ character: Character) -> Bool { character.isWhitespace }
    var text = text.lowercased()[...]
    while let last = text.last, isSpace(last) { text.removeLast() }
    if text.last == "." { text.removeLast() }
    while let last = text.last, isSpace(last) { text.removeLast() }
    return String(text.drop(while: isSpace))
  }

  private struct NamedBox {
    var name: String
    var box: BoundingBox
  }

  private static func boxes(_ text: String) -> [NamedBox] {
    GroundedText(parsing: text, isFinal: true).phrases.flatMap { phrase in
      let name = SceneNames.name(phrase.text).name
      return phrase.boxes.map { NamedBox(name: name, box: $0) }
    }
  }

  /// How many boxes can be paired, the best overlaps first.
  private static func pairs(_ wanted: [NamedBox], _ found: [NamedBox]) -> Int {
    var candidates: [(overlap: Double, wanted: Int, found: Int)] = []
    for (i, first) in wanted.enumerated() {
      for (j, second) in found.enumerated() where first.name == second.name {
        let overlap = first.box.intersectionOverUnion(second.box)
        if overlap >= 0.5 { candidates.append((overlap, i, j)) }
      }
    }
    candidates.sort { ($1.overlap, $0.wanted, $0.found) < ($0.overlap, $1.wanted, $1.found) }
    var isWantedTaken = wanted.map { _ in false }
    var isFoundTaken = found.map { _ in false }
    var count = 0
    for candidate in candidates where !isWantedTaken[candidate.wanted] && !isFoundTaken[candidate.found] {
      isWantedTaken[candidate.wanted] = true
      isFoundTaken[candidate.found] = true
      count += 1
    }
    return count
  }
}

/// Reads the names of things in answers.
enum SceneNames {
  /// Every name that answers may have, in either language and number, and its canonical English form.
  private static let canonical: [String: String] = {
    var names: [String: String] = [:]
    func add(_ description: Description) {
      let name = English.label(description)
      let spanish = Spanish.name(description)
      let forms = [
        name, English.bare(description), English.bare(description, plural: true), Spanish.bare(description, spanish),
        Spanish.bare(description, spanish, plural: true),
      ]
      for form in forms { names[form] = name }
    }
    for kind in ObjectKind.allCases {
      add(Description(.kind(kind)))
      if kind.isShape { for colour in SceneColour.allCases { add(Description(colour, .kind(kind))) } }
    }
    for category in Category.allCases {
      add(Description(.category(category)))
      for colour in SceneColour.allCases { add(Description(colour, .category(category))) }
    }
    return names
  }()

  private static let counts: [String: Int] = {
    var counts = ["a": 1, "an": 1, "the": 1, "un": 1, "una": 1, "el": 1, "la": 1]
    for (count, word) in English.numbers.enumerated() where count > 0 { counts[word] = count }
    for (count, word) in Spanish.numbers.enumerated() where count > 0 { counts[word] = count }
    return counts
  }()

  /// The name of a phrase such as "two red stars" or "The picture shows a dog", and how many it counts; an unknown name
  /// stands for itself.
  static func name(_ phrase: String) -> (count: Int, name: String) {
    let words = AnswerScore.normalized(phrase).split(whereSeparator: \.isWhitespace).map(String.init)
    for start in words.indices {
      guard let name = canonical[words[start...].joined(separator: " ")] else { continue }
      return (start > 0 ? counts[words[start - 1]] ?? 1 : 1, name)
    }
    if let first = words.first, let count = counts[first] { return (count, words.dropFirst().joined(separator: " ")) }
    return (1, words.joined(separator: " "))
  }

  /// How often each thing is named in a caption.
  static func things(in caption: String) -> [String: Int] {
    let nothing = ["", "nothing", "nada", "there is nothing"]
    var things: [String: Int] = [:]
    var part: [Substring] = []
    func finishPart() {
      let phrase = AnswerScore.normalized(part.joined(separator: " "))
      part = []
      if nothing.contains(phrase) { return }
      let (count, name) = name(phrase)
      things[name, default: 0] += count
    }
    for word in caption.split(whereSeparator: \.isWhitespace) {
      if ["and", "y"].contains(word) {
        finishPart()
      } else if word.hasSuffix(",") {
        part.append(word.dropLast())
        finishPart()
      } else {
        part.append(word)
      }
    }
    finishPart()
    return things
  }
}
