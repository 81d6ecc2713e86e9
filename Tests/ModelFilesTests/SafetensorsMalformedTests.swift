import Diagnostics
import Foundation
import ModelFiles
import Tensors
import TestSupport
import Testing

/// Rows 28–38 of the list of malformed inputs.
@Suite struct SafetensorsMalformedTests {
  static func tensor(_ name: String, _ offsets: String, shape: String = "[4]", type: String = "F32") -> String {
    "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
  }

  static let structureCases: [MalformedFile] = [
    .init(name: "row 28: empty", suffix: "safetensors", bytes: [], mentions: ["header length"]),
    .init(name: "row 28: 7 bytes", suffix: "safetensors", bytes: [1, 0, 0, 0, 0, 0, 0], mentions: ["header length"]),
    .init(
      name: "row 28: N = 0xFFFFFF000000003C", suffix: "safetensors",
      bytes: safetensorsBytes("{}", length: 0xFFFF_FF00_0000_003C), mentions: ["header length", "byte 0"]),
    .init(
      name: "row 28: N past the end", suffix: "safetensors", bytes: safetensorsBytes("{}", data: 0, length: 3),
      mentions: ["header length", "byte 0"]),
    .init(
      name: "row 29: 0xFF", suffix: "safetensors", bytes: [1, 0, 0, 0, 0, 0, 0, 0, 0xff],
      mentions: ["header", "byte 8"]),
    .safetensors("row 29: a lone brace", ["header", "byte 9"], "{", data: 0),
    .safetensors(
      "row 31: ten tensors at [0,16]", ["data_offsets", "overlap"],
      "{" + (0..<10).map { tensor("t\($0)", "[0,16]") }.joined(separator: ",") + "}"),
    .safetensors(
      "row 32: a hole", ["b.data_offsets", "hole"],
      "{\(tensor("a", "[0,16]")),\(tensor("b", "[20,36]"))}", data: 36),
    .safetensors("row 32: trailing bytes", ["data", "1 bytes more"], "{\(tensor("a", "[0,16]"))}", data: 17),
    .safetensors("row 32: 2 bytes short", ["a.data_offsets"], "{\(tensor("a", "[0,16]"))}", data: 14),
  ]

  static let fieldsCases: [MalformedFile] = [
    .safetensors("row 33: [2, 2^64-2]", ["a.shape"], "{\(tensor("a", "[0,16]", shape: "[2,18446744073709551614]"))}"),
    .safetensors("row 33: [2, 2^63-1]", ["a.shape"], "{\(tensor("a", "[0,16]", shape: "[2,9223372036854775807]"))}"),
    .safetensors(
      "row 34: offsets ≠ shape × type", ["a.data_offsets", "12 bytes"],
      "{\(tensor("a", "[0,16]", shape: "[3]"))}"),
    .safetensors("row 34: begin > end", ["a.data_offsets", "ascending"], "{\(tensor("a", "[16,0]"))}"),
    .safetensors("row 34: negative", ["a.data_offsets", "-16"], "{\(tensor("a", "[-16,0]"))}"),
    .safetensors("row 34: 1.5", ["a.data_offsets", "1.5"], "{\(tensor("a", "[1.5,17.5]"))}"),
    .safetensors("row 34: a negative dimension", ["a.shape", "-4"], "{\(tensor("a", "[0,16]", shape: "[-4]"))}"),
    .safetensors("row 34: no offsets", ["a.data_offsets"], "{\"a\":{\"dtype\":\"F32\",\"shape\":[4]}}"),
    .safetensors(
      "row 35: duplicate names", ["header", "\"a\" twice"],
      "{\(tensor("a", "[0,16]")),\(tensor("a", "[0,16]"))}"),
    .safetensors("row 35: metadata that is no map", ["__metadata__"], "{\"__metadata__\":[\"a\"]}", data: 0),
    .safetensors(
      "row 35: metadata of numbers", ["__metadata__.a", "found 1"], "{\"__metadata__\":{\"a\":1}}", data: 0),
    .safetensors(
      "row 36: unknown type", ["a.dtype", "F8_E4M3"], "{\(tensor("a", "[0,4]", type: "F8_E4M3"))}", data: 4),
    .safetensors(
      "row 36: a type that is no string", ["a.dtype"], "{\"a\":{\"dtype\":5,\"shape\":[],\"data_offsets\":[0,0]}}"),
    .safetensors("row 37: nested 10^6 deep", ["header", "nesting"], String(repeating: "[", count: 1_000_000), data: 0),
    .safetensors(
      "row 37: objects nested 10^6 deep", ["header", "nesting"],
      String(repeating: "{\"a\":", count: 1_000_000), data: 0),
    .safetensors("an array instead of an object", ["header", "object"], "[]", data: 0),
  ]

  @Test("rows 28–32: structure", arguments: SafetensorsMalformedTests.structureCases)
  func structure(_ file: MalformedFile) throws { try file.expectRefused() }

  @Test("rows 33–37: fields", arguments: SafetensorsMalformedTests.fieldsCases)
  func fields(_ file: MalformedFile) throws { try file.expectRefused() }

