import Testing

@testable import Tensors

/// Attention to keys and values as a KV cache of f16 has them.
struct HalfAttentionTests {
  /// Few queries read halves, more have keys decoded as they lie there, many in a copy; the keys end in the midst of a
  /// part of 64. With few queries sums come in another order.
  @Test(arguments: [1, 4, 5, 30, 70])
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
      let (found, expected) = (halves.floatArray(), floats.floatArray())
      if queries > 4 {
        #expect(found.map(\.bitPattern) == expected.map(\.bitPattern))
      } else {
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-5 })
      }
    }
  }
}
