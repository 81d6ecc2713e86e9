import ModelFiles

/// Little-endian bytes, put together by hand: the writers of the package would refuse to write what tests need.
struct Bytes {
  var array: [UInt8] = []

  init(_ array: [UInt8] = []) { self.array = array }
  init(_ text: String) { array = Array(text.utf8) }

  mutating func add(_ text: String) { array += Array(text.utf8) }
  mutating func add(_ bytes: [UInt8]) { array += bytes }
  mutating func add<T: FixedWidthInteger>(_ number: T) { withUnsafeBytes(of: number.littleEndian) { array += $0 } }
  mutating func pad(to alignment: Int) {
    array += [UInt8](repeating: 0, count: (alignment - array.count % alignment) % alignment)
  }
}

/// A GGUF file, every field of which can be wrong.
struct GGUFBytes {
  struct Info {
    var name = "t"
    var nameLength: UInt64?
    var dimensions: UInt32?
    var ne: [UInt64] = [8]
    var type: UInt32 = 0
    var offset: UInt64 = 0
  }
  var magic = "GGUF"
  var version: UInt32 = 3
  var tensorCount: UInt64?
  var metadataCount: UInt64?
  /// Raw entries: key, type and value.
  var metadata: [[UInt8]] = []
  var tensors: [Info] = []
  var alignment = 32
  var data = [UInt8](repeating: 0, count: 32)

  /// An entry whose value is given as raw bytes.
  static func entry(_ key: String, keyLength: UInt64? = nil, type: UInt32, _ value: [UInt8]) -> [UInt8] {
    var bytes = Bytes()
    bytes.add(keyLength ?? UInt64(key.utf8.count))
    bytes.add(key)
    bytes.add(type)
    bytes.add(value)
    return bytes.array
  }

  static func number<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    var bytes = Bytes()
    bytes.add(value)
    return bytes.array
  }

  var bytes: [UInt8] {
    var bytes = Bytes(magic)
    bytes.add(version)
    bytes.add(tensorCount ?? UInt64(tensors.count))
    bytes.add(metadataCount ?? UInt64(metadata.count))
    for entry in metadata { bytes.add(entry) }
    for tensor in tensors {
      bytes.add(tensor.nameLength ?? UInt64(tensor.name.utf8.count))
      bytes.add(tensor.name)
      bytes.add(tensor.dimensions ?? UInt32(tensor.ne.count))
      for dimension in tensor.ne { bytes.add(dimension) }
      bytes.add(tensor.type)
      bytes.add(tensor.offset)
    }
    bytes.pad(to: alignment)
    bytes.add(data)
    return bytes.array
  }
}

/// A safetensors file of a header's text and data.
func safetensorsBytes(_ header: String, data: Int = 16, length: UInt64? = nil) -> [UInt8] {
  var bytes = Bytes()
  bytes.add(length ?? UInt64(header.utf8.count))
  bytes.add(header)
  bytes.add((0..<data).map { UInt8($0 & 0xff) })
  return bytes.array
}

/// A zip archive of stored records, every field of which can be wrong.
struct ZipBytes {
  struct Record {
    var name: String
    var data: [UInt8]
    var localName: String?
    var flags: UInt16 = 0
    var method: UInt16 = 0
    var crc: UInt32?
    /// What both headers say; the data's size if nil.
    var size: UInt32?
    /// The extra field of the directory's entry.
    var extra: [UInt8] = []
  }
  var records: [Record]

  /// The archive that torch.save would write for this pickle and these storages.
  init(pickle: [UInt8], storages: [[UInt8]] = [], byteOrder: String = "little") {
    records = [
      Record(name: "archive/data.pkl", data: pickle), Record(name: "archive/byteorder", data: Array(byteOrder.utf8)),
    ]
    for (index, storage) in storages.enumerated() {
      records.append(Record(name: "archive/data/\(index)", data: storage))
    }
    records.append(Record(name: "archive/version", data: Array("3\n".utf8)))
  }

