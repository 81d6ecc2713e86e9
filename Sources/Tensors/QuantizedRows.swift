import CKernels

/// The rows of an f32 matrix as int8 with a scale for every 32 of them: what quantised weights are multiplied with.
struct QuantizedRows {
  private let storage: TensorStorage
  private let width: Int
  private let start: ckernels_q8_rows

  /// Rounds the rows of `x`, whose width is a multiple of 32.
  init(_ x: Tensor) {
    let (rows, width) = (x.rows, x.width)
    let blocks = rows * width / 32
    let storage = TensorStorage(byteCount: blocks * (32 + 4 + 4))
    let scale = storage.address + blocks * 32
    let start = ckernels_q8_rows(
      q: storage.address.assumingMemoryBound(to: Int8.self), scale: scale.assumingMemoryBound(to: Float.self),
      offset: (scale + blocks * 4).assumingMemoryBound(to: UInt32.self))
    (self.storage, self.width, self.start) = (storage, width, start)
    let source = x.floats
    ThreadPool.shared.forEachRange(of: rows, grain: x.rowGrain) { range in
      let (first, block) = (range.lowerBound * width, range.lowerBound * width / 32)
      kernels.quantize_q8(
        source + first, range.count * width, start.q + first, start.scale + block, start.offset + block)
    }
  }

  /// Calls `body` with the rows from `first` on.
  func withRows(from first: Int, _ body: (UnsafePointer<ckernels_q8_rows>) -> Void) {
    let block = first * width / 32
    let rows = ckernels_q8_rows(q: start.q + first * width, scale: start.scale + block, offset: start.offset + block)
    withExtendedLifetime(storage) { withUnsafePointer(to: rows, body) }
  }
}
