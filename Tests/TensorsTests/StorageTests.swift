import Foundation
import Testing

@testable import Tensors

/// Memory and the shapes that look into it.
@Suite struct StorageTests {
  @Test func capacitiesHoldWhatIsAskedFor() {
    for bytes in Array(0...5000) + [1 << 20, (1 << 20) + 1, 3 << 20, (3 << 20) + 1, 1 << 40] {
      let capacity = BufferPool.capacity(for: bytes)
      #expect(capacity >= bytes && capacity >= 64 && capacity % 64 == 0)
      #expect(capacity <= max(128, 2 * bytes))
      #expect(BufferPool.capacity(for: capacity) == capacity)
    }
  }

  @Test func poolReusesItsBlocks() {
    let pool = BufferPool(ceiling: 1 << 20)
    let first = pool.take(1000)
    #expect(UInt(bitPattern: first) % 64 == 0)
    pool.give(first, 1000)
    // Another request of the same capacity gets the block, one of another does not.
    let other = pool.take(3000)
    #expect(other != first)
    let second = pool.take(1020)
    #expect(second == first)
    let third = pool.take(1000)
    #expect(third != first)
    for (block, bytes) in [(other, 3000), (second, 1020), (third, 1000)] { pool.give(block, bytes) }
  }

  @Test func poolKeepsToItsCeiling() {
    let pool = BufferPool(ceiling: 4096)
    let blocks = (0..<8).map { _ in pool.take(1024) }
    for block in blocks { pool.give(block, 1024) }
    #expect(pool.idleBytes == 4096)
    let large = pool.take(8192)
    pool.give(large, 8192)
    #expect(pool.idleBytes == 4096)
    let again = (0..<4).map { _ in pool.take(1024) }
    #expect(pool.idleBytes == 0)
    #expect(Set(again).isSubset(of: Set(blocks)))
    for block in again { pool.give(block, 1024) }
  }

  @Test func tensorsKeepTheirMemoryWhileAnyoneLooks() {
    var view: Tensor?
    do {
      let whole = Tensor((0..<12).map(Float.init), shape: [4, 3])
      view = whole.rows(1..<3)
    }
    // Memory that was given back would be taken by these.
    let others = (0..<100).map { _ in Tensor(repeating: -1, shape: [4, 3]) }
    #expect(view?.floatArray() == [3, 4, 5, 6, 7, 8])
    #expect(view?.byteOffset == 12 && others.count == 100)
  }

  @Test func shapesAreRead() {
    let x = Tensor(repeating: 1, shape: [2, 3, 64])
    #expect((x.count, x.rows, x.width, x.byteCount, x.bytesPerRow) == (384, 6, 64, 1536, 256))
    let quantized = x.converted(to: .q4_0)
    #expect((quantized.byteCount, quantized.bytesPerRow) == (216, 36))
    let scalar = Tensor([7], shape: [])
    #expect((scalar.count, scalar.rows, scalar.width) == (1, 1, 1))
    let empty = Tensor(repeating: 0, shape: [0])
    #expect((empty.count, empty.rows, empty.byteCount) == (0, 1, 0))
  }

  @Test func byteCountsOfPossibleShapes() {
    #expect(ScalarType.f32.byteCount(shape: []) == 4)
    #expect(ScalarType.f32.byteCount(shape: [3, 5]) == 60)
    #expect(ScalarType.q4_k.byteCount(shape: [2, 512]) == 576)
    #expect(ScalarType.q6_k.byteCount(shape: [256]) == 210)
    #expect(ScalarType.q8_0.byteCount(shape: [0, 64]) == 0)
    #expect(ScalarType.q8_0.byteCount(shape: [4, 0]) == 0)
    #expect(ScalarType.i8.byteCount(shape: [Int.max]) == Int.max)
  }

