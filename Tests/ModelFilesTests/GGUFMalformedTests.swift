import Diagnostics
import Foundation
import ModelFiles
import Tensors
import TestSupport
import Testing

/// Rows 1–21 of the list of malformed inputs.
@Suite struct GGUFMalformedTests {
  typealias G = GGUFBytes
  typealias Info = GGUFBytes.Info

  static let headerCases: [MalformedFile] = [
    .gguf("row 1: magic FUGG", ["magic", "byte 0", "\"GGUF\""]) { $0.magic = "FUGG" },
    .init(name: "row 1: empty", suffix: "gguf", bytes: [], mentions: ["magic"]),
    .init(name: "row 1: 3 bytes", suffix: "gguf", bytes: Array("GGU".utf8), mentions: ["magic", "3 bytes"]),
    .init(
      name: "row 1: 23 bytes", suffix: "gguf", bytes: Array(GGUFBytes().bytes.prefix(23)),
      mentions: ["metadata count", "byte 16"]),
    .gguf("row 2: version 0", ["version", "byte 4"]) { $0.version = 0 },
    .gguf("row 2: version 1", ["version", "byte 4"]) { $0.version = 1 },
    .gguf("row 2: version 4", ["version", "byte 4"]) { $0.version = 4 },
    .gguf("row 2: byte-swapped", ["version", "big-endian", "byte order"]) { $0.version = 0x0300_0000 },
    .gguf("row 3: 2^64-1 tensors", ["tensor count", "byte 8"]) { $0.tensorCount = .max },
    .gguf("row 3: 0x1D… tensors", ["tensor count", "byte 8"]) { $0.tensorCount = 0x1D1D_1D1D_1D1D_1D1D },
    .gguf("row 4: 2^64-1 keys", ["metadata count", "byte 16"]) { $0.metadataCount = .max },
  ]

  static let metadataCases: [MalformedFile] = [
    .gguf("row 5: key of 2^64-1", ["metadata key 0", "byte 24"]) {
      $0.metadata = [G.entry("a", keyLength: .max, type: 4, G.number(UInt32(1)))]
    },
    .gguf("row 5: key of 2^31", ["metadata key 0", "byte 24"]) {
      $0.metadata = [G.entry("a", keyLength: 0x8000_0000, type: 4, G.number(UInt32(1)))]
    },
    .gguf("row 5: key past the end", ["metadata key 0", "before the end"]) {
      $0.metadata = [G.entry("a", keyLength: 5000, type: 4, G.number(UInt32(1)))]
    },
    .gguf("row 6: empty key", ["metadata key 0", "length of 0"]) {
      $0.metadata = [G.entry("", type: 4, G.number(UInt32(1)))]
    },
    .gguf("row 7: value type 13", ["a.b", "13"]) { $0.metadata = [G.entry("a.b", type: 13, [0])] },
    .gguf("row 7: value type -1", ["a.b", "-1"]) { $0.metadata = [G.entry("a.b", type: .max, [0])] },
    .gguf("row 7: array of arrays", ["a.b", "array of arrays"]) {
      $0.metadata = [G.entry("a.b", type: 9, G.number(UInt32(9)) + G.number(UInt64(1)))]
    },
    .gguf("row 8: 2^40 strings", ["a.b", "\(1 << 40)"]) {
      $0.metadata = [G.entry("a.b", type: 9, G.number(UInt32(8)) + G.number(UInt64(1 << 40)))]
      $0.data = [UInt8](repeating: 0, count: 10)
    },
    .gguf("row 8: an array whose size wraps", ["a.b", "elements"]) {
      $0.metadata = [G.entry("a.b", type: 9, G.number(UInt32(10)) + G.number(UInt64(1) << 61 + 1))]
    },
    .gguf("row 9: duplicate key", ["a.b", "twice"]) {
      $0.metadata = Array(repeating: G.entry("a.b", type: 4, G.number(UInt32(1))), count: 2)
    },
    .gguf("row 9: duplicate tensor", ["tensor names", "twice"]) {
      $0.tensors = [Info(), Info(offset: 32)]
      $0.data = [UInt8](repeating: 0, count: 64)
    },
    .gguf("row 10: alignment 0", ["general.alignment", "byte 24"]) { $0.metadata = [alignment(UInt32(0))] },
    .gguf("row 10: alignment 13", ["general.alignment", "13"]) { $0.metadata = [alignment(UInt32(13))] },
    .gguf("row 10: alignment 2^31", ["general.alignment"]) { $0.metadata = [alignment(UInt32(0x8000_0000))] },
    .gguf("row 10: alignment of type int32", ["general.alignment", "uint32", "int32"]) {
      $0.metadata = [G.entry("general.alignment", type: 5, G.number(Int32(32)))]
    },
    .gguf("a bool of 2", ["a.b", "bool"]) { $0.metadata = [G.entry("a.b", type: 7, [2])] },
    .gguf("a string that is no UTF-8", ["a.b", "UTF-8"]) {
      $0.metadata = [G.entry("a.b", type: 8, G.number(UInt64(1)) + [0xff])]
    },
  ]