  var bytes: [UInt8] {
    var bytes = Bytes()
    var directory = Bytes()
    for record in records {
      let offset = UInt32(bytes.array.count)
      var common = Bytes()
      common.add(UInt16(20))
      common.add(record.flags)
      common.add(record.method)
      common.add(UInt32(0))
      common.add(record.crc ?? Self.crc(record.data))
      common.add(record.size ?? UInt32(record.data.count))
      common.add(record.size ?? UInt32(record.data.count))
      bytes.add("PK\u{3}\u{4}")
      bytes.add(common.array)
      bytes.add(UInt16((record.localName ?? record.name).utf8.count))
      bytes.add(UInt16(record.extra.count))
      bytes.add(record.localName ?? record.name)
      bytes.add(record.extra)
      bytes.add(record.data)
      directory.add("PK\u{1}\u{2}")
      directory.add(UInt16(20))
      directory.add(common.array)
      directory.add(UInt16(record.name.utf8.count))
      directory.add(UInt16(record.extra.count))
      directory.add([UInt8](repeating: 0, count: 10))
      directory.add(offset)
      directory.add(record.name)
      directory.add(record.extra)
    }
    let start = bytes.array.count
    bytes.add(directory.array)
    bytes.add("PK\u{5}\u{6}")
    bytes.add(UInt32(0))
    bytes.add(UInt16(records.count))
    bytes.add(UInt16(records.count))
    bytes.add(UInt32(directory.array.count))
    bytes.add(UInt32(start))
    bytes.add(UInt16(0))
    return bytes.array
  }

  /// The textbook's CRC-32, bit by bit.
  static func crc(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xffff_ffff
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
    }
    return ~crc
  }
}

/// A pickle, opcode by opcode.
struct Pickle {
  var bytes = Bytes([0x80, 2])

  init(protocol version: UInt8 = 2) { bytes = Bytes(version < 2 ? [] : [0x80, version]) }

  mutating func op(_ opcodes: String) { bytes.add(opcodes) }
  mutating func op(_ opcode: UInt8) { bytes.add([opcode]) }
  mutating func text(_ text: String) {
    bytes.add("X")
    bytes.add(UInt32(text.utf8.count))
    bytes.add(text)
  }
  mutating func number(_ number: Int) {
    bytes.add([0x8a, 8])
    bytes.add(Int64(number))
  }
  mutating func global(_ module: String, _ name: String) { bytes.add("c\(module)\n\(name)\n") }
  mutating func tuple(_ numbers: [Int]) {
    op("(")
    for value in numbers { number(value) }
    op("t")
  }

  /// Pushes a tensor that looks into storage `key`.
  mutating func tensor(
    storage key: Int = 0, elements: Int, offset: Int = 0, shape: [Int], strides: [Int], type: String = "FloatStorage"
  ) {
    global("torch._utils", "_rebuild_tensor_v2")
    op("((")
    text("storage")
    global("torch", type)
    text("\(key)")
    text("cpu")
    number(elements)
    op("tQ")
    number(offset)
    tuple(shape)
    tuple(strides)
    op(0x89)
    global("collections", "OrderedDict")
    op(")RtR")
  }

  /// The pickle, closed with STOP.
  var array: [UInt8] { bytes.array + Array(".".utf8) }

  /// A dictionary of one tensor named `w`.
  static func dictionary(
    elements: Int, offset: Int = 0, shape: [Int], strides: [Int], type: String = "FloatStorage"
  ) -> [UInt8] {
    var pickle = Pickle()
    pickle.op("}")
    pickle.text("w")
    pickle.tensor(elements: elements, offset: offset, shape: shape, strides: strides, type: type)
    pickle.op("s")
    return pickle.array
  }
}

/// These floats as bytes.
func floatBytes(_ values: [Float]) -> [UInt8] {
  var bytes = Bytes()
  for value in values { bytes.add(value.bitPattern) }
  return bytes.array
}