  @Test func byteCountsOfImpossibleShapes() {
    #expect(ScalarType.q8_0.byteCount(shape: []) == nil)
    #expect(ScalarType.q8_0.byteCount(shape: [32, 33]) == nil)
    #expect(ScalarType.q4_k.byteCount(shape: [128]) == nil)
    #expect(ScalarType.f32.byteCount(shape: [-1]) == nil)
    #expect(ScalarType.f32.byteCount(shape: [-2, -2]) == nil)
    #expect(ScalarType.i8.byteCount(shape: [Int.max, 2]) == nil)
    #expect(ScalarType.i8.byteCount(shape: [1 << 32, 1 << 32]) == nil)
    #expect(ScalarType.f16.byteCount(shape: [Int.max / 2 + 1]) == nil)
    #expect(ScalarType.f32.byteCount(shape: [Int.max / 4 + 1]) == nil)
    // The bytes would fit into an Int, the number of elements does not.
    #expect(ScalarType.q4_0.byteCount(shape: [1 << 53, 3 << 9]) == nil)
  }

  @Test func typesHaveNames() {
    for type in ScalarType.allCases {
      #expect(ScalarType(name: type.name) == type)
      #expect(ScalarType(name: type.name.uppercased()) == type)
      #expect(type.isQuantized == (type.blockSize > 1))
    }
    #expect(ScalarType.allCases.map(\.name).prefix(6) == ["f32", "f16", "q4_0", "q8_0", "q4_k", "q6_k"])
    #expect(ScalarType(name: "q5_1") == nil)
    #expect(ScalarType(rawValue: 39) == nil)
    #expect(ScalarType.allCases.filter { !$0.isFloatingPoint } == [.i8, .i16, .i32, .i64])
  }

  @Test func rowBufferGrowsAndForgets() {
    let buffer = RowBuffer(capacity: 5, width: 3)
    #expect(buffer.contents.shape == [0, 3])
    let rows = Tensor((0..<12).map(Float.init), shape: [4, 3])
    buffer.append(rows.rows(0..<3))
    buffer.append(rows.rows(3..<4))
    #expect(buffer.count == 4 && buffer.contents.floatArray() == rows.floatArray())
    buffer.truncate(to: 1)
    buffer.append(Tensor(repeating: 9, shape: [4, 3]))
    #expect(buffer.count == 5 && buffer.contents.floatArray() == [0, 1, 2] + [Float](repeating: 9, count: 12))
    buffer.truncate(to: 0)
    #expect(buffer.contents.count == 0)
  }

  @Test func halfRowBufferRounds() {
    let buffer = RowBuffer(capacity: 3, width: 2, type: .f16)
    buffer.append(Tensor([1, 1.0001], shape: [1, 2]))
    buffer.append(Tensor([-3, 0.1, 7, 65504], shape: [2, 2]))
    buffer.truncate(to: 2)
    buffer.append(Tensor([5, 1e-7], shape: [1, 2]))
    #expect(buffer.contents.type == .f16 && buffer.contents.shape == [3, 2])
    #expect(buffer.contents.floatArray() == [1, 1, -3, 0.1, 5, 1e-7].map { Float(Float16($0)) })
  }

  /// A container's limit counts, less what is in use but could be given back.
  @Test func controlGroupsLimitMemory() throws {
    let name = "group-\(UInt64.random(in: 0...UInt64.max))"
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(SystemMemory.availableInGroup(folder.path) == nil)
    func write(_ name: String, _ text: String) throws {
      try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }
    try write("memory.current", "700\n")
    try write("memory.max", "max\n")
    #expect(SystemMemory.availableInGroup(folder.path) == nil)
    try write("memory.max", "1000\n")
    #expect(SystemMemory.availableInGroup(folder.path) == 300)
    try write("memory.stat", "anon 600\ninactive_file 50\nactive_file 20\n")
    #expect(SystemMemory.availableInGroup(folder.path) == 370)
    try write("memory.current", "2000\n")
    #expect(SystemMemory.availableInGroup(folder.path) == 0)
  }
}
