import Diagnostics
import Tensors

/// A JSON text as data: configurations, shard indices and safetensors headers.
///
/// Objects keep the order of their keys; a key that occurs twice is an error when parsing, since two programs would read
/// two different things from such a file.
public enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// A number without fraction and exponent that fits an Int.
  case integer(Int)
  /// Any other number.
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  /// The value under a key, or nil if this is no object or has no such key.
  public subscript(key: String) -> JSONValue? { object?[key] }

  /// The text, if this is one.
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  /// The whole number, if this is one.
  public var integer: Int? { if case .integer(let value) = self { value } else { nil } }
  /// The number, whole or not, if this is one.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
  /// The truth value, if this is one.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// The elements, if this is an array.
  public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  /// The members, if this is an object.
  public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
  /// Whether this is `null`.
  public var isNull: Bool { self == .null }

  /// What this is, in words, for error messages.
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): "\"\(value.escapingControlCharacters(limit: 40))\""
    case .array(let values): "an array of \(values.count)"
    case .object(let members): "an object of \(members.count)"
    }
  }
}

/// The members of a JSON object in the order of the text.
public struct JSONObject: Sendable, Equatable, RandomAccessCollection {
  /// One member.
  public struct Member: Sendable, Equatable {
    /// The key, once per object.
    public var key: String
    /// Its value.
    public var value: JSONValue

    /// Makes a member.
    public init(key: String, value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  var members: [Member]
  /// Positions by key; only built for objects too large to search one by one.
  private var positions: [String: Int] = [:]

  /// Makes an object. Keys must differ.
  public init(_ members: [Member]) {
    self.members = members
    guard members.count > 16 else { return }
    positions = Dictionary(members.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Always 0.
  public var startIndex: Int { 0 }
  /// The number of elements.
  public var endIndex: Int { members.count }
  /// The element at a position.
  public subscript(position: Int) -> Member { members[position] }

  /// The value under a key.
  public subscript(key: String) -> JSONValue? {
    if members.count > 16 { return positions[key].map { members[$0].value } }
    return members.first { $0.key == key }?.value
  }

  /// The key that occurs more than once, if any.
  var duplicate: String? {
    if members.count > 16 {
      guard positions.count < members.count else { return nil }
      return members.enumerated().first { positions[$1.key] != $0 }?.element.key
    }
    for (index, member) in members.enumerated() where members[..<index].contains(where: { $0.key == member.key }) {
      return member.key
    }
    return nil
  }
}

// MARK: - Reading files

extension JSONValue {
  /// Parses a JSON text.
  ///
  /// - Parameters:
  ///   - bytes: the text in UTF-8, without a byte order mark.
  ///   - file: the name for errors.
  /// - Throws: ``InputError`` with the offset where the text stops being JSON; also for nesting deeper than 128 and for
  ///   more than 500 000 values.
  public static func parse(bytes: UnsafeRawBufferPointer, file: String) throws(InputError) -> JSONValue {
    var parser = JSONParser(bytes: bytes, file: file)
    return try parser.parse()
  }

  /// Parses a JSON text that is held in an array, a `Data` or the like.
  public static func parse(bytes: some Collection<UInt8>, file: String) throws(InputError) -> JSONValue {
    let result: Result<JSONValue, InputError> = Array(bytes).withUnsafeBytes { raw in
      do throws(InputError) {
        return .success(try parse(bytes: raw, file: file))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Reads and parses a JSON file of at most 256 MiB.
  public static func read(path: String) throws(InputError) -> JSONValue {
    let file = try MappedFile(path: path)
    guard file.bytes.count <= 256 << 20 else {
      throw InputError(file: path, expected: "a JSON file of at most 256 MiB", found: "\(file.bytes.count) bytes")
    }
    let value = try parse(bytes: file.bytes, file: path)
    try file.checkNotCut()
    return value
  }
}

// MARK: - Checked access to members

extension JSONValue {
  /// The whole number under a key. The error names the file, the key and the range.
  public func integer(_ key: String, in range: ClosedRange<Int>, file: String) throws(InputError) -> Int {
    let expected = "a whole number in \(range.lowerBound)…\(range.upperBound)"
    let value = try member(key, expected: expected, file: file)
    guard let integer = value.integer, range.contains(integer) else {
      throw InputError(file: file, field: key, expected: expected, found: value.kind)
    }
    return integer
  }

  /// The same, or nil if the key is missing or null.
  public func integerIfPresent(_ key: String, in range: ClosedRange<Int>, file: String) throws(InputError) -> Int? {
    isMissing(key) ? nil : try integer(key, in: range, file: file)
  }

  /// The finite number under a key.
  public func double(_ key: String, file: String) throws(InputError) -> Double {
    let value = try member(key, expected: "a number", file: file)
    guard let double = value.double, double.isFinite else {
      throw InputError(file: file, field: key, expected: "a number", found: value.kind)
    }
    return double
  }

  /// The same, or nil if the key is missing or null.
  public func doubleIfPresent(_ key: String, file: String) throws(InputError) -> Double? {
    isMissing(key) ? nil : try double(key, file: file)
  }

  /// The text under a key.
  public func string(_ key: String, file: String) throws(InputError) -> String {
    let value = try member(key, expected: "a string", file: file)
    guard let string = value.string else {
      throw InputError(file: file, field: key, expected: "a string", found: value.kind)
    }
    return string
  }

  /// The same, or nil if the key is missing or null.
  public func stringIfPresent(_ key: String, file: String) throws(InputError) -> String? {
    isMissing(key) ? nil : try string(key, file: file)
  }

  /// The truth value under a key, or nil if the key is missing or null.
  public func boolIfPresent(_ key: String, file: String) throws(InputError) -> Bool? {
    guard !isMissing(key) else { return nil }
    let value = try member(key, expected: "true or false", file: file)
    guard let bool = value.bool else {
      throw InputError(file: file, field: key, expected: "true or false", found: value.kind)
    }
    return bool
  }

  /// The array of texts under a key, or nil if the key is missing or null.
  public func stringsIfPresent(_ key: String, file: String) throws(InputError) -> [String]? {
    guard !isMissing(key) else { return nil }
    let value = try member(key, expected: "an array of strings", file: file)
    guard let strings = value.array?.compactMap(\.string), strings.count == value.array?.count else {
      throw InputError(file: file, field: key, expected: "an array of strings", found: value.kind)
    }
    return strings
  }

  /// The object under a key.
  public func object(_ key: String, file: String) throws(InputError) -> JSONValue {
    let value = try member(key, expected: "an object", file: file)
    guard value.object != nil else {
      throw InputError(file: file, field: key, expected: "an object", found: value.kind)
    }
    return value
  }

  /// The same, or nil if the key is missing or null.
  public func objectIfPresent(_ key: String, file: String) throws(InputError) -> JSONValue? {
    isMissing(key) ? nil : try object(key, file: file)
  }

  private func isMissing(_ key: String) -> Bool {
    guard object != nil else { return false }
    return self[key]?.isNull ?? true
  }

  private func member(_ key: String, expected: String, file: String) throws(InputError) -> JSONValue {
    guard let object else { throw InputError(file: file, expected: "a JSON object", found: kind) }
    guard let value = object[key] else {
      throw InputError(file: file, field: key, expected: expected, found: "no such key")
    }
    return value
  }
}
