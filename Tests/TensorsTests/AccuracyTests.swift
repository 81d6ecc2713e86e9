import CKernels
import Foundation
import Testing

@testable import Tensors

/// How far the kernels' exponential, GELU and its slope are from Glibc's in Double, over the range that matters and
/// beyond it.
@Suite struct AccuracyTests {
  /// −10 to 10 in small steps, then to ±1e4 in large ones; no multiple of a vector's width.
  static let sweep: [Float] = {
    let fine = (0...20001).map { Float($0) * 1e-3 - 10.0005 }
    let coarse = (0...999).map { 10 + Float($0) * 10 }
    let special: [Float] = [
      0, -0.0, 1e-20, -1e-20, 0x1p-133, 5e-3, 0.0099, 0.0101, -0.0101, 3.9999, 4, 5.656, 5.657, 5.658, -5.657,
    ]
    return fine + coarse + coarse.map { -$0 } + special
  }()

  @Test(arguments: KernelSet.available)
  func exponentials(set: KernelSet) {
    for shift in [Float(0), 5, 90] {
      let x = Self.sweep.filter { $0 - shift <= 88 }
      var y = x
      let sum = set.table.exp_shifted(&y, shift, y.count)
      #expect(abs(Double(sum) / y.reduce(0) { $0 + Double($1) } - 1) < 1e-5)
      for (x, y) in zip(x, y) {
        let exact = exp(Double(x - shift))
        // Relative where the result is a normal number, else indistinguishable from zero beside the row's largest, 1.
        let limit = x - shift < -87 ? 2e-38 : 5e-7 * exact
        if !(abs(Double(y) - exact) <= limit) { Issue.record("exp(\(x) − \(shift)) = \(y) instead of \(exact)") }
      }
    }
  }

  @Test(arguments: KernelSet.available)
  func activations(set: KernelSet) {
    let (x, n) = (Self.sweep, Self.sweep.count)
    for (name, forward, formula) in [
      ("gelu", set.table.gelu, Textbook.gelu), ("gelu_tanh", set.table.gelu_tanh, Textbook.geluTanh),
    ] {
      var y = [Float](repeating: .nan, count: n)
      forward(x, &y, n)
      for (x, y) in zip(x, y) {
        let exact = formula(Double(x))
        if !(abs(Double(y) - exact) <= 5e-7 * abs(Double(x)) && (x > -20 || y == 0)) {
          Issue.record("\(name)(\(x)) = \(y) instead of \(exact)")
        }
      }
    }
  }

  @Test(arguments: KernelSet.available)
  func slopes(set: KernelSet) {
    let (x, n) = (Self.sweep, Self.sweep.count)
    for (name, backward, slope) in [
      ("gelu", set.table.gelu_backward, Textbook.geluSlope),
      ("gelu_tanh", set.table.gelu_tanh_backward, Textbook.geluTanhSlope),
    ] {
      var y = [Float](repeating: 0, count: n)
      backward(x, [Float](repeating: 1, count: n), &y, n)
      for (x, y) in zip(x, y) where !(abs(Double(y) - slope(Double(x))) <= 3e-6) {
        Issue.record("\(name)′(\(x)) = \(y) instead of \(slope(Double(x)))")
      }
    }
  }

  /// Beyond any sensible activation: still the limit values, and no NaN from finite numbers.
  @Test(arguments: KernelSet.available)
  func hugeArguments(set: KernelSet) {
    let x: [Float] = [1e6, -1e6, 1e13, -1e13, 1e20, -1e20, 3e38, -3e38, 1]
    let n = x.count
    for (forward, backward) in [
      (set.table.gelu, set.table.gelu_backward), (set.table.gelu_tanh, set.table.gelu_tanh_backward),
    ] {
      var y = [Float](repeating: .nan, count: n)
      forward(x, &y, n)
      #expect(y.dropLast() == x.dropLast().map { max($0, 0) })
      var dx = [Float](repeating: 0, count: n)
      backward(x, [Float](repeating: 1, count: n), &dx, n)
      for (x, dx) in zip(x.dropLast(), dx) { #expect(abs(dx - (x > 0 ? 1 : 0)) <= 1e-6, "slope at \(x)") }
    }
  }
}
