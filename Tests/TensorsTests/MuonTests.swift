import Testing

@testable import Tensors

struct MuonTests {
  /// Singular values each go their own way: x ← ax + bx³ + cx⁵, five times, after division by the norm of all.
  @Test(arguments: [(3, 3), (3, 5), (5, 3)]) func singularValuesMoveToOne(rows: Int, width: Int) {
    let singular: [Float] = [3, 1, 0.1]
    let x = Tensor(repeating: 0, shape: [rows, width])
    for i in 0..<3 { x.floats[i * width + i] = singular[i] }
    MuonStep.orthogonalize(x.floats, rows: rows, width: width, rounds: false)
    let norm = singular.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for (i, value) in singular.enumerated() {
      var expected = value / norm
      for _ in 0..<5 {
        let cube = expected * expected * expected
        expected = 3.4445 * expected - 4.7750 * cube + 2.0315 * cube * expected * expected
      }
      #expect(abs(x.floats[i * width + i] - expected) < 1e-4)
      #expect((0.5...1.3).contains(expected))
    }
    // What was zero off the diagonal stays so.
    let isDiagonal = (0..<rows * width).allSatisfy { $0 / width == $0 % width || abs(x.floats[$0]) < 1e-5 }
    #expect(isDiagonal)
  }

  /// Rounded to bf16 the iterations end as near to 1, and in the same directions.
  @Test(arguments: [(24, 24), (16, 40), (40, 16)]) func roundedIterationsEndNearby(rows: Int, width: Int) {
    var numbers = RandomNumbers(seed: 5)
    let values = numbers.normals(rows * width)
    let (exact, rounded) = (Tensor(values, shape: [rows, width]), Tensor(values, shape: [rows, width]))
    MuonStep.orthogonalize(exact.floats, rows: rows, width: width, rounds: false)
    MuonStep.orthogonalize(rounded.floats, rows: rows, width: width, rounds: true)
    let (a, b) = (exact.floatArray(), rounded.floatArray())
    func product(_ x: [Float], _ y: [Float]) -> Float { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
    let cosine = product(a, b) / (product(a, a) * product(b, b)).squareRoot()
    #expect(cosine > 0.999 && abs(product(b, b) / product(a, a) - 1) < 0.05, "\(cosine)")
    #expect(a != b)
  }

  /// A step along a matrix that is orthogonal already, by the formulas.
  @Test func stepFollowsTheFormula() {
    let parameter = Tensor([1, 2, 3, 4, 5, 6, 7, 8], shape: [4, 2])
    let gradient = Tensor([2, 0, 0, 2, 0, 8, 8, 0], shape: [4, 2])
    let momentum = Tensor(repeating: 0, shape: [4, 2])
    let step = MuonStep(learningRate: 0.1, momentum: 0.9, weightDecay: 0.5, gradientFactor: 0.5)
    step.update(parameter, gradient: gradient, momentum: momentum, parts: 2)
    #expect(momentum.floatArray() == [1, 0, 0, 1, 0, 4, 4, 0])
    // Both parts have two equal singular values, whatever their size: 1/√2 five times through the polynomial.
    var value = Float(0.5).squareRoot()
    for _ in 0..<5 {
      let cube = value * value * value
      value = 3.4445 * value - 4.7750 * cube + 2.0315 * cube * value * value
    }
    let length = 0.1 * 0.2 * Float(2).squareRoot() * value
    let directions: [Float] = [1, 0, 0, 1, 0, 1, 1, 0]
    for i in 0..<8 {
      let expected = Float(i + 1) * (1 - 0.1 * 0.5) - length * directions[i]
      #expect(abs(parameter.floats[i] - expected) < 1e-4, "\(i)")
    }
    // Nothing comes from a gradient of zeros but decay.
    step.update(
      parameter, gradient: Tensor(repeating: 0, shape: [4, 2]), momentum: Tensor(repeating: 0, shape: [4, 2]))
    let areFinite = parameter.floatArray().allSatisfy(\.isFinite)
    #expect(areFinite)
  }
}