  static func alignment(_ value: UInt32) -> [UInt8] { G.entry("general.alignment", type: 4, G.number(value)) }

  static let tensorsCases: [MalformedFile] = [
    .gguf("row 11: 5 dimensions", ["t, dimensions", "5"]) { $0.tensors = [Info(ne: [1, 1, 1, 1, 8])] },
    .gguf("row 11: 255 dimensions", ["t, dimensions", "255"]) { $0.tensors = [Info(dimensions: 255)] },
    .gguf("row 11: 2^32-1 dimensions", ["t, dimensions"]) { $0.tensors = [Info(dimensions: .max)] },
    .gguf("row 11: a name of 64 bytes", ["tensor 0, name", "64"]) {
      $0.tensors = [Info(name: String(repeating: "n", count: 64))]
    },
    .gguf("row 11: a name of 2^64-1 bytes", ["tensor 0, name"]) { $0.tensors = [Info(nameLength: .max)] },
    .gguf("row 12: dimension -1", ["t, shape", "-1"]) { $0.tensors = [Info(ne: [.max])] },
    .gguf("row 14: the element count wraps", ["t, shape"]) { $0.tensors = [Info(ne: [1 << 63 - 1, 2], type: 24)] },
    .gguf("row 15: the byte count wraps", ["t, shape"]) { $0.tensors = [Info(ne: [1 << 61], type: 28)] },
    .gguf("row 16: the padding wraps", ["t, shape"]) { $0.tensors = [Info(ne: [UInt64.max / 4], type: 0)] },
    .gguf("row 17: two tensors whose sum wraps", ["a"]) {
      $0.tensors = [
        Info(name: "a", ne: [0x7FFF_FFFF_FFFF_FFC0], type: 24),
        Info(name: "b", ne: [0x7FFF_FFFF_FFFF_FFC0], type: 24, offset: 0x7FFF_FFFF_FFFF_FFC0),
      ]
    },
    .gguf("row 18: type COUNT", ["t, type", "f32"]) { $0.tensors = [Info(type: 40)] },
    .gguf("row 18: type -1", ["t, type", "-1"]) { $0.tensors = [Info(type: .max)] },
    .gguf("row 18: a type that is not supported", ["t, type", "q5_k"]) { $0.tensors = [Info(type: 13)] },
    .gguf("row 18: no multiple of the block", ["t, shape", "blocks of 32"]) { $0.tensors = [Info(ne: [33], type: 8)] },
    .gguf("row 19: offset 2^64-1", ["t, offset"]) { $0.tensors = [Info(offset: .max)] },
    .gguf("row 19: unaligned", ["t, offset", "found 4"]) {
      $0.tensors = [Info(offset: 4)]
      $0.data += [0, 0, 0, 0]
    },
    .gguf("row 19: a gap", ["b, offset", "found 64"]) {
      $0.tensors = [Info(name: "a"), Info(name: "b", offset: 64)]
      $0.data = [UInt8](repeating: 0, count: 96)
    },
    .gguf("row 19: an overlap", ["b, offset", "found 0"]) {
      $0.tensors = [Info(name: "a"), Info(name: "b", offset: 0)]
      $0.data = [UInt8](repeating: 0, count: 96)
    },
    .gguf("row 20: one byte short", ["t", "32 bytes"]) {
      $0.tensors = [Info()]
      $0.data.removeLast()
    },
    .gguf("row 20: header only", ["t", "32 bytes"]) {
      $0.tensors = [Info()]
      $0.data = []
    },
  ]

