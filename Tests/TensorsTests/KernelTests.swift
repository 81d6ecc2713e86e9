import CKernels
import Foundation
import Testing

@testable import Tensors

/// Every kernel of every instruction set against sums in Double and against the scalar set.
@Suite struct KernelTests {
  @Test func thisProcessorsSetIsAvailable() {
    let chosen = String(cString: ckernels().pointee.name)
    #expect(KernelSet.available.map(\.name).contains(chosen))
    #expect(ckernels_named("sse9") == nil)
  }

  @Test(arguments: KernelSet.available)
  func dotProducts(set: KernelSet) {
    for (n, kind) in KernelSet.sizes.flatMap({ n in Numbers.allCases.map { (n, $0) } }) {
      let x = kind.make(n, seed: 1)
      let weights = kind.make(n, seed: 2)
      for (type, dot) in [
        (ScalarType.f32, set.table.dot_f32), (.f16, set.table.dot_f16), (.bf16, set.table.dot_bf16),
      ] where type != .f16 || kind != .large && kind != .mixed {
        let row = Tensor(weights, shape: [n]).converted(to: type)
        let found = x.withUnsafeBufferPointer { dot(row.address, $0.baseAddress!, n) }
        expectSum(of: zip(row.floatArray(), x).map { Double($0) * Double($1) }, found, "\(type) \(kind) \(n)")
      }
    }
  }

  /// A query and one head's columns of f16 keys and values, against sums in Double.
  @Test(arguments: KernelSet.available)
  func halvesOfAHead(set: KernelSet) {
    for n in KernelSet.sizes {
      for count in [0, 1, 2, 7] {
        let (stride, q) = (n + 3, Numbers.ordinary.make(n, seed: 1))
        let weights = Numbers.ordinary.make(max(count, 1), seed: 2)
        let rows = Tensor(Numbers.ordinary.make(7 * stride, seed: 3), shape: [7, stride]).converted(to: .f16)
        let values = rows.floatArray()
        let scores = withGuarded(count) { set.table.scores_f16(q, rows.address, 2 * stride, count, n, 0.25, $0) }
        for j in 0..<count {
          expectSum(of: (0..<n).map { 0.25 * Double(q[$0]) * Double(values[j * stride + $0]) }, scores[j], "\(n)")
        }
        let sums = withGuarded(n) { y in
          for i in 0..<n { y[i] = q[i] }
          set.table.add_weighted_f16(weights, rows.address, 2 * stride, count, n, y)
        }
        for i in 0..<n {
          let products = (0..<count).map { Double(weights[$0]) * Double(values[$0 * stride + i]) }
          expectSum(of: products + [Double(q[i])], sums[i], "\(n) × \(count)")
        }
      }
    }
  }

  @Test(arguments: KernelSet.available)
  func conversions(set: KernelSet) {
    var numbers = RandomNumbers(seed: 3)
    for (type, convert, scalar) in [
      (ScalarType.f16, set.table.f16_to_f32, KernelSet.scalar.table.f16_to_f32),
      (.bf16, set.table.bf16_to_f32, KernelSet.scalar.table.bf16_to_f32),
      (.q8_0, set.table.q8_0_to_f32, KernelSet.scalar.table.q8_0_to_f32),
      (.q4_0, set.table.q4_0_to_f32, KernelSet.scalar.table.q4_0_to_f32),
      (.q4_k, set.table.q4_k_to_f32, KernelSet.scalar.table.q4_k_to_f32),
      (.q6_k, set.table.q6_k_to_f32, KernelSet.scalar.table.q6_k_to_f32),
    ] {
      for blocks in type.blockSize > 1 ? Array(1...9) : KernelSet.sizes {
        let n = blocks * type.blockSize
        let source = (0..<blocks * type.bytesPerBlock).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        let found = withGuarded(n) { target in source.withUnsafeBytes { convert($0.baseAddress!, target, n) } }
        let expected = withGuarded(n) { target in source.withUnsafeBytes { scalar($0.baseAddress!, target, n) } }
        #expect(zip(found, expected).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }, "\(type) \(n)")
      }
    }
  }

