import Diagnostics
import Foundation
import ModelFiles
import Tensors
import TestSupport
import Testing

/// What the writers write, the readers read.
@Suite struct WriterTests {
  /// Odd sizes, empty tensors at the start, in the middle and at the end, and a scalar.
  static let descriptions: [TensorDescription] = [
    .init(name: "empty.first", shape: [0, 3], type: .f32), .init(name: "a.weight", shape: [3, 5], type: .f32),
    .init(name: "b \"quoted\"\n", shape: [7], type: .f16), .init(name: "empty", shape: [2, 0], type: .bf16),
    .init(name: "scalar", shape: [], type: .i64), .init(name: "c", shape: [2, 3, 1, 5], type: .i8),
    .init(name: "d", shape: [3], type: .f64), .init(name: "e", shape: [1, 9], type: .bf16),
    .init(name: "f", shape: [3], type: .i16), .init(name: "g", shape: [3], type: .i32),
    .init(name: "empty.last", shape: [0], type: .i32),
  ]

  static func data(_ descriptions: [TensorDescription]) -> [UInt8] {
    let count = descriptions.reduce(0) { $0 + ($1.byteCount ?? 0) }
    return (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 251) }
  }

  /// Gives `data` to a writer in pieces of this size.
  static func feed(_ data: [UInt8], piece: Int, _ append: (UnsafeRawBufferPointer) throws -> Void) throws {
    try data.withUnsafeBytes { raw in
      for start in stride(from: 0, to: raw.count, by: piece) {
        try append(UnsafeRawBufferPointer(rebasing: raw[start..<min(start + piece, raw.count)]))
      }
    }
  }

  static func check(_ file: any TensorFile, _ descriptions: [TensorDescription], _ data: [UInt8]) throws {
    #expect(Set(file.tensorNames) == Set(descriptions.map(\.name)))
    #expect(file.tensorNames.count == descriptions.count)
    var position = 0
    for description in descriptions {
      #expect(file.description(of: description.name) == description)
      let tensor = try #require(file.tensor(named: description.name))
      #expect(tensor.bytes.elementsEqual(data[position..<position + tensor.byteCount]), "\(description.name)")
      position += tensor.byteCount
    }
  }

  static func onlyFile(_ path: String) throws -> Bool {
    let name = URL(fileURLWithPath: path).lastPathComponent
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix(name) } == [name]
  }

  @Test("safetensors", arguments: [1, 7, 64, 100_000])
  func safetensors(piece: Int) throws {
    let path = TemporaryFolder.shared.unused(suffix: "safetensors")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let data = Self.data(Self.descriptions)
    let metadata = ["format": "pt", "note": "a \"b\" \\ \n é"]
    let writer = try SafetensorsWriter(path: path, metadata: metadata, tensors: Self.descriptions)
    try Self.feed(data, piece: piece, writer.append)
    #expect(!FileManager.default.fileExists(atPath: path))
    try writer.finish()
    let file = try SafetensorsFile(path: path)
    #expect(file.metadata == metadata)
    try Self.check(file, Self.descriptions, data)
    #expect(try Self.onlyFile(path))
  }

  @Test("PyTorch archives, flat and under a key", arguments: [1, 7, 64, 100_000], [nil, "model"])
  func pyTorch(piece: Int, section: String?) throws {
    let path = TemporaryFolder.shared.unused(suffix: "pth")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let data = Self.data(Self.descriptions)
    let writer = try PyTorchArchiveWriter(path: path, tensors: Self.descriptions, section: section)
    try Self.feed(data, piece: piece, writer.append)
    try writer.finish()
    let file = try PyTorchArchive(path: path)
    #expect(file.section == section)
    #expect(file.tensorNames == Self.descriptions.map(\.name))
    try file.verifyChecksums()
    try Self.check(file, Self.descriptions, data)
    #expect(try Self.onlyFile(path))
  }

  @Test("GGUF with every kind of metadata", arguments: [1, 7, 64, 100_000], [nil, 8, 256] as [UInt32?])
  func gguf(piece: Int, alignment: UInt32?) throws {
    let path = TemporaryFolder.shared.unused(suffix: "gguf")
    defer { try? FileManager.default.removeItem(atPath: path) }
    var metadata: [(String, GGUFValue)] = [
      ("general.architecture", .string("tinygptv")), ("u8", .uint8(200)), ("i8", .int8(-100)), ("u16", .uint16(60000)),
      ("i16", .int16(-30000)), ("u32", .uint32(4_000_000_000)), ("i32", .int32(-2_000_000_000)), ("f32", .float32(0.1)),
      ("yes", .bool(true)), ("empty", .string("")), ("u64", .uint64(.max)), ("i64", .int64(.min)),
      ("f64", .float64(0.1)),
      ("a.u8", .array(.uint8([1, 2]))), ("a.i8", .array(.int8([-1]))), ("a.u16", .array(.uint16([1]))),
      ("a.i16", .array(.int16([-1]))), ("a.u32", .array(.uint32([1, 2, 3]))), ("a.i32", .array(.int32([]))),
      ("a.f32", .array(.float32([0.5, .infinity]))), ("a.bool", .array(.bool([true, false]))),
      ("a.string", .array(.string(["", "é", "a long text that is on the heap"]))), ("a.u64", .array(.uint64([.max]))),
      ("a.i64", .array(.int64([.min]))), ("a.f64", .array(.float64([1e300]))),
    ]
    if let alignment { metadata.append(("general.alignment", .uint32(alignment))) }
    let blocks: [TensorDescription] = [
      .init(name: "q8", shape: [3, 64], type: .q8_0), .init(name: "q4", shape: [5, 32], type: .q4_0),
      .init(name: "q4k", shape: [1, 256], type: .q4_k), .init(name: "q6k", shape: [1, 512], type: .q6_k),
    ]
    let descriptions = Self.descriptions + blocks
    let data = Self.data(descriptions)
    let writer = try GGUFWriter(path: path, metadata: metadata, tensors: descriptions)
    try Self.feed(data, piece: piece, writer.append)
    try writer.finish()
    let file = try GGUFFile(path: path)
    #expect(file.metadata.map(\.key) == metadata.map(\.0))
    #expect(file.metadata.map(\.value) == metadata.map(\.1))
    #expect(file.tensorNames == descriptions.map(\.name))
    try Self.check(file, descriptions, data)
    #expect(try Self.onlyFile(path))
  }

  @Test("a large vocabulary loads in no time")
  func vocabulary() throws {
    let path = TemporaryFolder.shared.unused(suffix: "gguf")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let tokens = (0..<51200).map { "token \($0) of many" }
    try GGUFWriter(path: path, metadata: [("tokens", .array(.string(tokens)))], tensors: []).finish()
    var best = Double.infinity
    for _ in 0..<3 {
      let clock = ContinuousClock()
      var read: [String] = []
      let time = try clock.measure { read = try GGUFFile(path: path).strings("tokens") }
      #expect(read == tokens)
      best = min(best, Double(time.components.attoseconds) * 1e-18 + Double(time.components.seconds))
    }
    #expect(best < 0.05)
  }

  @Test("what a format cannot hold is refused")
  func refused() throws {
    let path = TemporaryFolder.shared.unused(suffix: "x")
    let block = [TensorDescription(name: "q", shape: [32], type: .q8_0)]
    let twice = [TensorDescription](repeating: .init(name: "a", shape: [1], type: .f32), count: 2)
    let long = [TensorDescription(name: String(repeating: "n", count: 64), shape: [1], type: .f32)]
    #expect(throws: InputError.self) { try SafetensorsWriter(path: path, tensors: block) }
    #expect(throws: InputError.self) { try PyTorchArchiveWriter(path: path, tensors: block) }
    #expect(throws: InputError.self) { try SafetensorsWriter(path: path, tensors: twice) }
    #expect(throws: InputError.self) { try PyTorchArchiveWriter(path: path, tensors: twice) }
    #expect(throws: InputError.self) { try GGUFWriter(path: path, metadata: [], tensors: twice) }
    #expect(throws: InputError.self) { try GGUFWriter(path: path, metadata: [], tensors: long) }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  // MARK: Atomic replacement

  @Test("a file that is not finished leaves what was there, and nothing else")
  func abandoned() throws {
    let path = try TemporaryFolder.shared.write([1, 2, 3], suffix: "old")
    defer { try? FileManager.default.removeItem(atPath: path) }
    do {
      let writer = try AtomicFileWriter(path: path)
      try writer.append([4, 5, 6])
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([1, 2, 3]))
    #expect(try Self.onlyFile(path))
    let writer = try AtomicFileWriter(path: path)
    try writer.append([4, 5, 6])
    try writer.append([UInt8](repeating: 9, count: 3 << 20))
    try writer.overwrite(at: 1, [7])
    try writer.finish()
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: path)) == Data([4, 7, 6] + [UInt8](repeating: 9, count: 3 << 20)))
    #expect(try Self.onlyFile(path))
  }

  @Test("a link's target and the file's permissions are kept")
  func linkAndMode() throws {
    let path = try TemporaryFolder.shared.write([1], suffix: "target")
    let link = TemporaryFolder.shared.unused(suffix: "link")
    defer { for path in [path, link] { try? FileManager.default.removeItem(atPath: path) } }
    #expect(chmod(path, 0o640) == 0)
    #expect(symlink(path, link) == 0)
    let writer = try AtomicFileWriter(path: link)
    try writer.append([2])
    try writer.finish()
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([2]))
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o640)
    #expect(try FileManager.default.attributesOfItem(atPath: link)[.type] as? FileAttributeType == .typeSymbolicLink)
  }

  @Test(
    "no directory, a directory, a full disk: errors that name the file", arguments: ["/no/such/x", "/tmp", "/dev/full"])
  func impossiblePlaces(_ path: String) throws {
    let error = #expect(throws: InputError.self) { try AtomicFileWriter(path: path) }
    #expect(error?.file == path)
  }
}
