import Testing

@testable import Tensors

/// One operation, its inputs, and the formula that it must agree with.
struct OperationCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// The inputs' shapes. All are f32 and all get a gradient.
  let shapes: [[Int]]
  /// The largest error of a value, relative to the largest value.
  let tolerance: Double
  let operation: @Sendable ([Tensor]) -> Tensor
  let textbook: @Sendable ([Values]) -> Values

  init(
    _ name: String, _ shapes: [Int]..., tolerance: Double = 5e-6,
    _ operation: @escaping @Sendable ([Tensor]) -> Tensor, textbook: @escaping @Sendable ([Values]) -> Values
  ) {
    testDescription = "\(name) \(shapes)"
    self.shapes = shapes
    self.tolerance = tolerance
    self.operation = operation
    self.textbook = textbook
  }

  /// The inputs, marked for a gradient, with NaN around them.
  func inputs() -> [Tensor] {
    shapes.indices.map { Poison.surrounding(values($0), shape: shapes[$0]).requiringGradient() }
  }

  private func values(_ input: Int) -> [Float] {
    var numbers = RandomNumbers(seed: UInt64(input + 1))
    return numbers.normals(shapes[input].reduce(1, *))
  }

  /// The result, and the gradients of its sum weighted by `seed`, all in fresh memory.
  func run(_ inputs: [Tensor]) -> (output: Tensor, seed: Tensor, gradients: [Tensor?]) {
    let output = operation(inputs)
    let seed = Tensor.random(output.shape, seed: 1000)
    let gradients = output.gradients(seed: seed)
    return (output, seed, inputs.map { gradients[$0] })
  }

  /// Checks shape, values and gradients, and that the inputs and what lies around them stay as they are.
  func check(sourceLocation: SourceLocation = #_sourceLocation) {
    let inputs = inputs()
    Poison.fillIdleMemory()
    let (output, seed, gradients) = run(inputs)
    let exact = inputs.map { Values($0.shape, $0.floatArray().map(Double.init)) }
    let expected = textbook(exact)
    #expect(output.shape == expected.shape, sourceLocation: sourceLocation)
    expectClose(output.floatArray(), expected.elements, tolerance, "value", sourceLocation)
    for (index, input) in inputs.enumerated() {
      #expect(Poison.isIntact(input, values(index)), "input \(index) was written to", sourceLocation: sourceLocation)
    }
    for (index, gradient) in gradients.enumerated() {
      guard let gradient else {
        Issue.record("no gradient of input \(index)", sourceLocation: sourceLocation)
        continue
      }
      checkGradient(gradient, of: index, at: exact, seed: seed, sourceLocation)
    }
  }

  /// Compares gradient · direction with the textbook's central difference, along a dense direction and along some that
  /// touch a few elements only, where a single wrong element cannot hide.
  private func checkGradient(
    _ gradient: Tensor, of index: Int, at inputs: [Values], seed: Tensor, _ sourceLocation: SourceLocation
  ) {
    var numbers = RandomNumbers(seed: UInt64(index) + 77)
    let weights = seed.floatArray().map(Double.init)
    let g = gradient.floatArray().map(Double.init)
    let count = g.count
    for attempt in 0..<4 {
      var direction = numbers.normals(count).map(Double.init)
      if attempt > 0 && count > 6 {
        let kept = Set([0, count - 1] + (0..<3).map { _ in Int.random(in: 0..<count, using: &numbers) })
        for i in 0..<count where !kept.contains(i) { direction[i] = 0 }
      }
      let step = 1e-5
      func weighted(_ factor: Double) -> Double {
        var moved = inputs
        for i in 0..<count { moved[index].elements[i] += factor * direction[i] }
        return zip(textbook(moved).elements, weights).reduce(0) { $0 + $1.0 * $1.1 }
      }
      let expected = (weighted(step) - weighted(-step)) / (2 * step)
      let found = zip(g, direction).reduce(0) { $0 + $1.0 * $1.1 }
      let scale = zip(g, direction).reduce(0) { $0 + abs($1.0 * $1.1) } + 0.02 * weights.map(abs).reduce(0, max)
      #expect(
        abs(found - expected) <= 1e-4 * scale,
        "gradient of input \(index), attempt \(attempt): \(found) for \(expected)",
        sourceLocation: sourceLocation)
    }
  }
}

/// Expects all elements within `tolerance` of the largest expected magnitude. NaN is never close.
func expectClose(
  _ found: [Float], _ expected: [Double], _ tolerance: Double, _ what: String, _ sourceLocation: SourceLocation
) {
  guard found.count == expected.count else {
    Issue.record("\(what): \(found.count) elements instead of \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  let limit = tolerance * expected.reduce(0) { max($0, abs($1)) }
  let wrong = found.indices.first { !(abs(Double(found[$0]) - expected[$0]) <= limit) }
  if let wrong {
    Issue.record(
      "\(what) at \(wrong): \(found[wrong]) instead of \(expected[wrong]), tolerance \(limit)",
      sourceLocation: sourceLocation)
  }
}
