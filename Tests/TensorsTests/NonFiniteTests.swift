import CKernels
import Testing

@testable import Tensors

/// NaN and infinity in weights or activations must reach the result, where generation looks for them: no clamp, maximum
/// or conversion to integers may swallow one.
@Suite struct NonFiniteTests {
  static let bad: [Float] = [.nan, -.nan, .infinity, -.infinity]

  /// Every operation gives a result that is not finite when an element of an input is not, wherever it stands.
  @Test(arguments: bad)
  func everyNormAndProductShowsIt(bad: Float) {
    for place in [0, 3, 31, 32, 62, 63] {
      var values = RandomNumbers.values(64)
      values[place] = bad
      let x = Tensor(values, shape: [1, 64])
      let weight = Tensor(RandomNumbers.values(64 * 64), shape: [64, 64])
      let ones = Tensor(repeating: 1, shape: [64])
      #expect(!x.layerNorm(weight: ones, bias: ones, epsilon: 1e-5).isFinite)
      #expect(!x.rmsNorm(weight: ones, epsilon: 1e-5).isFinite)
      #expect(!x.plus(x, times: 0).isFinite)
      #expect(!x.total().isFinite)
      #expect(!x.crossEntropy(targets: [5]).isFinite || bad == -.infinity && place != 5)
      for type in [ScalarType.f32, .f16, .bf16, .q8_0, .q4_0] {
        for rows in [1, 4, 5] {
          let stack = Tensor.concatenatingRows(Array(repeating: x, count: rows))
          #expect(!stack.linear(weight.converted(to: type)).isFinite, "\(type), \(rows) rows")
        }
      }
      // As one key or value among several, and as a query.
      let clean = Tensor(RandomNumbers.values(64 * 3), shape: [3, 64])
      let mixed = Tensor.concatenatingRows([clean, x])
      #expect(!clean.attention(keys: clean, values: mixed.rows(1..<4), heads: 2, causal: false).isFinite)
      if bad.isNaN {
        #expect(!clean.attention(keys: mixed.rows(1..<4), values: clean, heads: 2, causal: false).isFinite)
        #expect(!x.attention(keys: clean, values: clean, heads: 2, causal: false).isFinite)
        #expect(x.activated(.gelu).floatArray()[place].isNaN)
        #expect(x.activated(.geluTanh).floatArray()[place].isNaN)
      }
      if bad == .infinity {
        #expect(!x.activated(.gelu).isFinite)
        #expect(!x.activated(.geluTanh).isFinite)
      }
    }
  }

  @Test(arguments: bad)
  func quantizedWeightsKeepIt(bad: Float) {
    for type in [ScalarType.f16, .bf16, .q8_0, .q4_0] {
      for place in [0, 15, 16, 31] {
        var values = RandomNumbers.values(64)
        values[place] = bad
        let encoded = Tensor(values, shape: [2, 32]).converted(to: type)
        #expect(!encoded.converted(to: .f32).isFinite, "\(type)")
        let clean = Tensor(repeating: 1, shape: [6, 32])
        #expect(!clean.linear(encoded).isFinite, "\(type), decoded")
        #expect(!clean.rows(0..<2).linear(encoded).isFinite, "\(type), as stored")
      }
    }
  }

  @Test(arguments: KernelSet.available)
  func kernelsKeepIt(set: KernelSet) {
    for n in [1, 7, 8, 9, 31, 33, 64] {
      for place in Set([0, n / 2, n - 1]) {
        var x = RandomNumbers.values(n)
        x[place] = .nan
        #expect(set.table.sum(x, n).isNaN)
        #expect(set.table.dot_f32(x, x, n).isNaN)
        #expect(!set.table.maximum(x, n).isNaN, "the others' maximum; the exponential shows the NaN")
        var y = x
        #expect(set.table.exp_shifted(&y, set.table.maximum(x, n), n).isNaN)
        #expect(y[place].isNaN)
        set.table.gelu(x, &y, n)
        #expect(y.indices.allSatisfy { y[$0].isNaN == ($0 == place) })
        set.table.gelu_tanh(x, &y, n)
        #expect(y.indices.allSatisfy { y[$0].isNaN == ($0 == place) })
      }
    }
  }
}

extension RandomNumbers {
  fileprivate static func values(_ count: Int) -> [Float] {
    var numbers = RandomNumbers(seed: UInt64(count))
    return numbers.normals(count)
  }
}
