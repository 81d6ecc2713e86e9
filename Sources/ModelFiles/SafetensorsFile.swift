import Diagnostics
import Tensors

/// A safetensors file: a JSON header and mapped tensors.
///
/// The format and its rules (no holes, no overlaps, nothing behind the last tensor):
/// https://github.com/huggingface/safetensors. U8 and BOOL tensors are given as `i8`.
public struct SafetensorsFile: TensorFile {
  /// The header's `__metadata__`.
  public let metadata: [String: String]
  let file: MappedFile
  private let table: TensorTable

  /// The file, as it was given.
  public var path: String { file.path }
  /// The names of all tensors in the order of the file.
  public var tensorNames: [String] { table.names }

  /// As in the reference implementation.
  static let maximumHeader = 100_000_000

  /// Types by the format's names. Unsigned bytes and truth values have the size of `i8`.
  static let types: [String: ScalarType] = [
    "F64": .f64, "F32": .f32, "F16": .f16, "BF16": .bf16, "I64": .i64, "I32": .i32, "I16": .i16, "I8": .i8, "U8": .i8,
    "BOOL": .i8,
  ]

  /// Maps the file and checks all of its header; the tensors' data is not read.
  ///
  /// - Throws: ``InputError`` with field and offset for anything that is not as the format says.
  public init(path: String) throws(InputError) {
    try self.init(file: MappedFile(path: path))
  }

  init(file: MappedFile) throws(InputError) {
    let header = try Self.header(of: file)
    var parser = JSONParser(bytes: header, file: file.path, field: "header", base: 8)
    let json = try parser.parse()
    guard let members = json.object else {
      throw InputError(file: file.path, field: "header", offset: 8, expected: "a JSON object", found: json.kind)
    }
    metadata = try Self.metadata(json, file: file.path)
    table = try Self.table(members, dataStart: 8 + header.count, file: file)
    try file.checkNotCut()
    self.file = file
  }

  /// Type and shape of a tensor without touching its data.
  public func description(of name: String) -> TensorDescription? { table[name]?.description }

  /// The tensor of that name, mapped where it is aligned and contiguous, a copy otherwise; nil if there is none.
  public func tensor(named name: String) -> Tensor? { table.tensor(named: name, in: file) }

  /// Throws if the file turned out to be shorter than when it was opened.
  public func checkNotCut() throws(InputError) { try file.checkNotCut() }

  /// Whether the first bytes look like a header's length and its opening brace.
  static func mayBe(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count > 9 else { return false }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    return length <= UInt64(bytes.count - 8) && [UInt8(ascii: "{"), UInt8(ascii: " ")].contains(bytes[8])
  }

  private static func header(of file: MappedFile) throws(InputError) -> UnsafeRawBufferPointer {
    var cursor = ByteCursor(bytes: file.bytes, file: file.path)
    guard file.bytes.count >= 8 else {
      throw cursor.error("header length", expected: "8 bytes", found: "a file of \(file.bytes.count)")
    }
    let length = try cursor.read(UInt64.self, "header length")
    guard length <= UInt64(maximumHeader), length <= UInt64(cursor.remaining) else {
      throw cursor.error(
        "header length", at: 0, expected: "at most \(min(maximumHeader, cursor.remaining)) bytes", found: "\(length)",
        remedy: FileKind.remedy(file.bytes) ?? "Is this a safetensors file, and was it copied whole?")
    }
    return try cursor.take(length, "header")
  }

  private static func metadata(_ json: JSONValue, file: String) throws(InputError) -> [String: String] {
    guard let value = json["__metadata__"] else { return [:] }
    guard let members = value.object else {
      throw InputError(file: file, field: "__metadata__", offset: 8, expected: "a map of strings", found: value.kind)
    }
    var metadata: [String: String] = [:]
    for member in members {
      guard let text = member.value.string else {
        throw InputError(
          file: file, field: "__metadata__.\(member.key)", offset: 8, expected: "a string", found: member.value.kind)
      }
      metadata[member.key] = text
    }
    return metadata
  }

  private static func table(
    _ members: JSONObject, dataStart: Int, file: MappedFile
  ) throws(InputError) -> TensorTable {
    let room = file.bytes.count - dataStart
    var entries: [TensorTable.Entry] = []
    for member in members where member.key != "__metadata__" {
      entries.append(try entry(member, room: room, file: file.path))
    }
    // The order of the file is that of the data, which need not be that of the header. Empty tensors go first.
    entries.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    var table = TensorTable()
    var next = 0
    for var entry in entries {
      guard entry.range.lowerBound == next else {
        throw InputError(
          file: file.path, field: "\(entry.description.name).data_offsets", offset: UInt64(dataStart + next),
          expected: "data that starts at \(next), right behind the tensor before",
          found: "\(entry.range.lowerBound), \(entry.range.lowerBound < next ? "an overlap" : "a hole")")
      }
      next = entry.range.upperBound
      entry.range = dataStart + entry.range.lowerBound..<dataStart + entry.range.upperBound
      // Names cannot repeat: the parser refuses keys that do.
      _ = table.append(entry)
    }
    guard next == room else {
      throw InputError(
        file: file.path, field: "data", offset: UInt64(dataStart + next),
        expected: "the file's end behind the last tensor", found: "\(room - next) bytes more")
    }
    return table
  }

  /// One member of the header as an entry whose range counts from the start of the data.
  private static func entry(
    _ member: JSONObject.Member, room: Int, file: String
  ) throws(InputError) -> TensorTable.Entry {
    let name = member.key
    func fail(_ field: String, _ expected: String, _ found: String) -> InputError {
      InputError(file: file, field: "\(name).\(field)", offset: 8, expected: expected, found: found)
    }
    guard let object = member.value.object else {
      throw InputError(file: file, field: name, offset: 8, expected: "an object", found: member.value.kind)
    }
    let dtype = object["dtype"]
    guard let typeName = dtype?.string, let type = types[typeName] else {
      throw fail("dtype", "one of \(types.keys.sorted().joined(separator: ", "))", dtype?.kind ?? "none")
    }
    guard let dimensions = object["shape"]?.array else {
      throw fail("shape", "an array", object["shape"]?.kind ?? "none")
    }
    var shape: [Int] = []
    for dimension in dimensions {
      guard let dimension = dimension.integer, dimension >= 0 else {
        throw fail("shape", "whole numbers in 0…2^63−1", dimension.kind)
      }
      shape.append(dimension)
    }
    guard let offsets = object["data_offsets"]?.array, offsets.count == 2 else {
      throw fail("data_offsets", "two offsets", object["data_offsets"]?.kind ?? "none")
    }
    guard let begin = offsets[0].integer, let end = offsets[1].integer, 0 <= begin, begin <= end else {
      throw fail("data_offsets", "two ascending whole numbers", "[\(offsets[0].kind), \(offsets[1].kind)]")
    }
    guard let bytes = type.byteCount(shape: shape) else {
      throw fail("shape", "a size that fits 63 bits", "\(shape) of \(typeName)")
    }
    guard bytes == end - begin else {
      throw fail("data_offsets", "\(bytes) bytes for \(shape) of \(typeName)", "\(end - begin)")
    }
    guard end <= room else {
      throw fail("data_offsets", "an end within the \(room) bytes of data", "\(end)")
    }
    return .init(description: TensorDescription(name: name, shape: shape, type: type), range: begin..<end)
  }
}
