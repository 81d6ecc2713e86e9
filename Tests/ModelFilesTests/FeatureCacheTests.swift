import Diagnostics
import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import ModelFiles

struct FeatureCacheTests {
  static let shape = [2, 3]

  /// Values that rounding would change, different for each key; one NaN with a payload and a negative zero.
  static func tensor(_ index: Int) -> Tensor {
    Tensor([Float(index) + 0.1, 1 / 3, -0.0, Float(bitPattern: 0x7fc1_2345), .infinity, 0x1p-130], shape: shape)
  }

  static func key(_ index: Int) -> ContentDigest { ContentDigest(of: [UInt8(index)], variant: "test") }

  static func cache(_ folder: URL, fingerprint: String = "encoder", type: ScalarType = .f32) throws -> FeatureCache {
    try FeatureCache(directory: folder.path + "/a/cache", fingerprint: fingerprint, shape: shape, type: type)
  }

  static func expectEqual(_ tensor: Tensor?, _ expected: Tensor, _ comment: Comment? = nil) throws {
    let tensor = try #require(tensor, comment)
    #expect(tensor.shape == expected.shape && tensor.type == expected.type, comment)
    #expect(tensor.bytes.elementsEqual(expected.bytes), comment)
  }

  @Test func whatIsStoredComesBackBitForBit() throws {
    try withTemporaryFolder { folder in
      let cache = try Self.cache(folder)
      for index in 0..<5 {
        #expect(cache.tensor(for: Self.key(index)) == nil)
        #expect(cache.store(Self.tensor(index), for: Self.key(index)) == nil)
        try Self.expectEqual(cache.tensor(for: Self.key(index)), Self.tensor(index))
      }
      // The first stays: the same picture gives the same tensor.
      #expect(cache.store(Self.tensor(9), for: Self.key(1)) == nil)
      let again = try Self.cache(folder)
      #expect(again.count == 5)
      for index in 0..<5 { try Self.expectEqual(again.tensor(for: Self.key(index)), Self.tensor(index)) }
      #expect(again.tensor(for: Self.key(7)) == nil)
    }
  }

  @Test(arguments: [ScalarType.bf16, .f16])
  func roundedTypesRoundOnce(_ type: ScalarType) throws {
    try withTemporaryFolder { folder in
      let cache = try Self.cache(folder, type: type)
      #expect(cache.store(Self.tensor(3), for: Self.key(3)) == nil)
      let expected = Self.tensor(3).converted(to: type).converted(to: .f32)
      try Self.expectEqual(cache.tensor(for: Self.key(3)), expected)
      try Self.expectEqual(cache.rounded(Self.tensor(3)), expected)
      #expect(!expected.bytes.elementsEqual(Self.tensor(3).bytes))
    }
  }

  @Test func anotherEncodersCacheIsNotUsed() throws {
    try withTemporaryFolder { folder in
      let cache = try Self.cache(folder)
      #expect(cache.store(Self.tensor(0), for: Self.key(0)) == nil)
      let other = try Self.cache(folder, fingerprint: "another")
      #expect(other.tensor(for: Self.key(0)) == nil && other.count == 0)
      #expect(try Self.cache(folder, type: .f16).count == 0)
      // Not even under the right name.
      try FileManager.default.removeItem(atPath: other.path)
      try FileManager.default.copyItem(atPath: cache.path, toPath: other.path)
      #expect(try Self.cache(folder, fingerprint: "another").count == 0)
      // Nor a record that was moved there.
      var bytes = try Data(contentsOf: URL(fileURLWithPath: other.path))
      bytes.append(try Data(contentsOf: URL(fileURLWithPath: cache.path)).dropFirst(32))
      try bytes.write(to: URL(fileURLWithPath: other.path))
      let moved = try Self.cache(folder, fingerprint: "another")
      #expect(moved.count == 1 && moved.tensor(for: Self.key(0)) == nil)
    }
  }

