import CKernels
import Testing

@testable import Tensors

/// Products with stored weights, few rows and many, each against the textbook on the decoded weight.
@Suite struct LinearTests {
  @Test(arguments: ScalarType.allCases, [1, 2, 3, 4, 5, 70])
  func everyWeightType(type: ScalarType, rows: Int) {
    Poison.fillIdleMemory()
    for (k, n) in type.blockSize == 1 ? [(1, 1), (37, 5), (64, 9), (130, 200)] : [(256, 1), (512, 9), (256, 210)] {
      let weight = Tensor.stored([n, k], type)
      // Multiples of 1/32 that reach 127/32 in every block survive the rounding to int8, so that the limit can be tight.
      var numbers = RandomNumbers(seed: UInt64(rows))
      let x = Tensor(
        (0..<rows * k).map { Float($0 % k % 32 == 0 ? 127 : Int.random(in: -127...127, using: &numbers)) / 32 },
        shape: [rows, k])
      let bias = Tensor.random([n], seed: 3)
      let exact = Values([rows, k], x.floatArray().map(Double.init))
      let weights = Values([n, k], weight.floatArray().map(Double.init))
      for bias in [bias, nil] {
        let found = x.linear(weight, bias: bias)
        let offset = bias.map { Values([n], $0.floatArray().map(Double.init)) }
        #expect(found.shape == [rows, n])
        expectClose(
          found.floatArray(), Textbook.linear(exact, weights, offset).elements, 1e-5, "\(type) \(rows)×\(k)×\(n)",
          #_sourceLocation)
      }
    }
  }

  /// A weight in groups of rows gives what its rows give to many rows, and few rows the same as many.
  @Test(.enabled(if: kernels.prefers_interleaved), arguments: [ScalarType.q8_0, .q4_0])
  func interleavedWeightsGiveTheSame(type: ScalarType) throws {
    for (n, k) in [(1, 32), (70, 512), (2000, 256)] {
      let weight = Tensor.stored([n, k], type)
      let interleaved = try #require(weight.interleaved())
      #expect(interleaved.isInterleaved && !weight.isInterleaved)
      #expect(interleaved.floatArray() == weight.floatArray())
      let x = Tensor.random([300, k], seed: 5)
      let bias = Tensor.random([n], seed: 6)
      let expected = x.linear(weight, bias: bias)
      for rows in [1, 2, 3, 4, 5, 24, 300] {
        let found = x.rows(0..<rows).linear(interleaved, bias: bias).floatArray()
        #expect(
          found.map(\.bitPattern) == expected.rows(0..<rows).floatArray().map(\.bitPattern), "\(rows)·\(n)×\(k)")
      }
    }
  }

  @Test func onlySomeTypesAreInterleaved() {
    for type in ScalarType.allCases where ![.q8_0, .q4_0].contains(type) {
      #expect(!Tensor.stored([16, 256], type).canBeInterleaved)
    }
    #expect(!Tensor.stored([256], .q8_0).canBeInterleaved)
    #expect(!Tensor(uninitialized: [0, 256], type: .q8_0).canBeInterleaved)
  }

  /// What the rounding of activations to int8 costs: errors spread evenly over a step of each block's scale, so with the
  /// variance step²/12 for every weight. Of some hundred results none should be five standard deviations off.
  @Test(arguments: [ScalarType.q8_0, .q4_0, .q4_k, .q6_k], [4, 5])
  func roundedActivationsStayWithinTheirBound(type: ScalarType, rows: Int) {
    let (k, n) = (type.blockSize == 32 ? 1408 : 1536, 33)
    let weight = Tensor.stored([n, k], type)
    let x = Tensor.random([rows, k], seed: 8)
    let (values, weights) = (x.floatArray(), weight.floatArray())
    let found = x.linear(weight).floatArray()
    let exact = Textbook.linear(
      Values([rows, k], values.map(Double.init)), Values([n, k], weights.map(Double.init)), nil)
    for (index, y) in found.enumerated() {
      let (t, j) = (index / n, index % n)
      var variance = 0.0
      for b in stride(from: 0, to: k, by: 32) {
        let step = Double(values[t * k + b..<t * k + b + 32].map(abs).max() ?? 0) / 127
        variance += weights[j * k + b..<j * k + b + 32].reduce(0) { $0 + Double($1 * $1) } * step * step / 12
      }
      #expect(abs(Double(y) - exact.elements[index]) <= 5 * variance.squareRoot())
    }
  }

  /// What speculative decoding rests on: up to four rows give what each gives alone.
  @Test(arguments: ScalarType.allCases)
  func fewRowsAreThoseOfEach(type: ScalarType) {
    let weight = Tensor.stored([70, 512], type)
    let x = Tensor.random([4, 512], seed: 5)
    let alone = (0..<4).flatMap { x.rows($0..<$0 + 1).linear(weight).floatArray().map(\.bitPattern) }
    for rows in 2...4 {
      let together = x.rows(0..<rows).linear(weight).floatArray().map(\.bitPattern)
      #expect(together == Array(alone.prefix(rows * 70)), "\(rows) rows")
    }
  }

