import Diagnostics
import Tensors

/// Reads the parts of a GGUF file in their order.
struct GGUFReader {
  private var cursor: ByteCursor

  init(_ file: MappedFile) {
    cursor = ByteCursor(bytes: file.bytes, file: file.path)
  }

  // MARK: Header

  mutating func header() throws(InputError) -> (version: UInt32, tensorCount: Int, metadataCount: Int) {
    let magic = cursor.bytes.prefix(4)
    guard magic.elementsEqual(GGUF.magic) else {
      throw cursor.error(
        "magic", expected: "\"GGUF\"", found: FileKind.describe(cursor.bytes) ?? describe(magic),
        remedy: FileKind.remedy(cursor.bytes))
    }
    cursor.position = 4
    let version = try cursor.read(UInt32.self, "version")
    guard GGUF.versions.contains(version) else {
      let swapped = GGUF.versions.contains(version.byteSwapped)
      throw cursor.error(
        "version", at: 4, expected: "version 2 or 3",
        found: swapped ? "version \(version.byteSwapped) in big-endian byte order" : "version \(version)",
        remedy: swapped
          ? "Convert the byte order with gguf_convert_endian.py of the gguf package."
          : "Convert the model again with a current converter.")
    }
    // The smallest entries: a tensor without dimensions and with a name of one byte; a key of one byte and a byte.
    let tensorCount = try count("tensor count", smallestEntry: 8 + 1 + 4 + 4 + 8)
    let metadataCount = try count("metadata count", smallestEntry: 8 + 1 + 4 + 1)
    return (version, tensorCount, metadataCount)
  }

  private mutating func count(_ field: String, smallestEntry: Int) throws(InputError) -> Int {
    let start = cursor.position
    let count = try cursor.read(UInt64.self, field)
    let limit = min(GGUF.maximumCount, UInt64(cursor.remaining / smallestEntry))
    guard count <= limit else {
      throw cursor.error(
        field, at: start, expected: "at most \(limit), which is what the file has room for", found: "\(count)")
    }
    return Int(count)
  }

  // MARK: Metadata

  mutating func metadata(count: Int) throws(InputError) -> GGUFMetadata {
    var metadata = GGUFMetadata()
    for index in 0..<count {
      let start = cursor.position
      let field = "metadata key \(index)"
      let length = try cursor.read(UInt64.self, field)
      guard (1...GGUF.maximumKeyLength).contains(length) else {
        throw cursor.error(
          field, at: start, expected: "a key of 1…\(GGUF.maximumKeyLength) bytes", found: "a length of \(length)")
      }
      let key = try cursor.text(length, field)
      let value = try value(key)
      guard metadata.append(key, value, offset: start) else {
        throw cursor.error(key, at: start, expected: "keys that differ", found: "this key twice")
      }
    }
    return metadata
  }

  private mutating func valueType(_ key: String) throws(InputError) -> GGUFValueType {
    let start = cursor.position
    let raw = try cursor.read(UInt32.self, key)
    guard let type = GGUFValueType(rawValue: raw) else {
      throw cursor.error(key, at: start, expected: "a value type in 0…12", found: "\(Int32(bitPattern: raw))")
    }
    return type
  }

  private mutating func value(_ key: String) throws(InputError) -> GGUFValue {
    switch try valueType(key) {
    case .uint8: .uint8(try cursor.read(UInt8.self, key))
    case .int8: .int8(try cursor.read(Int8.self, key))
    case .uint16: .uint16(try cursor.read(UInt16.self, key))
    case .int16: .int16(try cursor.read(Int16.self, key))
    case .uint32: .uint32(try cursor.read(UInt32.self, key))
    case .int32: .int32(try cursor.read(Int32.self, key))
    case .float32: .float32(Float(bitPattern: try cursor.read(UInt32.self, key)))
    case .bool: .bool(try bool(key))
    case .string: .string(try string(key))
    case .array: .array(try array(key))
    case .uint64: .uint64(try cursor.read(UInt64.self, key))
    case .int64: .int64(try cursor.read(Int64.self, key))
    case .float64: .float64(Double(bitPattern: try cursor.read(UInt64.self, key)))
    }
  }

