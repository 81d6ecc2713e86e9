import Diagnostics
import Foundation
import ModelFiles
import Tensors
import TestSupport
import Testing

/// Rows 44, 45 and 47–49 of the list of malformed inputs.
@Suite struct ZipMalformedTests {
  static let good = Pickle.dictionary(elements: 6, shape: [2, 3], strides: [3, 1])
  static let storage = floatBytes([0, 1, 2, 3, 4, 5])

  static func zip(_ name: String, _ mentions: [String], _ change: (inout ZipBytes) -> Void) -> MalformedFile {
    var archive = ZipBytes(pickle: good, storages: [storage])
    change(&archive)
    return MalformedFile(name: name, suffix: "pth", bytes: archive.bytes, mentions: mentions)
  }

  /// A zip64 extra field that claims these sizes.
  static func extra64(_ sizes: [UInt64]) -> [UInt8] {
    var extra = Bytes()
    extra.add(UInt16(1))
    extra.add(UInt16(8 * sizes.count))
    for size in sizes { extra.add(size) }
    return extra.array
  }

  static let archivesCases: [MalformedFile] = [
    zip("row 47: names that differ", ["archive/data/0", "other/data/0"]) { $0.records[2].localName = "other/data/0" },
    zip("row 47: flag 0x1", ["archive/data/0", "encrypted"]) { $0.records[2].flags = 0x1 },
    zip("row 47: flag 0x20", ["archive/data/0", "0x20"]) { $0.records[2].flags = 0x20 },
    zip("row 47: flag 0x40", ["archive/data/0", "encrypted"]) { $0.records[2].flags = 0x40 },
    zip("row 47: bad CRC of a storage", ["archive/data/0", "CRC"]) { $0.records[2].crc = 1 },
    zip("row 47: bad CRC of the pickle", ["archive/data.pkl", "CRC"]) { $0.records[0].crc = 1 },
    zip("row 48: two data.pkl", ["data.pkl", "one such record"]) {
      $0.records.append(.init(name: "other/data.pkl", data: good))
    },
    zip("row 48: the same record twice", ["archive/data.pkl", "twice"]) {
      $0.records.append(.init(name: "archive/data.pkl", data: good))
    },
    zip("row 48: no data.pkl", ["data.pkl", "none"]) { $0.records.removeFirst() },
    zip("row 48: ../x", ["record name", "../x"]) { $0.records.append(.init(name: "../x", data: [])) },
    zip("row 48: /x", ["record name", "/x"]) { $0.records.append(.init(name: "/x", data: [])) },
    zip("row 48: a deflate bomb", ["archive/data/0", "deflated", "save it again"]) {
      $0.records[2].method = 8
      $0.records[2].size = 0xfff_ffff
    },
    zip("row 48: sizes past the end", ["archive/data/0"]) { $0.records[2].size = 0x7fff_ffff },
    zip("row 48: zip64 sizes that wrap", ["archive/data/0"]) {
      $0.records[2].size = .max
      $0.records[2].extra = extra64([UInt64.max, UInt64.max])
    },
    zip("row 48: zip64 sizes of 2^63", ["archive/data/0"]) {
      $0.records[2].size = .max
      $0.records[2].extra = extra64([1 << 63, 1 << 63])
    },
    zip("row 48: zip64 sizes that are missing", ["archive/data/0", "zip64"]) { $0.records[2].size = .max },
    zip("big-endian storages", ["byteorder", "little"]) { $0.records[1].data = Array("big".utf8) },
  ]

