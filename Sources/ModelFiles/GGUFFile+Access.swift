import Diagnostics

/// Checked access to metadata. The errors name the file, the key and where it is.
extension GGUFFile {
  /// The whole number under a key, of whatever width it is stored.
  ///
  /// - Throws: ``InputError`` if the key is missing, holds something else, or a number outside `range`.
  public func integer(_ key: String, in range: ClosedRange<Int>) throws(InputError) -> Int {
    let expected = "a whole number in \(range.lowerBound)…\(range.upperBound)"
    let value = try value(key, expected: expected)
    guard let integer = value.integer, range.contains(integer) else { throw error(key, expected: expected, value) }
    return integer
  }

  /// The finite floating-point number under a key.
  public func float(_ key: String) throws(InputError) -> Float {
    let value = try value(key, expected: "a float32")
    guard let double = value.double, Float(double).isFinite else {
      throw error(key, expected: "a finite float32", value)
    }
    return Float(double)
  }

  /// The truth value under a key.
  public func bool(_ key: String) throws(InputError) -> Bool {
    let value = try value(key, expected: "a bool")
    guard let bool = value.bool else { throw error(key, expected: "a bool", value) }
    return bool
  }

  /// The text under a key.
  public func string(_ key: String) throws(InputError) -> String {
    let value = try value(key, expected: "a string")
    guard let string = value.string else { throw error(key, expected: "a string", value) }
    return string
  }

  /// The array of texts under a key.
  public func strings(_ key: String) throws(InputError) -> [String] {
    let value = try value(key, expected: "an array of strings")
    guard case .array(.string(let strings)) = value else { throw error(key, expected: "an array of strings", value) }
    return strings
  }

  /// The array of whole numbers under a key, of whatever width they are stored, each within `range`.
  public func integers(
    _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(InputError) -> [Int] {
    let value = try value(key, expected: "an array of whole numbers")
    guard let array = value.array, let integers = array.integers else {
      throw error(key, expected: "an array of whole numbers", value)
    }
    if let wrong = integers.firstIndex(where: { !range.contains($0) }) {
      throw InputError(
        file: path, field: "\(key)[\(wrong)]", offset: metadata.offset(of: key),
        expected: "a whole number in \(range.lowerBound)…\(range.upperBound)", found: "\(integers[wrong])")
    }
    return integers
  }

  /// The array of floating-point numbers under a key.
  public func floats(_ key: String) throws(InputError) -> [Float] {
    let value = try value(key, expected: "an array of float32")
    guard case .array(.float32(let floats)) = value else { throw error(key, expected: "an array of float32", value) }
    return floats
  }

  /// Like ``integer(_:in:)``, or nil if the key is missing.
  public func integerIfPresent(_ key: String, in range: ClosedRange<Int>) throws(InputError) -> Int? {
    metadata[key] == nil ? nil : try integer(key, in: range)
  }

  /// Like ``float(_:)``, or nil if the key is missing.
  public func floatIfPresent(_ key: String) throws(InputError) -> Float? {
    metadata[key] == nil ? nil : try float(key)
  }

  /// Like ``bool(_:)``, or nil if the key is missing.
  public func boolIfPresent(_ key: String) throws(InputError) -> Bool? {
    metadata[key] == nil ? nil : try bool(key)
  }

  /// Like ``string(_:)``, or nil if the key is missing.
  public func stringIfPresent(_ key: String) throws(InputError) -> String? {
    metadata[key] == nil ? nil : try string(key)
  }

  /// Like ``strings(_:)``, or nil if the key is missing.
  public func stringsIfPresent(_ key: String) throws(InputError) -> [String]? {
    metadata[key] == nil ? nil : try strings(key)
  }

  /// Like ``integers(_:in:)``, or nil if the key is missing.
  public func integersIfPresent(
    _ key: String, in range: ClosedRange<Int> = Int.min...Int.max
  ) throws(InputError) -> [Int]? {
    metadata[key] == nil ? nil : try integers(key, in: range)
  }

  /// Like ``floats(_:)``, or nil if the key is missing.
  public func floatsIfPresent(_ key: String) throws(InputError) -> [Float]? {
    metadata[key] == nil ? nil : try floats(key)
  }

  private func value(_ key: String, expected: String) throws(InputError) -> GGUFValue {
    guard let value = metadata[key] else {
      throw InputError(
        file: path, field: key, expected: expected, found: "no such key",
        remedy: "Is this file the one that belongs here?")
    }
    return value
  }

  private func error(_ key: String, expected: String, _ value: GGUFValue) -> InputError {
    var found = value.typeName
    switch value {
    case .array(let array): found = "an \(found), \(array.count) long"
    case .string(let text): found += " \"\(text.escapingControlCharacters(limit: 40))\""
    default: found += value.integer.map { " \($0)" } ?? value.double.map { " \($0)" } ?? ""
    }
    if case .uint64(let large) = value { found = "uint64 \(large)" }
    return InputError(file: path, field: key, offset: metadata.offset(of: key), expected: expected, found: found)
  }
}

extension GGUFArray {
  /// The elements as Ints, or nil if they are no whole numbers or too large.
  var integers: [Int]? {
    switch self {
    case .uint8(let values): values.map { Int($0) }
    case .int8(let values): values.map { Int($0) }
    case .uint16(let values): values.map { Int($0) }
    case .int16(let values): values.map { Int($0) }
    case .uint32(let values): values.map { Int($0) }
    case .int32(let values): values.map { Int($0) }
    case .int64(let values): values.map { Int($0) }
    case .uint64(let values): values.contains { $0 > UInt64(Int.max) } ? nil : values.map { Int($0) }
    case .float32, .float64, .bool, .string: nil
    }
  }
}