  /// A frozen quantised weight still passes the gradient on to its input and its bias.
  @Test(arguments: [ScalarType.f16, .bf16, .q8_0, .q4_0, .q4_k, .q6_k], [2, 6])
  func gradientsPassStoredWeights(type: ScalarType, rows: Int) {
    let weight = Tensor.stored([5, 256], type)
    let (x, bias) = (Tensor.random([rows, 256], seed: 1), Tensor.random([5], seed: 2).requiringGradient())
    let marked = x.requiringGradient()
    let seed = Tensor.random([rows, 5], seed: 4)
    let gradients = marked.linear(weight, bias: bias).gradients(seed: seed)
    let dy = seed.floatArray().map(Double.init)
    let w = weight.floatArray().map(Double.init)
    var dx = [Double](repeating: 0, count: rows * 256)
    for t in 0..<rows {
      for j in 0..<5 {
        for i in 0..<256 { dx[t * 256 + i] += dy[t * 5 + j] * w[j * 256 + i] }
      }
    }
    expectClose(gradients[marked]?.floatArray() ?? [], dx, 1e-5, "dx", #_sourceLocation)
    let dBias = (0..<5).map { j in stride(from: j, to: dy.count, by: 5).reduce(0.0) { $0 + dy[$1] } }
    expectClose(gradients[bias]?.floatArray() ?? [], dBias, 1e-5, "dBias", #_sourceLocation)
  }

  /// Products of numbers rounded to bf16 and their gradients are those of the same numbers in f32, with sums in f32; a
  /// gradient is rounded too. Few rows, a tile and more, an odd width.
  @Test(arguments: [3, 12, 61])
  func roundedNumbersCountAsTheyAre(rows: Int) throws {
    let (width, outputs) = (71, 37)
    let (x, weight) = (Tensor.random([rows, width], seed: 1), Tensor.random([outputs, width], seed: 2))
    let bias = Tensor.random([outputs], seed: 3)
    let seed = Tensor.random([rows, outputs], seed: 4).converted(to: .bf16).converted(to: .f32)
    func results(_ x: Tensor, _ weight: Tensor, as type: ScalarType?) throws -> [[Float]] {
      let (x, weight) = (x.requiringGradient(), weight.requiringGradient())
      let y = (type.map { x.rounded(to: $0) } ?? x).linear(type.map { weight.rounded(to: $0) } ?? weight, bias: bias)
      let gradients = y.gradients(seed: seed)
      return try [y, #require(gradients[x]), #require(gradients[weight])].map { $0.floatArray() }
    }
    func exact(_ x: Tensor) -> Tensor { x.converted(to: .bf16).converted(to: .f32) }
    let expected = try results(exact(x), exact(weight), as: nil)
    for (found, expected) in zip(try results(x, weight, as: .bf16), expected) {
      expectClose(found, expected.map(Double.init), 1e-5, "bf16", #_sourceLocation)
    }
  }

  /// A frozen weight meets activations of bf16 as what they are; the gradient's product with it is one of numbers
  /// rounded to bf16. Sizes around those of the squares in which the weight is rounded.
  @Test(arguments: [ScalarType.q8_0, .q4_0, .q4_k, .f16], [3, 1030])
  func frozenWeightsMeetRoundedActivations(type: ScalarType, rows: Int) throws {
    let (width, outputs) = (type == .q4_k ? 512 : 288, 261)
    let weight = Tensor.stored([outputs, width], type)
    let x = Tensor.random([rows, width], seed: 1).converted(to: .bf16).converted(to: .f32)
    let seed = Tensor.random([rows, outputs], seed: 4)
    let marked = x.requiringGradient()
    let y = marked.rounded(to: .bf16).linear(weight)
    #expect(y.floatArray().map(\.bitPattern) == x.linear(weight).floatArray().map(\.bitPattern))
    let rounded = kernels.prefers_bf16 ? weight.converted(to: .f32).converted(to: .bf16).converted(to: .f32) : weight
    let expected = marked.linear(rounded).gradients(seed: seed.converted(to: .bf16).converted(to: .f32))
    let found = try #require(y.gradients(seed: seed)[marked])
    let exact = try #require(expected[marked]).floatArray().map(Double.init)
    expectClose(found.floatArray(), exact, 1e-4, "dx", #_sourceLocation)
  }

  /// Of rows without a block the bias is left, for few and for many rows of activations.
  @Test(arguments: [ScalarType.q8_0, .q4_0], [1, 7])
  func rowsWithoutABlockGiveTheBias(type: ScalarType, rows: Int) {
    Poison.fillIdleMemory()
    let bias = Tensor.random([33], seed: 1)
    let y = Tensor(uninitialized: [rows, 0]).linear(Tensor(uninitialized: [33, 0], type: type), bias: bias)
    #expect(y.floatArray() == Array(repeating: bias.floatArray(), count: rows).flatMap { $0 })
  }
}
