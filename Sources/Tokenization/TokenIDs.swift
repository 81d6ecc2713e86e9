import Diagnostics

/// Reads a JSON object from strings to ids, which is what vocab.json and added_tokens.json are.
///
/// A general JSON reader would lose what is checked here: duplicate keys, and keys that are different bytes but, to Swift,
/// the same string. It is also slower.
struct TokenIDs {
  private let bytes: [UInt8]
  private let file: String
  private var position = 0

  /// The pairs of the object in `bytes`, in their order.
  static func parse(_ bytes: [UInt8], file: String) throws(InputError) -> [(text: String, id: Int)] {
    var reader = TokenIDs(bytes: bytes, file: file)
    return try reader.readObject()
  }

  private init(bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  private mutating func readObject() throws(InputError) -> [(text: String, id: Int)] {
    var pairs: [(text: String, id: Int)] = []
    skipSpace()
    try expect("{", "a JSON object of tokens and ids")
    skipSpace()
    if !take("}") {
      repeat {
        skipSpace()
        let text = try readString()
        skipSpace()
        try expect(":", "\":\" after a token")
        skipSpace()
        pairs.append((text, try readID()))
        skipSpace()
      } while take(",")
      try expect("}", "\",\" or \"}\" after an id")
    }
    skipSpace()
    guard position == bytes.count else { throw fault("the end of the file") }
    return pairs
  }

  private mutating func readString() throws(InputError) -> String {
    let start = position
    try expect("\"", "a string")
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          position = start
          throw fault("UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): try readEscape(into: &text)
      case 0..<0x20:
        position -= 1
        throw fault("an escaped control character")
      default: text.append(byte)
      }
    }
    throw fault("the end of a string")
  }

  private mutating func readEscape(into text: inout [UInt8]) throws(InputError) {
    guard position < bytes.count else { throw fault("an escape") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(8)
    case UInt8(ascii: "t"): text.append(9)
    case UInt8(ascii: "n"): text.append(10)
    case UInt8(ascii: "f"): text.append(12)
    case UInt8(ascii: "r"): text.append(13)
    case UInt8(ascii: "u"):
      var value = try readFourDigits()
      if value & 0xfc00 == 0xd800, take("\\"), take("u") {
        let low = try readFourDigits()
        // A wrong second half keeps the value a surrogate, which is refused below.
        if low & 0xfc00 == 0xdc00 { value = 0x10000 + ((value & 0x3ff) << 10 | (low & 0x3ff)) }
      }
      guard let scalar = Unicode.Scalar(value) else { throw fault("a pair of surrogates") }
      text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    default:
      position -= 1
      throw fault("an escape")
    }
  }

  private mutating func readFourDigits() throws(InputError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < bytes.count else { throw fault("four hexadecimal digits") }
      let byte = UInt32(bytes[position])
      switch byte {
      case 0x30...0x39: value = value << 4 | (byte - 0x30)
      case 0x41...0x46, 0x61...0x66: value = value << 4 | (byte & 0x0f + 9)
      default: throw fault("four hexadecimal digits")
      }
      position += 1
    }
    return value
  }

  private mutating func readID() throws(InputError) -> Int {
    let start = position
    var value = 0
    while position < bytes.count, bytes[position] >= UInt8(ascii: "0"), bytes[position] <= UInt8(ascii: "9"),
      value < 1 << 31
    {
      value = value * 10 + Int(bytes[position] - UInt8(ascii: "0"))
      position += 1
    }
    guard position > start, value < 1 << 31 else {
      position = start
      throw fault("an id in 0..<2^31")
    }
    return value
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar, _ expected: String) throws(InputError) {
    if !take(character) { throw fault(expected) }
  }

  private func fault(_ expected: String) -> InputError {
    let rest = bytes[position...].prefix(12)
    return InputError(
      file: file, offset: UInt64(position), expected: expected,
      found: rest.isEmpty ? "the end of the file" : "\"\(String(decoding: rest, as: UTF8.self))\"")
  }
}
