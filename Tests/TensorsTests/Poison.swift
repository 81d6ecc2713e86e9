@testable import Tensors

/// Memory that betrays its misuse: what nobody has written, and what lies around an input, is NaN.
enum Poison {
  private static let pattern: UInt32 = 0x7fc0_dead
  private static let margin = 16

  /// Fills the pool's idle blocks for tensors of up to `largest` bytes, so that a kernel that reads what it has not
  /// written gives NaN.
  static func fillIdleMemory(largest: Int = 1 << 21) {
    var tensors: [Tensor] = []
    var bytes = 64
    while bytes <= largest {
      // A capacity and the one and a half times as large: every size that the pool hands out.
      for size in Set([bytes, bytes / 2 * 3].map(BufferPool.capacity(for:))) {
        for _ in 0..<(size > 1 << 18 ? 4 : 12) { tensors.append(Tensor(uninitialized: [size / 4])) }
      }
      bytes *= 2
    }
    for tensor in tensors { words(of: tensor.storage).update(repeating: pattern) }
  }

  /// The values between margins of NaN.
  static func surrounding(_ values: [Float], shape: [Int]) -> Tensor {
    let storage = TensorStorage(byteCount: 4 * (values.count + 2 * margin))
    words(of: storage).update(repeating: pattern)
    let tensor = Tensor(shape: shape, type: .f32, storage: storage, byteOffset: 4 * margin)
    tensor.floats.update(from: values, count: values.count)
    return tensor
  }

  /// Whether a tensor made by ``surrounding(_:shape:)`` and its margins are as they were.
  static func isIntact(_ tensor: Tensor, _ values: [Float]) -> Bool {
    let words = words(of: tensor.storage)
    return Array(words.dropFirst(margin).dropLast(margin)) == values.map(\.bitPattern)
      && (words.prefix(margin) + words.suffix(margin)).allSatisfy { $0 == pattern }
  }

  private static func words(of storage: TensorStorage) -> UnsafeMutableBufferPointer<UInt32> {
    UnsafeMutableBufferPointer(
      start: storage.address.assumingMemoryBound(to: UInt32.self), count: storage.byteCount / 4)
  }
}
