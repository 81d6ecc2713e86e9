/// Splits a text into the pieces within which byte pairs are merged: GPT-2's pattern
///
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
///
/// written out by hand over valid UTF-8, so that the time is linear in the length of the text.
struct PreTokenizer {
  /// What the pattern tells apart.
  enum ScalarClass: UInt8 {
    case letter, number, space, other
  }

  /// The text, valid UTF-8, between two added tokens.
  let text: UnsafeBufferPointer<UInt8>

  /// Where the piece that starts at `start` ends; the text counts as ending at `end`.
  func endOfPiece(from start: Int, before end: Int) -> Int {
    let first = text[start]
    if first == UInt8(ascii: "'"), let contraction = endOfContraction(from: start, before: end) { return contraction }
    let (kind, length) = scalar(at: start)
    if kind != .space { return endOfRun(of: kind, from: start + length, before: end) }
    // Only U+0020 joins what follows; other white space stands alone.
    if first == UInt8(ascii: " "), start + 1 < end {
      let (following, length) = scalar(at: start + 1)
      if following != .space { return endOfRun(of: following, from: start + 1 + length, before: end) }
    }
    var last = start
    var position = start + length
    while position < end {
      let (kind, length) = scalar(at: position)
      if kind != .space { break }
      last = position
      position += length
    }
    // `\s+(?!\S)`: in front of a word a run gives its last scalar back, unless nothing would be left.
    return position == end || last == start ? position : last
  }

  private func endOfRun(of kind: ScalarClass, from start: Int, before end: Int) -> Int {
    var position = start
    while position < end {
      let (next, length) = scalar(at: position)
      if next != kind { break }
      position += length
    }
    return position
  }

  private func endOfContraction(from start: Int, before end: Int) -> Int? {
    guard start + 1 < end else { return nil }
    switch text[start + 1] {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return start + 2 < end && text[start + 2] == UInt8(ascii: "e") ? start + 3 : nil
    case UInt8(ascii: "l"): return start + 2 < end && text[start + 2] == UInt8(ascii: "l") ? start + 3 : nil
    default: return nil
    }
  }

  /// The class of the scalar at a position, and its length in bytes.
  @inline(__always)
  private func scalar(at position: Int) -> (ScalarClass, Int) {
    let first = text[position]
    return first < 0x80 ? (Self.ascii[Int(first)], 1) : wideScalar(at: position)
  }

  private func wideScalar(at position: Int) -> (ScalarClass, Int) {
    let first = UInt32(text[position])
    let length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
    var value = first & (0x7f >> UInt32(length))
    for offset in 1..<length { value = value << 6 | UInt32(text[position + offset] & 0x3f) }
    return (Unicode.Scalar(value).map(Self.classify) ?? .other, length)
  }

  private static let ascii = (0..<128).map { classify(Unicode.Scalar(UInt8($0))) }

  /// `\p{L}`, `\p{N}`, `\s` (the property White_Space) or none of them.
  ///
  /// Scalars that Unicode assigned after version 16 count as unassigned, so that the ids of a text do not depend on the
  /// Swift release; the reference tokenizer's tables (Oniguruma's, in `tokenizers` 0.23) are of that version.
  static func classify(_ scalar: Unicode.Scalar) -> ScalarClass {
    let properties = scalar.properties
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      return (properties.age?.major ?? 99) <= 16 ? .letter : .other
    case .decimalNumber, .letterNumber, .otherNumber: return (properties.age?.major ?? 99) <= 16 ? .number : .other
    default: return properties.isWhitespace ? .space : .other
    }
  }
}