  /// Any bits at all, and numbers that halves have room for.
  @Test(arguments: KernelSet.available)
  func halves(set: KernelSet) {
    var numbers = RandomNumbers(seed: 31)
    for n in KernelSet.sizes {
      let source = (0..<n).map { index in
        let bits = Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &numbers))
        return index % 2 == 0
          ? bits
          : Float.random(in: -1...1, using: &numbers) * Float(sign: .plus, exponent: index % 40 - 25, significand: 1)
      }
      var found = [UInt16](repeating: 0xabcd, count: n + 1)
      set.table.f32_to_f16(source, &found, n)
      let expected = source.map { Float16($0) }
      let isEqual = zip(found, expected).allSatisfy {
        $0 == $1.bitPattern || Float16(bitPattern: $0).isNaN && $1.isNaN
      }
      #expect(isEqual, "\(n)")
      #expect(found[n] == 0xabcd)
      set.table.f32_to_bf16(source, &found, n)
      #expect(zip(found, source).allSatisfy { $0 == KernelSet.bf16($1) } && found[n] == 0xabcd, "\(n)")
    }
  }

  @Test(arguments: KernelSet.available)
  func additionsSumsAndMaxima(set: KernelSet) {
    for (n, kind) in KernelSet.sizes.flatMap({ n in Numbers.allCases.map { (n, $0) } }) {
      let (x, y) = (kind.make(n, seed: 4), kind.make(n, seed: 5))
      let found = withGuarded(n) { target in
        target.update(from: y, count: n)
        set.table.add_scaled(target, x, -0.3, n)
      }
      for i in 0..<n {
        expectSum(of: [Double(y[i]), Double(-0.3 as Float) * Double(x[i])], found[i], "add \(kind) \(n)")
      }
      expectSum(of: x.map(Double.init), set.table.sum(x, n), "sum \(kind) \(n)")
      #expect(set.table.maximum(x, n) == x.max())
      // The largest at every place, the others far below.
      var spiked = x.map { -abs($0) - 1 }
      for place in [0, n / 2, n - 1] {
        spiked[place] = -0.5
        #expect(set.table.maximum(spiked, n) == -0.5)
        spiked[place] = -2
      }
    }
  }

  @Test(arguments: KernelSet.available)
  func norms(set: KernelSet) {
    for n in KernelSet.sizes {
      for kind in [Numbers.ordinary, .tiny, .denormal, .zeros, .equal] {
        let x = kind.make(n, seed: 6)
        let (weight, bias) = (Numbers.ordinary.make(n, seed: 7), Numbers.ordinary.make(n, seed: 8))
        let values = { (x: [Float]) in Values([x.count], x.map(Double.init)) }
        for hasBias in [true, false] {
          let expected = Textbook.layerNorm(values(x), values(weight), hasBias ? values(bias) : nil, epsilon: 1e-5)
          var statistics: [Float] = [.nan, .nan]
          let found = withGuarded(n) { y in
            bias.withUnsafeBufferPointer { bias in
              set.table.layer_norm(x, weight, hasBias ? bias.baseAddress : nil, 1e-5, y, &statistics, n)
            }
          }
          // The mean's rounding error is divided by as little as √ε where all values are equal.
          expectNear(found, expected.elements, 2e-4, "layer_norm \(kind) \(n)")
          let withoutStatistics = withGuarded(n) { set.table.layer_norm(x, weight, nil, 1e-5, $0, nil, n) }
          #expect(hasBias || withoutStatistics == found)
          #expect(abs(Double(statistics[0]) - x.map(Double.init).reduce(0, +) / Double(n)) < 1e-6)
        }
        let expected = Textbook.rmsNorm(values(x), values(weight), epsilon: 1e-5)
        var reciprocal = Float.nan
        let found = withGuarded(n) { set.table.rms_norm(x, weight, 1e-5, $0, &reciprocal, n) }
        expectNear(found, expected.elements, 1e-5, "rms_norm \(kind) \(n)")
        #expect(withGuarded(n) { set.table.rms_norm(x, weight, 1e-5, $0, nil, n) } == found)
        let meanSquare = x.reduce(0) { $0 + Double($1) * Double($1) } / Double(n)
        #expect(abs(Double(reciprocal) * (meanSquare + 1e-5).squareRoot() - 1) < 1e-5)
      }
    }
  }

  /// Small products of all shapes around a tile, with strides, into a guarded matrix.
  @Test(arguments: KernelSet.available)
  func products(set: KernelSet) {
    for (m, n, k) in [
      (1, 1, 1), (1, 16, 3), (2, 15, 5), (3, 17, 1), (4, 8, 9), (5, 33, 2), (6, 16, 32), (7, 31, 8), (13, 48, 40),
      (12, 7, 0), (64, 65, 32), (7, 9, 300), (3, 5, 600),
    ] {
      let (a, b) = (Numbers.ordinary.make((m + 1) * (k + 1), seed: 1), Numbers.ordinary.make(k * (n + 3) + n, seed: 2))
      let start = Numbers.ordinary.make(m * (n + 2), seed: 3)
      for (transposed, adding) in [(false, false), (true, false), (false, true), (true, true)] {
        let (row, column) = transposed ? (1, m + 1) : (k + 1, 1)
        let found = withGuarded(m * (n + 2)) { c in
          c.update(from: start, count: start.count)
          set.table.product(m, n, k, 0.5, a, row, column, b, n + 3, adding, c, n + 2)
        }
        for i in 0..<m {
          for j in 0..<n + 2 {
            let old = Double(start[i * (n + 2) + j])
            let products = (0..<k).map { 0.5 * Double(a[i * row + $0 * column]) * Double(b[$0 * (n + 3) + j]) }
            let addends = j >= n ? [old] : (adding ? [old] : []) + products
            expectSum(of: addends, found[i * (n + 2) + j], "\(m)×\(n)×\(k) at \(i), \(j)")
          }
        }
      }
    }
    // An element is the same sum beside few others as beside many: attention may cut its keys anywhere.
    for (k, transposed, adding) in [(32, false, true), (300, true, false), (512, false, true), (513, false, true)] {
      let (a, b) = (Numbers.ordinary.make(7 * k, seed: 1), Numbers.ordinary.make(k * 33, seed: 2))
      let (row, column) = transposed ? (1, 7) : (k, 1)
      func columns(_ n: Int) -> [[Float]] {
        let c = withGuarded(7 * n) { c in
          for i in 0..<7 * n { c[i] = Float(i / n) - Float(i % n) / 7 }
          set.table.product(7, n, k, 0.3, a, row, column, b, 33, adding, c, n)
        }
        return (0..<7).map { Array(c[$0 * n..<($0 + 1) * n]) }
      }
      let whole = columns(33)
      for n in [1, 5, 15, 17] {
        let isSame = zip(columns(n), whole).allSatisfy { $0.map(\.bitPattern) == $1.prefix(n).map(\.bitPattern) }
        #expect(isSame, "\(n) columns of 33, \(k) products")
      }
    }
    for (rows, columns) in [(1, 1), (7, 5), (8, 3), (20, 33)] {
      let source = Numbers.ordinary.make(rows * (columns + 1), seed: 1)
      let found = withGuarded(columns * rows) { set.table.transpose(source, columns + 1, $0, rows, rows, columns) }
      #expect(found == (0..<columns).flatMap { c in (0..<rows).map { source[$0 * (columns + 1) + c] } })
    }
  }

  /// The same masks and nearly the same steps on every processor.
  @Test(arguments: KernelSet.available)
  func trainingKernels(set: KernelSet) {
    for n in KernelSet.sizes {
      let (x, dy) = (Numbers.ordinary.make(n, seed: 1), Numbers.ordinary.make(n, seed: 2))
      let (threshold, first) = (UInt32(1) << 30, UInt64(1) << 32 - 20)
      let dropped = withGuarded(n) { set.table.dropout(x, $0, n, first, 99, threshold, 2) }
      let expected = withGuarded(n) { KernelSet.scalar.table.dropout(x, $0, n, first, 99, threshold, 2) }
      #expect(dropped == expected)
      expectNear(
        withGuarded(n) { set.table.sigmoid(x, $0, n) }, x.map { Textbook.sigmoid(Double($0)) }, 1e-6, "sigmoid")
      expectNear(
        withGuarded(n) { set.table.sigmoid_backward(x, dy, $0, n) },
        zip(x, dy).map { Double($1) * Double($0) * (1 - Double($0)) }, 1e-6, "sigmoid_backward")
      expectNear(
        withGuarded(n) {
          $0.update(from: dy, count: n)
          set.table.softmax_backward(x, 0.5, $0, n)
        }, zip(x, dy).map { Double($0) * (Double($1) - 0.5) }, 1e-6, "softmax_backward")
      expectNear(
        withGuarded(n) {
          $0.update(from: x, count: n)
          set.table.scale($0, -3, n)
        }, x.map { -3 * Double($0) }, 1e-6, "scale")
    }
    var y: [Float] = [0, 0, 0, 0, 0]
    set.table.sigmoid([100, -100, .nan, 1e30, -.infinity], &y, 5)
    #expect(y[0] == 1 && y[1] < 1e-37 && y[1] >= 0 && y[2].isNaN && y[3] == 1 && y[4] < 1e-37)
  }

  @Test(arguments: KernelSet.available)
  func activationsKeepWithinTheirRows(set: KernelSet) {
    for n in KernelSet.sizes {
      let (x, dy) = (Numbers.ordinary.make(n, seed: 10), Numbers.ordinary.make(n, seed: 11))
      for (forward, backward, formula, slope) in [
        (set.table.gelu, set.table.gelu_backward, Textbook.gelu, Textbook.geluSlope),
        (set.table.gelu_tanh, set.table.gelu_tanh_backward, Textbook.geluTanh, Textbook.geluTanhSlope),
      ] {
        expectNear(withGuarded(n) { forward(x, $0, n) }, x.map { formula(Double($0)) }, 2e-6, "forward \(n)")
        let dx = withGuarded(n) { backward(x, dy, $0, n) }
        expectNear(dx, zip(x, dy).map { Double($1) * slope(Double($0)) }, 5e-6, "backward \(n)")
      }
      var sum: Float = 0
      let powers = withGuarded(n) {
        $0.update(from: x, count: n)
        sum = set.table.exp_shifted($0, 3.5, n)
      }
      expectNear(powers, x.map { exp(Double($0) - 3.5) }, 1e-6, "exp_shifted \(n)")
      expectSum(of: powers.map(Double.init), sum, "sum of exp_shifted")
    }
  }
}

/// Expects a float sum: its error is measured against the sum of the addends' magnitudes.
func expectSum(
  of addends: [Double], _ found: Float, _ what: @autoclosure () -> String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let (sum, magnitude) = addends.reduce((0, 0)) { ($0.0 + $1, $0.1 + abs($1)) }
  // Each addend may lose half of the smallest denormal number.
  let limit = 1e-5 * magnitude + 1e-45 * Double(addends.count)
  if !(abs(Double(found) - sum) <= limit) {
    Issue.record("\(what()): \(found) instead of \(sum)", sourceLocation: sourceLocation)
  }
}

private func expectNear(
  _ found: [Float], _ expected: [Double], _ tolerance: Double, _ what: @autoclosure () -> String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  for i in expected.indices where !(abs(Double(found[i]) - expected[i]) <= tolerance * max(1, abs(expected[i]))) {
    Issue.record("\(what()) at \(i): \(found[i]) instead of \(expected[i])", sourceLocation: sourceLocation)
    return
  }
}
