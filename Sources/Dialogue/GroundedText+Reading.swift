/// An answer as people read it: with its phrases' numbers, and with names for boxes that stand alone.
extension GroundedText {
  /// A part of an answer that looks the same throughout.
  public struct Part: Sendable, Equatable {
    /// What is read.
    public var text: String
    /// The number of the phrase that it belongs to, from 1; nil for the text around phrases.
    public var number: Int?
    /// Whether it is the mark behind a phrase, such as `[1]`, and not the phrase.
    public var isMark = false
  }

  /// Whether the answer is boxes alone, with nothing to read.
  private var isBare: Bool { plainText.unicodeScalars.allSatisfy(\.properties.isWhitespace) }

  /// What each phrase is called: by itself; boxes that stand alone by what was asked for, where the task is to find it,
  /// else by nothing.
  public func names(asked question: String, in task: VisionTask?) -> [String] {
    var wanted = ""
    if task == .refer || task == .detection {
      wanted = Self.trimmed(GroundedText(parsing: question, isFinal: true).plainText)
    }
    return phrases.map { $0.text.isEmpty ? wanted : $0.text }
  }

  /// The answer in parts: behind each phrase its number. Boxes without a phrase are called by their names where there is
  /// nothing else to read.
  ///
  /// - Parameter names: a name for each phrase, see ``names(asked:in:)``.
  public func parts(names: [String]) -> [Part] {
    let bytes = Array(plainText.utf8)
    let isBare = isBare
    var parts: [Part] = []
    func add(_ text: String, _ number: Int? = nil, isMark: Bool = false) {
      if !text.isEmpty { parts.append(Part(text: text, number: number, isMark: isMark)) }
    }
    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    func isLetter(_ byte: UInt8) -> Bool { byte >= 0x80 || Unicode.Scalar(byte).properties.isAlphabetic }
    var position = 0
    for ((index, phrase), name) in zip(phrases.enumerated(), names) {
      let range = max(phrase.range.lowerBound, position)..<max(phrase.range.upperBound, position)
      add(text(position..<range.lowerBound))
      if isBare, index > 0 { add(", ") }
      let shown = !range.isEmpty ? text(range) : isBare ? name : ""
      add(shown, index + 1)
      add(isBare && shown.isEmpty ? "box \(index + 1)" : "[\(index + 1)]", index + 1, isMark: true)
      position = range.upperBound
      // The space between two words left with the box; its number needs one again.
      if range.isEmpty, position < bytes.count, isLetter(bytes[position]) { add(" ") }
    }
    add(text(position..<bytes.count))
    return parts
  }

  /// The answer as one text, in ``parts(names:)``, without white space at its ends.
  public func text(names: [String]) -> String { Self.trimmed(parts(names: names).map(\.text).joined()) }

  private static func trimmed(_ text: String) -> String {
    let isSpace: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
    var scalars = text.unicodeScalars.drop(while: isSpace)
    while let last = scalars.last, isSpace(last) { scalars.removeLast() }
    return String(scalars)
  }
}
