@testable import Tensors

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine.
struct RandomNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

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
