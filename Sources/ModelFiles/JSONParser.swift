import Diagnostics

/// Parses JSON as RFC 8259 has it, strictly, from untrusted bytes.
///
/// Recursive, with a limit on the depth; with a limit on the number of values, so that the tree stays within a small
/// multiple of the text.
struct JSONParser {
  private let bytes: UnsafeRawBufferPointer
  private let file: String
  private let field: String?
  private let base: Int
  private var position = 0
  private var valuesLeft = 500_000

  static let maximumDepth = 128

  /// - Parameters:
  ///   - field: what part of the file the text is, if not all of it.
  ///   - base: where in the file the text starts.
  init(bytes: UnsafeRawBufferPointer, file: String, field: String? = nil, base: Int = 0) {
    self.bytes = bytes
    self.file = file
    self.field = field
    self.base = base
  }

  mutating func parse() throws(InputError) -> JSONValue {
    let value = try value(depth: 0)
    skipWhitespace()
    guard position == bytes.count else { throw error("the end of the JSON text") }
    return value
  }

  private func error(_ expected: String, found: String? = nil, at offset: Int? = nil) -> InputError {
    let offset = offset ?? position
    var seen = "the end"
    if offset < bytes.count {
      let byte = bytes[offset]
      seen = (0x21..<0x7f).contains(byte) ? "'\(Character(UnicodeScalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
    }
    return InputError(
      file: file, field: field, offset: UInt64(base + offset), expected: expected, found: found ?? seen,
      remedy: "This is no valid JSON.")
  }

  private mutating func skipWhitespace() {
    while let next, next == 0x20 || next == 0x0a || next == 0x0d || next == 0x09 { position += 1 }
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skip(_ byte: Unicode.Scalar) -> Bool {
    guard let next, UInt32(next) == byte.value else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(InputError) -> JSONValue {
    skipWhitespace()
    valuesLeft -= 1
    guard valuesLeft >= 0 else { throw error("at most 500000 values", found: "more") }
    guard depth <= Self.maximumDepth else {
      throw error("nesting of at most \(Self.maximumDepth)", found: "deeper nesting")
    }
    guard let next else { throw error("a JSON value") }
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw error("a JSON value")
    }
  }

  private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(InputError) -> JSONValue {
    let count = word.utf8CodeUnitCount
    guard bytes.count - position >= count,
      (0..<count).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
    else { throw error("'\(word)'") }
    position += count
    return value
  }

  private mutating func object(depth: Int) throws(InputError) -> JSONValue {
    let start = position
    position += 1
    var members: [JSONObject.Member] = []
    skipWhitespace()
    if skip("}") { return .object(JSONObject(members)) }
    repeat {
      skipWhitespace()
      guard next == UInt8(ascii: "\"") else { throw error("a key in quotes") }
      let key = try string()
      skipWhitespace()
      guard skip(":") else { throw error("':'") }
      members.append(.init(key: key, value: try value(depth: depth + 1)))
      skipWhitespace()
    } while skip(",")
    guard skip("}") else { throw error("',' or '}'") }
    let object = JSONObject(members)
    if let key = object.duplicate {
      throw error("keys that differ", found: "\"\(key.escapingControlCharacters(limit: 80))\" twice", at: start)
    }
    return .object(object)
  }

  private mutating func array(depth: Int) throws(InputError) -> JSONValue {
    position += 1
    var elements: [JSONValue] = []
    skipWhitespace()
    if skip("]") { return .array(elements) }
    repeat {
      elements.append(try value(depth: depth + 1))
      skipWhitespace()
    } while skip(",")
    guard skip("]") else { throw error("',' or ']'") }
    return .array(elements)
  }

  private mutating func number() throws(InputError) -> JSONValue {
    let start = position
    _ = skip("-")
    let firstDigit = position
    let whole = skipDigits()
    guard whole > 0, whole == 1 || bytes[firstDigit] != UInt8(ascii: "0") else {
      throw error("a number without leading zeros", at: start)
    }
    var isWhole = true
    if skip(".") {
      isWhole = false
      guard skipDigits() > 0 else { throw error("a digit") }
    }
    if skip("e") || skip("E") {
      isWhole = false
      if !skip("+") { _ = skip("-") }
      guard skipDigits() > 0 else { throw error("a digit") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let integer = Int(text) { return .integer(integer) }
    guard let double = Double(text), double.isFinite else { throw error("a number that fits 64 bits", at: start) }
    return .number(double)
  }

  private mutating func skipDigits() -> Int {
    let start = position
    while let next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next) { position += 1 }
    return position - start
  }

  // MARK: Strings

  private mutating func string() throws(InputError) -> String {
    let start = position
    position += 1
    let textStart = position
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
    if next == UInt8(ascii: "\"") {
      defer { position += 1 }
      return try validated(UnsafeRawBufferPointer(rebasing: bytes[textStart..<position]), at: start)
    }
    var text = Array(bytes[textStart..<position])
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        guard let result = String(validating: text, as: UTF8.self) else {
          throw error("UTF-8 text", found: "bytes that are none", at: start)
        }
        return result
      case UInt8(ascii: "\\"):
        position += 1
        text.append(contentsOf: String(try escape()).utf8)
      case 0..<0x20: throw error("no control characters in a string")
      default:
        text.append(byte)
        position += 1
      }
    }
    throw error("the string's end")
  }

  private func validated(_ raw: UnsafeRawBufferPointer, at start: Int) throws(InputError) -> String {
    guard let text = String(validating: raw, as: UTF8.self) else {
      throw error("UTF-8 text", found: "bytes that are none", at: start)
    }
    return text
  }

  private mutating func escape() throws(InputError) -> Unicode.Scalar {
    guard let letter = next else { throw error("an escape") }
    position += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let start = position
      var code = try hexadecimal()
      if (0xd800..<0xdc00).contains(code), skip("\\"), skip("u") {
        let low = try hexadecimal()
        guard (0xdc00..<0xe000).contains(low) else { throw error("the second half of a surrogate pair", at: start) }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error("a surrogate pair, not half of one", at: start) }
      return scalar
    default:
      position -= 1
      throw error("one of \"\\/bfnrtu after a backslash")
    }
  }

  private mutating func hexadecimal() throws(InputError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = next.flatMap({ Character(UnicodeScalar($0)).hexDigitValue }), bytes[position] < 0x80 else {
        throw error("four hexadecimal digits")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}
