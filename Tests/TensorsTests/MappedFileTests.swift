import Diagnostics
import Foundation
import Testing

@testable import Tensors

/// Files as they really are: missing, empty, of the wrong kind, or cut short behind our back.
@Suite struct MappedFileTests {
  private static let page = Int(getpagesize())

  @Test func readsAFile() throws {
    try withFolder { folder in
      let path = folder + "/whole"
      try Data((0..<10000).map { UInt8(truncatingIfNeeded: $0 &* 7) }).write(to: URL(fileURLWithPath: path))
      let file = try MappedFile(path: path)
      #expect(file.path == path && file.bytes.count == 10000)
      #expect(file.bytes.enumerated().allSatisfy { $1 == UInt8(truncatingIfNeeded: $0 &* 7) })
      file.discard(0..<10000)
      file.discard(5000..<5001)
      #expect(file.bytes[9999] == UInt8(truncatingIfNeeded: 9999 * 7))
      #expect(!file.wasCut)
      try file.checkNotCut()
    }
  }

  @Test func refusesWhatIsNoFile() throws {
    try withFolder { folder in
      #expect(mkfifo(folder + "/pipe", 0o600) == 0)
      for (path, found) in [
        (folder, "a directory"), (folder + "/pipe", "a pipe"), ("/dev/zero", "a device"),
        (folder + "/missing", "No such file or directory"), (folder + "/pipe/x", "Not a directory"),
        ("", "No such file or directory"),
      ] {
        let error = #expect(throws: InputError.self) { try MappedFile(path: path) }
        #expect(error?.file == path && error?.found == found)
      }
    }
  }

  @Test func emptyFilesAreEmpty() throws {
    try withFolder { folder in
      let path = folder + "/empty"
      try Data().write(to: URL(fileURLWithPath: path))
      let file = try MappedFile(path: path)
      #expect(file.bytes.isEmpty && !file.wasCut)
      file.discard(0..<0)
      let storage = TensorStorage(file: file, range: 0..<0)
      #expect(Tensor(shape: [0, 5], type: .f32, storage: storage).floatArray().isEmpty)
    }
  }

  @Test func survivesBeingCutShort() throws {
    try withFolder { folder in
      let path = folder + "/cut"
      try Data(repeating: 0xab, count: 3 * Self.page).write(to: URL(fileURLWithPath: path))
      let (file, other) = (try MappedFile(path: path), try MappedFile(path: path))
      #expect(truncate(path, off_t(Self.page)) == 0)
      #expect(file.bytes[Self.page - 1] == 0xab)
      #expect(!file.wasCut)
      #expect(file.bytes[Self.page..<3 * Self.page].allSatisfy { $0 == 0 })
      #expect(file.wasCut && !other.wasCut)
      let error = #expect(throws: InputError.self) { try file.checkNotCut() }
      #expect(error?.file == path && error?.expected.contains("\(3 * Self.page)") == true)
      try other.checkNotCut()
    }
  }

  /// A mapping made where a cut one was starts with a clean slate.
  @Test func forgetsTheCutWithTheMapping() throws {
    try withFolder { folder in
      for round in 0..<200 {
        let path = folder + "/\(round)"
        try Data(repeating: 1, count: 2 * Self.page).write(to: URL(fileURLWithPath: path))
        let file = try MappedFile(path: path)
        #expect(!file.wasCut)
        truncate(path, 0)
        #expect(file.bytes[Self.page] == 0 && file.wasCut)
      }
    }
  }

  @Test func tensorsLookIntoTheFile() throws {
    try withFolder { folder in
      let path = folder + "/tensor"
      let values = (0..<64).map(Float.init)
      try values.withUnsafeBytes { Data($0) }.write(to: URL(fileURLWithPath: path))
      var tensor: Tensor
      do {
        let file = try MappedFile(path: path)
        let storage = TensorStorage(file: file, range: 64..<256)
        tensor = Tensor(shape: [4, 8], type: .f32, storage: storage, byteOffset: 64)
        #expect(tensor.address == file.bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0 + 128) })
      }
      #expect(tensor.floatArray() == Array(values[32...]))
      #expect(tensor.scaled(by: 2).floatArray() == values[32...].map { 2 * $0 })
    }
  }
}

private func withFolder(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("mapped-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder.path)
}