  @Test("row 37: a header of 100 MB, of spaces or beyond the limit", arguments: [100_000_000, 100_000_001])
  func hugeHeader(_ length: Int) throws {
    // A sparse file: nothing is on the disk. Zeros are no JSON either, so spaces only stand at the start.
    let path = try TemporaryFolder.shared.write(
      safetensorsBytes(String(repeating: " ", count: 1 << 20), data: 0, length: UInt64(length)), suffix: "safetensors")
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(truncate(path, 8 + length) == 0)
    let result = try ChildProcess.tinygptv(["inspect", path], seconds: 10, dataLimit: MalformedFile.memoryLimit)
    #expect(result.ending == .exited(65))
    let field = length > 100_000_000 ? "header length (at byte 0)" : "header (at byte \(8 + 1 << 20))"
    #expect(result.errorOutput.hasPrefix("tinygptv: \(path): \(field)"), "\(result.errorOutput)")
  }

  @Test("row 37: a header of millions of values is refused before it fills the memory")
  func manyValues() throws {
    let header = "{\"a\":[" + String(repeating: "1,", count: 3_000_000) + "1]}"
    try MalformedFile.safetensors("values", ["header", "500000 values"], header, data: 0).expectRefused()
  }

  @Test("row 30: white space before the header loads", arguments: [" ", "\n\t ", "        "])
  func leadingWhitespace(_ space: String) throws {
    let bytes = safetensorsBytes(space + "{\(Self.tensor("a", "[0,16]"))}  ")
    try TemporaryFolder.shared.with(bytes, suffix: "safetensors") { path in
      try #expect(SafetensorsFile(path: path).tensor(named: "a").map { Array($0.bytes) } == (0..<16).map { UInt8($0) })
      try #expect(ChildProcess.tinygptv(["inspect", path]).ending == .exited(0))
    }
  }

  @Test("row 36: shapes [] and [2,0] load")
  func scalarAndEmpty() throws {
    let header =
      "{\(Self.tensor("s", "[0,4]", shape: "[]")),\(Self.tensor("e", "[4,4]", shape: "[2,0]")),"
      + "\(Self.tensor("b", "[4,7]", shape: "[3]", type: "BOOL"))}"
    try TemporaryFolder.shared.with(safetensorsBytes(header, data: 7), suffix: "safetensors") { path in
      let file = try SafetensorsFile(path: path)
      #expect(file.tensor(named: "s")?.shape == [])
      #expect(file.tensor(named: "s").map { Array($0.bytes) } == [0, 1, 2, 3])
      #expect(file.tensor(named: "e")?.shape == [2, 0])
      #expect(file.tensor(named: "e")?.bytes.count == 0)
      #expect(file.tensor(named: "b")?.type == .i8)
      #expect(file.tensorNames == ["s", "e", "b"])
    }
  }

  // MARK: Shards

  /// What is in a folder, and what the error must say.
  struct Shards: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var index: String
    var mentions: [String]
  }

  static let shardsCases: [Shards] = [
    .init(
      testDescription: "row 38: ../../x", index: "{\"weight_map\":{\"a\":\"../../x\"}}",
      mentions: ["weight_map.a", "../../x", "beside the index"]),
    .init(
      testDescription: "row 38: an absolute path", index: "{\"weight_map\":{\"a\":\"/etc/passwd\"}}",
      mentions: ["weight_map.a", "/etc/passwd"]),
    .init(
      testDescription: "row 38: a missing shard", index: "{\"weight_map\":{\"a\":\"m.safetensors\"}}",
      mentions: ["weight_map", "m.safetensors", "no such file"]),
    .init(
      testDescription: "row 38: a tensor that is not in its shard",
      index: "{\"weight_map\":{\"a\":\"good.safetensors\",\"b\":\"good.safetensors\"}}", mentions: ["weight_map.b"]),
    .init(testDescription: "row 38: no map", index: "{\"weight_map\":[]}", mentions: ["weight_map", "object"]),
    .init(testDescription: "row 38: no JSON", index: "weights", mentions: ["byte 0"]),
  ]

  @Test("row 38: shard indices", arguments: SafetensorsMalformedTests.shardsCases)
  func shards(_ shards: Shards) throws {
    let folder = TemporaryFolder.shared.unused(suffix: "d")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(shards.index.utf8).write(to: URL(fileURLWithPath: "\(folder)/model.safetensors.index.json"))
    try Data(safetensorsBytes("{\(Self.tensor("a", "[0,16]"))}"))
      .write(to: URL(fileURLWithPath: "\(folder)/good.safetensors"))
    let result = try ChildProcess.tinygptv(["inspect", folder], seconds: 10, dataLimit: MalformedFile.memoryLimit)
    #expect(result.ending == .exited(65))
    for mention in [folder] + shards.mentions { #expect(result.errorOutput.contains(mention)) }
  }

  @Test("a directory without weights: the error lists what was looked for")
  func emptyDirectory() throws {
    let folder = TemporaryFolder.shared.unused(suffix: "d")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let error = #expect(throws: InputError.self) { try ShardedCheckpoint(directory: folder) }
    #expect(error?.expected.contains("pytorch_model.bin.index.json") == true)
  }
}
