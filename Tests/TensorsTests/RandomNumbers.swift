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
}
