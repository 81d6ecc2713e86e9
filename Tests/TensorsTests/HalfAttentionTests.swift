import Testing

@testable import Tensors

/// Attention to keys and values as a KV cache of f16 has them.
struct HalfAttentionTests {
  /// Few queries use keys as they lie there, many a copy; the keys end in the midst of a part of 64.
  @Test(arguments: [1, 4, 30, 70])
  func halvesCountAsTheFloatsThatTheyStandFor(_ queries: Int) {
    var numbers = SplitMix64(state: UInt64(queries))
    func tensor(_ rows: Int) -> Tensor {
      Tensor((0..<rows * 24).map { _ in Float(numbers.nextUnit() * 4 - 2) }, shape: [rows, 24])
    }
    let (q, k, v) = (tensor(queries), tensor(131).converted(to: .f16), tensor(131).converted(to: .f16))
    for causal in [false, true] {
      let halves = q.attention(keys: k, values: v, heads: 3, causal: causal)
      let floats = q.attention(
        keys: k.converted(to: .f32), values: v.converted(to: .f32), heads: 3, causal: causal)
      #expect(halves.floatArray().map(\.bitPattern) == floats.floatArray().map(\.bitPattern))
    }
  }
}
