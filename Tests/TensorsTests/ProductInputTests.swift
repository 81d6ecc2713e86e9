import Testing

@testable import Tensors

/// What several products share, and what stands between two of them, changes none of the numbers.
@Suite struct ProductInputTests {
  /// A tensor's numbers bit by bit, which would fill a screen were they printed.
  private struct Bits: Equatable, CustomStringConvertible {
    let patterns: [UInt32]
    var description: String { "\(patterns.count) numbers" }
  }

  private func bits(_ tensor: Tensor?) -> Bits { Bits(patterns: tensor?.floatArray().map(\.bitPattern) ?? []) }

  /// With and without a gradient through the input; one row in pieces, and more than one grain.
  @Test(arguments: [ScalarType.q8_0, .q4_k, .f16, .f32], [1, 3, 300])
  func activationsBeforeAProduct(type: ScalarType, rows: Int) throws {
    let (x, weight) = (Tensor.random([rows, 5120], seed: 1), Tensor.stored([9, 5120], type))
    let bias = Tensor.random([9], seed: 2)
    for activation in [Activation.gelu, .geluTanh] {
      let expected = x.activated(activation).linear(weight, bias: bias)
      Poison.fillIdleMemory()
      #expect(bits(ProductInput(x, after: activation).linear(weight, bias: bias)) == bits(expected))
      let marked = x.requiringGradient()
      let found = ProductInput(marked, after: activation).linear(weight, bias: bias)
      #expect(bits(found) == bits(expected))
      let gradient = try #require(found.gradients()[marked])
      #expect(bits(gradient) == bits(marked.activated(activation).linear(weight).gradients()[marked]))
      // Where the body runs first nothing is recorded, the second time everything is.
      let checked = Tensor.checkpointed([marked]) { ProductInput($0[0], after: activation).linear(weight, bias: bias) }
      #expect(bits(checked) == bits(expected) && bits(checked.gradients()[marked]) == bits(gradient))
    }
  }

  /// Weights that meet one input or another, quantised or not: each as by itself.
  @Test(arguments: [ScalarType.q8_0, .q4_0, .f32], [1, 4, 5, 700])
  func severalProductsAtOnce(type: ScalarType, rows: Int) throws {
    let (x, other) = (Tensor.random([rows, 256], seed: 1), Tensor.random([3, 64], seed: 3))
    let (first, second) = (Tensor.stored([70, 256], type), Tensor.stored([16, 256], .q8_0))
    let (third, bias) = (Tensor.stored([130, 64], .q4_0), Tensor.random([70], seed: 2))
    func results(_ x: Tensor) -> [Tensor] {
      let input = ProductInput(x)
      return LinearProduct.results(of: [
        LinearProduct(input, first, bias: bias), LinearProduct(input, second),
        LinearProduct(ProductInput(other, after: .geluTanh), third),
      ])
    }
    let expected = [x.linear(first, bias: bias), x.linear(second), other.activated(.geluTanh).linear(third)]
    #expect(results(x).map(bits) == expected.map(bits))
    let marked = x.requiringGradient()
    let recorded = results(marked)
    #expect(recorded.map(bits) == expected.map(bits))
    for (found, weight) in zip(recorded, [first, second]) {
      let gradient = try #require(found.gradients()[marked])
      #expect(bits(gradient) == bits(marked.linear(weight).gradients()[marked]))
    }
  }

  /// Where nothing is recorded the sum takes the place of `y`; else `y` is what its gradient's closure keeps.
  @Test(arguments: [ScalarType.q8_0, .q4_0, .f32], [1, 4, 5, 700])
  func productsAddedToWhatIsThere(type: ScalarType, rows: Int) throws {
    let (x, weight) = (Tensor.random([rows, 64], seed: 1), Tensor.stored([1100, 64], type))
    let start = Tensor.random([rows, 1100], seed: 2)
    let expected = start.plus(x.linear(weight), times: 0.3)
    let y = start.scaled(by: 1)
    let sum = ProductInput(x).linear(weight, times: 0.3, addedTo: y)
    #expect(bits(sum) == bits(expected))
    #expect((sum.address == y.address) == (type != .f32))

    let (markedX, markedY) = (x.requiringGradient(), start.requiringGradient())
    let recorded = ProductInput(markedX).linear(weight, times: 0.3, addedTo: markedY)
    #expect(bits(recorded) == bits(expected) && bits(markedY) == bits(start))
    let gradients = recorded.gradients()
    #expect(bits(gradients[markedY]) == bits(Tensor(repeating: 1, shape: start.shape)))
    #expect(bits(gradients[markedX]) == bits(markedX.linear(weight).scaled(by: 0.3).gradients()[markedX]))
  }

  /// Weights in shared pages are what they are in pages of their own.
  @Test(.enabled(if: Tensor.stored([16, 32], .q8_0).canBeInterleaved))
  func weightsShareTheirPages() throws {
    let weights = [Tensor.stored([70, 64], .q8_0), Tensor.stored([5, 32], .q8_0), Tensor.stored([33, 96], .q4_0)]
    let pages = try #require(WeightPages(for: weights))
    let shared = try weights.map { try #require($0.interleaved(in: pages)) }
    for (weight, shared) in zip(weights, shared) {
      let x = Tensor.random([3, weight.width], seed: 1)
      #expect(bits(x.linear(shared)) == bits(x.linear(try #require(weight.interleaved()))))
    }
  }
}