  private mutating func bool(_ key: String) throws(InputError) -> Bool {
    let start = cursor.position
    let byte = try cursor.read(UInt8.self, key)
    guard byte <= 1 else { throw cursor.error(key, at: start, expected: "a bool of 0 or 1", found: "\(byte)") }
    return byte == 1
  }

  private mutating func string(_ key: @autoclosure () -> String) throws(InputError) -> String {
    try cursor.text(try cursor.read(UInt64.self, key()), key())
  }

  private mutating func array(_ key: String) throws(InputError) -> GGUFArray {
    let start = cursor.position
    let type = try valueType(key)
    let count = try cursor.read(UInt64.self, key)
    switch type {
    case .uint8: return .uint8(try numbers(count, key))
    case .int8: return .int8(try numbers(count, key))
    case .uint16: return .uint16(try numbers(count, key))
    case .int16: return .int16(try numbers(count, key))
    case .uint32: return .uint32(try numbers(count, key))
    case .int32: return .int32(try numbers(count, key))
    case .float32: return .float32(try numbers(count, key))
    case .uint64: return .uint64(try numbers(count, key))
    case .int64: return .int64(try numbers(count, key))
    case .float64: return .float64(try numbers(count, key))
    case .bool:
      try checkRoom(count, elementSize: 1, key)
      var values: [Bool] = []
      values.reserveCapacity(Int(count))
      for index in 0..<count { values.append(try bool("\(key)[\(index)]")) }
      return .bool(values)
    case .string: return .string(try strings(count, key))
    case .array:
      throw cursor.error(key, at: start, expected: "an array of plain values", found: "an array of arrays")
    }
  }

