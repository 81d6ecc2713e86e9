import Synchronization

/// Recycles the memory of activations: a forward pass asks for the same sizes again and again, and fresh pages from the
/// system would cost a page fault each.
///
/// Blocks are rounded up to a power of two or one and a half of one; at most ``ceiling`` bytes wait for reuse.
final class BufferPool: Sendable {
  static let shared = BufferPool(ceiling: 1 << 30)

  /// How many bytes may lie idle before blocks go back to the system.
  let ceiling: Int

  private struct State {
    var idle: [Int: [UInt]] = [:]
    var idleBytes = 0
  }
  private let state = Mutex(State())

  /// How many bytes lie idle.
  var idleBytes: Int { state.withLock { $0.idleBytes } }

  init(ceiling: Int) { self.ceiling = ceiling }

  /// The size of the block that serves a request.
  static func capacity(for byteCount: Int) -> Int {
    let wanted = max(byteCount, 64)
    let power = 1 << (Int.bitWidth - (wanted - 1).leadingZeroBitCount)
    let threeQuarters = power / 4 * 3
    return threeQuarters >= wanted && threeQuarters % 64 == 0 ? threeQuarters : power
  }

  func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let capacity = Self.capacity(for: byteCount)
    let reused: UInt? = state.withLock { state in
      guard let block = state.idle[capacity]?.popLast() else { return nil }
      state.idleBytes -= capacity
      return block
    }
    if let reused, let pointer = UnsafeMutableRawPointer(bitPattern: reused) { return pointer }
    return .allocate(byteCount: capacity, alignment: 64)
  }

  func give(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
    let capacity = Self.capacity(for: byteCount)
    let kept = state.withLock { state in
      guard state.idleBytes + capacity <= ceiling else { return false }
      state.idle[capacity, default: []].append(UInt(bitPattern: pointer))
      state.idleBytes += capacity
      return true
    }
    if !kept { pointer.deallocate() }
  }
}
