/// GPT-2's way to write any byte as a printable character, so that a vocabulary is a list of ordinary strings.
///
/// The printable bytes of Latin-1 stand for themselves; the other 68 become U+0100, U+0101, … in order of value. A space
/// is thus `Ġ` (U+0120). Source: `bytes_to_unicode` in OpenAI's GPT-2 encoder.
enum ByteAlphabet {
  /// The scalar that stands for each byte.
  static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (0..<256).map { byte in
      if isPrintable(byte) { return Unicode.Scalar(UInt8(byte)) }
      defer { next += 1 }
      return Unicode.Scalar(next) ?? " "
    }
  }()

  /// The byte that each scalar below U+0144 stands for, -1 where none.
  private static let bytes: [Int16] = {
    var table = [Int16](repeating: -1, count: 0x144)
    for (byte, scalar) in scalars.enumerated() { table[Int(scalar.value)] = Int16(byte) }
    return table
  }()

  private static func isPrintable(_ byte: Int) -> Bool {
    (0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte) || (0xae...0xff).contains(byte)
  }

  /// These bytes in the alphabet.
  static func text(of bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in bytes { text.unicodeScalars.append(scalars[Int(byte)]) }
    return text
  }

  /// Appends the bytes that `text` stands for.
  ///
  /// - Returns: false, with `bytes` as it was, when a scalar is not of the alphabet.
  static func append(bytesOf text: Substring.UTF8View, to bytes: inout [UInt8]) -> Bool {
    let start = bytes.count
    var lead: Int?
    for unit in text {
      var value = Int(unit)
      // The alphabet ends at U+0143, so a scalar has one or two bytes of UTF-8; the first two bytes of a longer one give a
      // value beyond the table.
      if let high = lead {
        value = high << 6 | value & 0x3f
        lead = nil
      } else if value >= 0xc0 {
        lead = value & 0x3f
        continue
      }
      guard value < Self.bytes.count, Self.bytes[value] >= 0 else {
        bytes.removeSubrange(start...)
        return false
      }
      bytes.append(UInt8(Self.bytes[value]))
    }
    return true
  }
}