  private mutating func numbers<T: BitwiseCopyable>(_ count: UInt64, _ key: String) throws(InputError) -> [T] {
    try checkRoom(count, elementSize: MemoryLayout<T>.size, key)
    let raw = try cursor.take(count * UInt64(MemoryLayout<T>.size), key)
    return [T](unsafeUninitializedCapacity: Int(count)) { buffer, initialized in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: raw)
      initialized = Int(count)
    }
  }

  private mutating func strings(_ count: UInt64, _ key: String) throws(InputError) -> [String] {
    try checkRoom(count, elementSize: 8, key)
    guard count <= GGUF.maximumStrings else {
      throw cursor.error(key, expected: "at most \(GGUF.maximumStrings) strings", found: "\(count)")
    }
    var values: [String] = []
    values.reserveCapacity(Int(count))
    for index in 0..<count { values.append(try string("\(key)[\(index)]")) }
    return values
  }

  private func checkRoom(_ count: UInt64, elementSize: Int, _ key: String) throws(InputError) {
    let room = UInt64(cursor.remaining / elementSize)
    guard count <= room else {
      throw cursor.error(
        key, at: cursor.position - 8, expected: "at most the \(room) elements that the file has room for",
        found: "\(count)", remedy: ByteCursor.truncated)
    }
  }

  func alignment(_ metadata: GGUFMetadata) throws(InputError) -> Int {
    let key = "general.alignment"
    guard let value = metadata[key] else { return GGUF.defaultAlignment }
    guard case .uint32(let raw) = value else {
      throw InputError(
        file: cursor.file, field: key, offset: metadata.offset(of: key), expected: "a uint32", found: value.typeName)
    }
    let alignment = Int(raw)
    guard GGUF.alignments.contains(alignment), alignment & (alignment - 1) == 0 else {
      throw InputError(
        file: cursor.file, field: key, offset: metadata.offset(of: key),
        expected: "a power of two in \(GGUF.alignments.lowerBound)…\(GGUF.alignments.upperBound)", found: "\(alignment)"
      )
    }
    return alignment
  }

  // MARK: Tensors

  mutating func tensors(count: Int, alignment: Int) throws(InputError) -> TensorTable {
    // Offsets count from the end of this section, so the ranges can only be checked when all of it was read.
    var infos: [(description: TensorDescription, bytes: Int, offset: UInt64, at: Int)] = []
    infos.reserveCapacity(count)
    for index in 0..<count { infos.append(try tensorInfo(index)) }
    var table = TensorTable()
    guard count > 0 else { return table }
    let dataStart = cursor.position + (alignment - cursor.position % alignment) % alignment
    var next = 0
    for info in infos {
      let name = info.description.name
      guard info.offset == UInt64(next) else {
        throw cursor.error(
          "\(name), offset", at: info.at, expected: "\(next), right behind the tensor before", found: "\(info.offset)")
      }
      let (start, overflow) = dataStart.addingReportingOverflow(next)
      guard !overflow, start <= cursor.bytes.count, info.bytes <= cursor.bytes.count - start else {
        throw cursor.error(
          name, at: info.at, expected: "\(info.bytes) bytes of data at \(next) behind the header of \(dataStart)",
          found: "a file of \(cursor.bytes.count) bytes", remedy: ByteCursor.truncated)
      }
      guard table.append(.init(description: info.description, range: start..<start + info.bytes)) else {
        throw cursor.error(name, at: info.at, expected: "tensor names that differ", found: "this name twice")
      }
      // Cannot overflow: the tensor lies within the file.
      next += (info.bytes + alignment - 1) / alignment * alignment
    }
    return table
  }

  private mutating func tensorInfo(
    _ index: Int
  ) throws(InputError) -> (description: TensorDescription, bytes: Int, offset: UInt64, at: Int) {
    let start = cursor.position
    let field = "tensor \(index)"
    let length = try cursor.read(UInt64.self, "\(field), name")
    guard (1...GGUF.maximumNameLength).contains(length) else {
      throw cursor.error(
        "\(field), name", at: start, expected: "1…\(GGUF.maximumNameLength) bytes", found: "a length of \(length)")
    }
    let name = try cursor.text(length, "\(field), name")
    let dimensionsAt = cursor.position
    let dimensions = try cursor.read(UInt32.self, "\(name), dimensions")
    guard dimensions <= GGUF.maximumDimensions else {
      throw cursor.error(
        "\(name), dimensions", at: dimensionsAt, expected: "at most \(GGUF.maximumDimensions)", found: "\(dimensions)")
    }
    var shape: [Int] = []
    for _ in 0..<dimensions {
      let at = cursor.position
      let dimension = try cursor.read(UInt64.self, "\(name), shape")
      guard let dimension = Int(exactly: dimension) else {
        throw cursor.error(
          "\(name), shape", at: at, expected: "a dimension of 0…2^63−1", found: "\(Int64(bitPattern: dimension))")
      }
      shape.insert(dimension, at: 0)
    }
    let typeAt = cursor.position
    let rawType = try cursor.read(UInt32.self, "\(name), type")
    guard let type = ScalarType(rawValue: rawType) else {
      throw cursor.error(
        "\(name), type", at: typeAt, expected: "one of \(ScalarType.allCases.map(\.name).joined(separator: ", "))",
        found: GGUF.otherTypes[rawType] ?? "\(Int32(bitPattern: rawType))",
        remedy: GGUF.otherTypes[rawType] == nil ? nil : "Quantise the model to one of these types.")
    }
    guard let bytes = type.byteCount(shape: shape) else {
      throw cursor.error(
        "\(name), shape", at: dimensionsAt,
        expected: type.isQuantized ? "rows of whole blocks of \(type.blockSize)" : "a size that fits 63 bits",
        found: "\(shape) of \(type.name)")
    }
    return (TensorDescription(name: name, shape: shape, type: type), bytes, try cursor.read(UInt64.self, name), start)
  }

  private func describe(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
    guard cursor.bytes.count >= 4 else { return "a file of \(cursor.bytes.count) bytes" }
    return "bytes " + bytes.map { String($0, radix: 16) }.joined(separator: " ")
  }
}
