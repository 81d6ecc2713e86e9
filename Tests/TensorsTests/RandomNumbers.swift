import CKernels

@testable import Tensors

/// The same numbers on every machine.
struct RandomNumbers: RandomNumberGenerator {
  private var generator: SplitMix64

  init(seed: UInt64) { generator = SplitMix64(state: seed) }

  mutating func next() -> UInt64 { generator.next() }

  /// Of mean 0, variance 1, between −3.5 and 3.5: the sum of twelve uniform numbers.
  mutating func normal() -> Float {
    var sum: Float = -6
    for _ in 0..<12 { sum += Float.random(in: 0..<1, using: &self) }
    return max(-3.5, min(3.5, sum))
  }

  mutating func normals(_ count: Int, scale: Float = 1) -> [Float] { (0..<count).map { _ in normal() * scale } }
}

extension Tensor {
  /// Normally distributed values.
  static func random(_ shape: [Int], seed: UInt64, scale: Float = 1) -> Tensor {
    var numbers = RandomNumbers(seed: seed)
    return Tensor(numbers.normals(shape.reduce(1, *), scale: scale), shape: shape)
  }

  /// A weight of random content: encoded where we can write the type, random bytes where we only read it.
  static func stored(_ shape: [Int], _ type: ScalarType) -> Tensor {
    if type.isEncodable { return Tensor.random(shape, seed: 2, scale: 0.1).converted(to: type) }
    var numbers = RandomNumbers(seed: 12)
    let tensor = Tensor(uninitialized: shape, type: type)
    let bytes = tensor.address.assumingMemoryBound(to: UInt8.self)
    for i in 0..<tensor.byteCount { bytes[i] = UInt8.random(in: 0...255, using: &numbers) }
    switch type {
    case .f64:
      for i in 0..<tensor.count {
        tensor.address.storeBytes(of: Double(numbers.normal()), toByteOffset: 8 * i, as: Double.self)
      }
    case .q4_k, .q6_k:
      // Scales of an ordinary size where random bytes would give infinity.
      for block in stride(from: 0, to: tensor.byteCount, by: type.bytesPerBlock) {
        for offset in type == .q4_k ? [0, 2] : [208] {
          let scale = ckernels_f16_from_f32(numbers.normal() * 0.01)
          tensor.address.storeBytes(of: scale, toByteOffset: block + offset, as: UInt16.self)
        }
      }
    default: break
    }
    return tensor
  }
}
