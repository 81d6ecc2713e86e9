/// A metadata value of a GGUF file.
public enum GGUFValue: Sendable, Equatable {
  case uint8(UInt8)
  case int8(Int8)
  case uint16(UInt16)
  case int16(Int16)
  case uint32(UInt32)
  case int32(Int32)
  case float32(Float)
  case bool(Bool)
  case string(String)
  case array(GGUFArray)
  case uint64(UInt64)
  case int64(Int64)
  case float64(Double)
}

/// The elements of a metadata array, stored as what they are: a vocabulary has tens of thousands.
public enum GGUFArray: Sendable, Equatable {
  case uint8([UInt8])
  case int8([Int8])
  case uint16([UInt16])
  case int16([Int16])
  case uint32([UInt32])
  case int32([Int32])
  case float32([Float])
  case bool([Bool])
  case string([String])
  case uint64([UInt64])
  case int64([Int64])
  case float64([Double])
}

/// The value types of the format and their numbers in the file.
enum GGUFValueType: UInt32 {
  case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64
}

extension GGUFValue {
  var type: GGUFValueType {
    switch self {
    case .uint8: .uint8
    case .int8: .int8
    case .uint16: .uint16
    case .int16: .int16
    case .uint32: .uint32
    case .int32: .int32
    case .float32: .float32
    case .bool: .bool
    case .string: .string
    case .array: .array
    case .uint64: .uint64
    case .int64: .int64
    case .float64: .float64
    }
  }

  /// The type's name, as `uint32` or `array of string`.
  public var typeName: String {
    if case .array(let array) = self { "array of \(array.elementTypeName)" } else { "\(type)" }
  }

  /// The whole number, of whatever width, if this is one that fits an Int.
  public var integer: Int? {
    switch self {
    case .uint8(let value): Int(value)
    case .int8(let value): Int(value)
    case .uint16(let value): Int(value)
    case .int16(let value): Int(value)
    case .uint32(let value): Int(value)
    case .int32(let value): Int(value)
    case .uint64(let value): Int(exactly: value)
    case .int64(let value): Int(value)
    default: nil
    }
  }

  /// The floating-point number, if this is one.
  public var double: Double? {
    switch self {
    case .float32(let value): Double(value)
    case .float64(let value): value
    default: nil
    }
  }

  /// The text, if this is one.
  public var string: String? { if case .string(let value) = self { value } else { nil } }
  /// The truth value, if this is one.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// The array, if this is one.
  public var array: GGUFArray? { if case .array(let value) = self { value } else { nil } }
}

extension GGUFArray {
  var elementType: GGUFValueType {
    switch self {
    case .uint8: .uint8
    case .int8: .int8
    case .uint16: .uint16
    case .int16: .int16
    case .uint32: .uint32
    case .int32: .int32
    case .float32: .float32
    case .bool: .bool
    case .string: .string
    case .uint64: .uint64
    case .int64: .int64
    case .float64: .float64
    }
  }

  /// The name of the elements' type.
  public var elementTypeName: String { "\(elementType)" }

  /// The number of elements.
  public var count: Int {
    switch self {
    case .uint8(let values): values.count
    case .int8(let values): values.count
    case .uint16(let values): values.count
    case .int16(let values): values.count
    case .uint32(let values): values.count
    case .int32(let values): values.count
    case .float32(let values): values.count
    case .bool(let values): values.count
    case .string(let values): values.count
    case .uint64(let values): values.count
    case .int64(let values): values.count
    case .float64(let values): values.count
    }
  }

  /// One element as a value.
  public subscript(index: Int) -> GGUFValue {
    switch self {
    case .uint8(let values): .uint8(values[index])
    case .int8(let values): .int8(values[index])
    case .uint16(let values): .uint16(values[index])
    case .int16(let values): .int16(values[index])
    case .uint32(let values): .uint32(values[index])
    case .int32(let values): .int32(values[index])
    case .float32(let values): .float32(values[index])
    case .bool(let values): .bool(values[index])
    case .string(let values): .string(values[index])
    case .uint64(let values): .uint64(values[index])
    case .int64(let values): .int64(values[index])
    case .float64(let values): .float64(values[index])
    }
  }
}

/// The metadata of a GGUF file in the order of the file.
public struct GGUFMetadata: Sendable, RandomAccessCollection {
  /// One key with its value.
  public struct Element: Sendable, Equatable {
    /// The key, as `phi2.block_count`.
    public let key: String
    /// Its value.
    public let value: GGUFValue
    /// Where the entry starts in the file.
    let offset: Int
  }

  private var elements: [Element] = []
  private var positions: [String: Int] = [:]

  /// Always 0.
  public var startIndex: Int { 0 }
  /// The number of elements.
  public var endIndex: Int { elements.count }
  /// The element at a position.
  public subscript(position: Int) -> Element { elements[position] }

  /// The value under a key, or nil if there is no such key.
  public subscript(key: String) -> GGUFValue? { positions[key].map { elements[$0].value } }

  func offset(of key: String) -> UInt64? { positions[key].map { UInt64(elements[$0].offset) } }

  /// Adds an entry; returns false if there is one with this key.
  mutating func append(_ key: String, _ value: GGUFValue, offset: Int) -> Bool {
    guard positions.updateValue(elements.count, forKey: key) == nil else { return false }
    elements.append(Element(key: key, value: value, offset: offset))
    return true
  }
}