  static let impostorsCases: [MalformedFile] = [
    .init(
      name: "row 49: legacy", suffix: "pth",
      bytes: [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e],
      mentions: ["before 1.6", "save it again"]),
    .init(
      name: "row 49: tar", suffix: "pth",
      bytes: [UInt8](repeating: 0x61, count: 257) + Array("ustar".utf8) + [UInt8](repeating: 0, count: 250),
      mentions: ["tar archive", "Unpack"]),
    .init(
      name: "row 49: 7z", suffix: "pth", bytes: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4],
      mentions: ["7z archive", "Unpack"]),
    .init(
      name: "row 49: HTML", suffix: "pth", bytes: Array("\n<!DOCTYPE html><html></html>".utf8),
      mentions: ["web page", "download"]),
    .init(
      name: "row 49: git-LFS pointer", suffix: "pth",
      bytes: Array("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n".utf8),
      mentions: ["git-LFS pointer", "git lfs pull"]),
    .init(name: "row 49: empty", suffix: "pth", bytes: [], mentions: ["zip archive"]),
    .init(
      name: "row 49: a pointer named .safetensors", suffix: "safetensors",
      bytes: Array("version https://git-lfs.github.com/spec/v1\n".utf8), mentions: ["git lfs pull"]),
    .init(
      name: "row 49: a page named .gguf", suffix: "gguf", bytes: Array("<html>".utf8), mentions: ["web page"]),
  ]

  @Test("rows 47 and 48: archives", arguments: ZipMalformedTests.archivesCases)
  func archives(_ file: MalformedFile) throws { try file.expectRefused() }

  @Test("row 49: other files under the name", arguments: ZipMalformedTests.impostorsCases)
  func impostors(_ file: MalformedFile) throws { try file.expectRefused() }

  @Test("an archive cut anywhere is refused", arguments: [1, 2, 21, 22, 23, 70, 150, 300, 420, 500])
  func cut(_ missing: Int) throws {
    let bytes = ZipBytes(pickle: Self.good, storages: [Self.storage]).bytes
    #expect(throws: InputError.self) {
      try TemporaryFolder.shared.with(Array(bytes.dropLast(missing)), suffix: "pth") { try PyTorchArchive(path: $0) }
    }
  }

  @Test("any byte of an archive may be wrong: an error or a value, never a crash")
  func anyByteWrong() throws {
    let bytes = ZipBytes(pickle: Self.good, storages: [Self.storage]).bytes
    let path = TemporaryFolder.shared.unused(suffix: "pth")
    defer { try? FileManager.default.removeItem(atPath: path) }
    for position in bytes.indices {
      for value in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] {
        var changed = bytes
        changed[position] = value
        try Data(changed).write(to: URL(fileURLWithPath: path))
        if let file = try? PyTorchArchive(path: path) {
          for name in file.tensorNames { _ = file.tensor(named: name)?.bytes.last }
        }
      }
    }
  }

  // MARK: Files that must load

  @Test("row 44: strides are honoured")
  func strides() throws {
    let pickle = Pickle.dictionary(elements: 6, shape: [3, 2], strides: [1, 3])
    try TemporaryFolder.shared.with(ZipBytes(pickle: pickle, storages: [Self.storage]).bytes, suffix: "pth") { path in
      let file = try PyTorchArchive(path: path)
      let tensor = try #require(file.tensor(named: "w"))
      #expect(tensor.shape == [3, 2])
      #expect(Array(tensor.bytes) == floatBytes([0, 3, 1, 4, 2, 5]))
    }
    let view = Pickle.dictionary(elements: 6, offset: 1, shape: [2, 2, 2], strides: [3, 0, 1])
    try TemporaryFolder.shared.with(ZipBytes(pickle: view, storages: [Self.storage]).bytes, suffix: "pth") { path in
      let tensor = try #require(try PyTorchArchive(path: path).tensor(named: "w"))
      #expect(Array(tensor.bytes) == floatBytes([1, 2, 1, 2, 4, 5, 4, 5]))
    }
  }

  @Test("row 45: more than 1000 tensors, which share storages, and a CRC of 0")
  func manyTensors() throws {
    var pickle = Pickle()
    pickle.op("}(")
    for index in 0..<1500 {
      pickle.text("t\(index)")
      pickle.tensor(elements: 6, offset: index % 6, shape: [1], strides: [1])
    }
    pickle.op("u")
    var archive = ZipBytes(pickle: pickle.array, storages: [Self.storage])
    archive.records[0].crc = 0
    archive.records[2].crc = 0
    try TemporaryFolder.shared.with(archive.bytes, suffix: "pth") { path in
      let file = try PyTorchArchive(path: path)
      #expect(file.tensorNames.count == 1500)
      for index in [0, 7, 1499] {
        #expect(file.tensor(named: "t\(index)").map { Array($0.bytes) } == floatBytes([Float(index % 6)]))
      }
      try #expect(ChildProcess.tinygptv(["inspect", path]).ending == .exited(0))
    }
  }
}