  @Test("rows 1–4: headers", arguments: GGUFMalformedTests.headerCases)
  func header(_ file: MalformedFile) throws { try file.expectRefused() }

  @Test("rows 5–10: metadata", arguments: GGUFMalformedTests.metadataCases)
  func metadata(_ file: MalformedFile) throws { try file.expectRefused() }

  @Test("rows 11–20: tensors", arguments: GGUFMalformedTests.tensorsCases)
  func tensors(_ file: MalformedFile) throws { try file.expectRefused() }

  @Test("row 13: a dimension of 0 loads", arguments: [[0], [8, 0], [0, 8], [0, 4, 0, 2]] as [[UInt64]])
  func dimensionZero(_ ne: [UInt64]) throws {
    var file = GGUFBytes()
    file.tensors = [Info(name: "empty", ne: ne), Info(name: "t")]
    file.data = floatBytes([1, 2, 3, 4, 5, 6, 7, 8])
    try TemporaryFolder.shared.with(file.bytes, suffix: "gguf") { path in
      let read = try GGUFFile(path: path)
      #expect(read.tensor(named: "empty")?.shape == ne.reversed().map { Int($0) })
      #expect(read.tensor(named: "t").map { Array($0.bytes) } == file.data)
      try #expect(ChildProcess.tinygptv(["inspect", path]).ending == .exited(0))
    }
  }

  @Test("row 21: a file that is cut after it was mapped reads as zeros and says so")
  func cutAfterMapping() throws {
    var file = GGUFBytes()
    file.tensors = [Info(ne: [1 << 16], type: 24)]
    file.data = [UInt8](repeating: 7, count: 1 << 16)
    try TemporaryFolder.shared.with(file.bytes, suffix: "gguf") { path in
      let read = try GGUFFile(path: path)
      let tensor = try #require(read.tensor(named: "t"))
      #expect(tensor.bytes[0] == 7)
      try read.checkNotCut()
      #expect(truncate(path, 100) == 0)
      #expect(tensor.bytes.last == 0)
      let error = #expect(throws: InputError.self) { try read.checkNotCut() }
      #expect(error?.file == path)
      #expect("\(error as Any)".contains("shorter"))
    }
  }

  @Test("hostile tables stay small and quick")
  func hostileTables() throws {
    // A million empty strings and 65536 keys take far less than the limit allows.
    var file = GGUFBytes()
    file.metadata = (0..<65000).map { G.entry("k\($0)", type: 0, [1]) }
    file.metadata.append(
      G.entry("s", type: 9, G.number(UInt32(8)) + G.number(UInt64(1 << 20)) + [UInt8](repeating: 0, count: 8 << 20)))
    file.data = []
    try TemporaryFolder.shared.with(file.bytes, suffix: "gguf") { path in
      let result = try ChildProcess.tinygptv(
        ["inspect", path], seconds: 10, dataLimit: MalformedFile.memoryLimit + UInt64(file.bytes.count))
      #expect(result.ending == .exited(0), "\(result.errorOutput)")
    }
  }
}