  /// A process may be killed at any byte of what it writes.
  @Test func aFileCutAtAnyByteLosesOnlyWhatIsCut() throws {
    try withTemporaryFolder { folder in
      let cache = try Self.cache(folder)
      for index in 0..<3 { #expect(cache.store(Self.tensor(index), for: Self.key(index)) == nil) }
      let url = URL(fileURLWithPath: cache.path)
      let whole = try Data(contentsOf: url)
      let record = 32 + 24
      #expect(whole.count == 32 + 3 * record)
      for cut in 0..<whole.count {
        try whole.prefix(cut).write(to: url)
        let reopened = try Self.cache(folder)
        let left = max(0, cut - 32) / record
        for index in 0..<3 {
          let tensor = reopened.tensor(for: Self.key(index))
          if index < left { try Self.expectEqual(tensor, Self.tensor(index), "cut at \(cut)") }
          #expect((tensor == nil) == (index >= left), "cut at \(cut), tensor \(index)")
          #expect(reopened.store(Self.tensor(index), for: Self.key(index)) == nil)
        }
        #expect(try Data(contentsOf: url) == whole, "mended after a cut at \(cut)")
      }
    }
  }

  @Test func aByteChangedAnywhereIsNoticed() throws {
    try withTemporaryFolder { folder in
      let cache = try Self.cache(folder)
      for index in 0..<2 { #expect(cache.store(Self.tensor(index), for: Self.key(index)) == nil) }
      let url = URL(fileURLWithPath: cache.path)
      let whole = try Data(contentsOf: url)
      for position in 0..<whole.count {
        var damaged = whole
        damaged[position] ^= 0x10
        try damaged.write(to: url)
        let reopened = try Self.cache(folder)
        var absent = 0
        for index in 0..<2 {
          if let tensor = reopened.tensor(for: Self.key(index)) {
            try Self.expectEqual(tensor, Self.tensor(index))
          } else {
            absent += 1
            #expect(reopened.store(Self.tensor(index), for: Self.key(index)) == nil)
            try Self.expectEqual(reopened.tensor(for: Self.key(index)), Self.tensor(index))
          }
        }
        #expect(absent == (position < 32 ? 2 : 1), "byte \(position)")
        // What replaced the damaged record is found the next time.
        let mended = try Self.cache(folder)
        for index in 0..<2 { try Self.expectEqual(mended.tensor(for: Self.key(index)), Self.tensor(index)) }
      }
    }
  }

  @Test func threadsAndSecondOpenersShareOneFile() throws {
    try withTemporaryFolder { folder in
      let caches = [try Self.cache(folder), try Self.cache(folder)]
      DispatchQueue.concurrentPerform(iterations: 200) { iteration in
        let index = iteration / 2
        #expect(caches[iteration % 2].store(Self.tensor(index), for: Self.key(index)) == nil)
        _ = caches[iteration % 2].tensor(for: Self.key((index + 50) % 100))
      }
      let reopened = try Self.cache(folder)
      #expect(reopened.count == 100)
      for index in 0..<100 { try Self.expectEqual(reopened.tensor(for: Self.key(index)), Self.tensor(index)) }
    }
  }

  /// A disk that fails for a moment must not cost what was computed in hours.
  @Test func onlyAFileThatIsKnownToBeAnotherIsStartedAnew() {
    typealias Beginning = FeatureCache.Beginning
    let header: [UInt8] = [1, 2, 3, 4]
    #expect(Beginning(header, ofFileSize: 40, header: header) == .header)
    #expect(Beginning([1, 2, 3, 5], ofFileSize: 40, header: header) == .other)
    #expect(Beginning(nil, ofFileSize: 3, header: header) == .other)
    for size in [4, 40] { #expect(Beginning(nil, ofFileSize: size, header: header) == .unreadable) }
  }

  @Test func theLimitTurnsItOffWithOneWarning() throws {
    try withTemporaryFolder { folder in
      let cache = try FeatureCache(
        directory: folder.path, fingerprint: "encoder", shape: Self.shape, limit: 32 + 2 * 56)
      #expect(cache.store(Self.tensor(0), for: Self.key(0)) == nil)
      #expect(cache.store(Self.tensor(1), for: Self.key(1)) == nil)
      let warning = try #require(cache.store(Self.tensor(2), for: Self.key(2)))
      #expect(warning.file == cache.path && warning.remedy?.contains("computed instead of kept") == true)
      #expect(cache.store(Self.tensor(3), for: Self.key(3)) == nil)
      #expect(cache.tensor(for: Self.key(3)) == nil)
      try Self.expectEqual(cache.tensor(for: Self.key(1)), Self.tensor(1))
    }
  }

  /// A limit on the size of files stands for a full disk, and may fall into the middle of a record or of the header.
  @Test(arguments: [10, 32, 100, 32 + 56 * 2])
  func aFullDiskTurnsItOff(_ room: Int) async throws {
    await #expect(processExitsWith: .success) { [room] in
      try withTemporaryFolder { folder in
        try limitFileSize(room)
        let cache = try Self.cache(folder)
        let fitting = max(0, room - 32) / 56
        for index in 0..<fitting {
          try #require(cache.store(Self.tensor(index), for: Self.key(index)) == nil)
        }
        try #require(cache.store(Self.tensor(50), for: Self.key(50)) != nil)
        try #require(cache.store(Self.tensor(51), for: Self.key(51)) == nil)
        for index in 0..<fitting { try Self.expectEqual(cache.tensor(for: Self.key(index)), Self.tensor(index)) }
        try #require(try AppendedFile(path: cache.path).size() == (room < 32 ? 0 : 32 + fitting * 56))
      }
    }
  }

  @Test func aPlaceThatCannotBeWrittenToIsAnError() throws {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("file")
      try Data([1]).write(to: file)
      let error = #expect(throws: InputError.self) {
        try FeatureCache(directory: file.path + "/cache", fingerprint: "", shape: [1])
      }
      #expect(error?.file.hasPrefix(file.path) == true)
    }
  }
}
