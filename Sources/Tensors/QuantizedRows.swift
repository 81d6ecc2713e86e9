import CKernels

/// The rows of an f32 matrix as int8 with a scale for every 32 of them: what quantised weights are multiplied with.
struct QuantizedRows {
  private let storage: TensorStorage
  /// Where they lie, as long as this is there.
  let rows: ckernels_q8_rows

  /// Rounds the rows of `x`, whose width is a multiple of 32, after an activation function where there is one: what that
  /// gives goes nowhere else, and stays in a cache.
  init(_ x: Tensor, after activation: Activation? = nil) {
    let count = x.count
    let blocks = count / 32
    let storage = TensorStorage(byteCount: blocks * (32 + 4 + 4))
    let scale = storage.address + blocks * 32
    let start = ckernels_q8_rows(
      q: storage.address.assumingMemoryBound(to: Int8.self), scale: scale.assumingMemoryBound(to: Float.self),
      offset: (scale + blocks * 4).assumingMemoryBound(to: UInt32.self))
    (self.storage, rows) = (storage, start)
    let source = x.floats
    ThreadPool.shared.forEachRange(of: count, grain: count > 65536 ? 16384 : 4096) { range in
      let (first, block) = (range.lowerBound, range.lowerBound / 32)
      func round(_ floats: UnsafePointer<Float>) {
        kernels.quantize_q8(floats, range.count, start.q + first, start.scale + block, start.offset + block)
      }
      guard let activation else { return round(source + first) }
      withScratch(range.count) { activated in
        activation.forward(source + first, activated, range.count)
        round(activated)
      }
    }
  }
}
