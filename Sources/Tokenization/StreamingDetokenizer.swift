/// Turns tokens into text as they come, never giving half a character away.
///
/// All returned pieces and ``finish()`` together equal `String(decoding: allBytes, as: UTF8.self)`: bytes that cannot become
/// a character are U+FFFD as soon as that is certain.
public struct StreamingDetokenizer: Sendable {
  private let tokenizer: BytePairTokenizer
  /// The beginning of a character that is not complete, at most three bytes.
  private var pending: [UInt8] = []

  /// Starts an empty text.
  public init(tokenizer: BytePairTokenizer) {
    self.tokenizer = tokenizer
  }

  /// The text that this token completes; empty for an id that is not in the vocabulary.
  public mutating func append(_ id: Int) -> String {
    guard let bytes = tokenizer.bytes(of: id) else { return "" }
    pending += bytes
    let complete = pending.count - Self.lengthOfUnfinishedCharacter(pending)
    let text = String(decoding: pending[..<complete], as: UTF8.self)
    pending.removeSubrange(..<complete)
    return text
  }

  /// What is left when no token follows: U+FFFD for an unfinished character, or nothing. The text starts anew after it.
  public mutating func finish() -> String {
    defer { pending = [] }
    return String(decoding: pending, as: UTF8.self)
  }

  /// How many bytes at the end are a proper prefix of a well-formed sequence (Unicode 16, table 3-7).
  private static func lengthOfUnfinishedCharacter(_ bytes: [UInt8]) -> Int {
    for length in 1...3 where length <= bytes.count {
      let lead = bytes[bytes.count - length]
      if lead & 0xc0 == 0x80 { continue }
      let needed =
        (0xc2...0xdf).contains(lead) ? 2 : (0xe0...0xef).contains(lead) ? 3 : (0xf0...0xf4).contains(lead) ? 4 : 0
      guard length < needed else { return 0 }
      if length == 1 { return 1 }
      let second = bytes[bytes.count - length + 1]
      let valid: ClosedRange<UInt8> =
        switch lead {
        case 0xe0: 0xa0...0xbf
        case 0xed: 0x80...0x9f
        case 0xf0: 0x90...0xbf
        case 0xf4: 0x80...0x8f
        default: 0x80...0xbf
        }
      return valid.contains(second) ? length : 0
    }
    return 0
  }
}
