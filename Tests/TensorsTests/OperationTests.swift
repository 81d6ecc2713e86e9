import Testing

@testable import Tensors

/// Every differentiable operation against its textbook formula: a line an operation and size.
enum Operations {
  static let all: [OperationCase] =
    linear + norms + elementwise + moving + attention + losses + TrainingOperations.all

  private static let linear: [OperationCase] =
    [[1, 1], [1, 37], [2, 64], [3, 1], [4, 70], [5, 33], [9, 128]].map { shape in
      OperationCase("linear", shape, [7, shape[1]], [7]) {
        $0[0].linear($0[1], bias: $0[2])
      } textbook: {
        Textbook.linear($0[0], $0[1], $0[2])
      }
    } + [
      OperationCase("linear, no bias, few rows", [3, 19], [130, 19]) {
        $0[0].linear($0[1])
      } textbook: {
        Textbook.linear($0[0], $0[1], nil)
      },
      OperationCase("linear, no bias, several tiles", [390, 21], [200, 21]) {
        $0[0].linear($0[1])
      } textbook: {
        Textbook.linear($0[0], $0[1], nil)
      },
      OperationCase("linear, leading dimensions", [2, 3, 5], [4, 5], [4]) {
        $0[0].linear($0[1], bias: $0[2])
      } textbook: {
        Textbook.linear($0[0], $0[1], $0[2])
      },
      OperationCase("linear of a vector", [5], [4, 5]) {
        $0[0].linear($0[1])
      } textbook: {
        Textbook.linear($0[0], $0[1], nil)
      },
    ]

  private static let norms: [OperationCase] =
    [[1, 2], [5, 33], [2, 3, 16], [30, 1408]].flatMap { shape in
      [
        OperationCase("layerNorm with bias", shape, [shape.last ?? 0], [shape.last ?? 0]) {
          $0[0].layerNorm(weight: $0[1], bias: $0[2], epsilon: 1e-2)
        } textbook: {
          Textbook.layerNorm($0[0], $0[1], $0[2], epsilon: 1e-2)
        },
        OperationCase("layerNorm without bias", shape, [shape.last ?? 0]) {
          $0[0].layerNorm(weight: $0[1], bias: nil, epsilon: 1e-2)
        } textbook: {
          Textbook.layerNorm($0[0], $0[1], nil, epsilon: 1e-2)
        },
        OperationCase("rmsNorm", shape, [shape.last ?? 0]) {
          $0[0].rmsNorm(weight: $0[1], epsilon: 1e-2)
        } textbook: {
          Textbook.rmsNorm($0[0], $0[1], epsilon: 1e-2)
        },
      ]
    }

  private static let elementwise: [OperationCase] = [[], [3, 7], [9001, 2]].flatMap { shape in
    [
      OperationCase("gelu", shape, tolerance: 2e-5) {
        $0[0].activated(.gelu)
      } textbook: {
        $0[0].map(Textbook.gelu)
      },
      OperationCase("geluTanh", shape, tolerance: 2e-5) {
        $0[0].activated(.geluTanh)
      } textbook: {
        $0[0].map(Textbook.geluTanh)
      },
      OperationCase("plus", shape, shape) {
        $0[0].plus($0[1])
      } textbook: { x in
        Values(x[0].shape, zip(x[0].elements, x[1].elements).map(+))
      },
      OperationCase("plus times", shape, shape) {
        $0[0].plus($0[1], times: -1.5)
      } textbook: { x in
        Values(x[0].shape, zip(x[0].elements, x[1].elements).map { $0 - 1.5 * $1 })
      },
      OperationCase("plus itself", shape) {
        $0[0].plus($0[0], times: 3)
      } textbook: {
        $0[0].map { 4 * $0 }
      },
      OperationCase("scaled", shape) {
        $0[0].scaled(by: -0.375)
      } textbook: {
        $0[0].map { -0.375 * $0 }
      },
      OperationCase("total", shape) {
        $0[0].total()
      } textbook: {
        Values([], [$0[0].elements.reduce(0, +)])
      },
    ]
  }

  private static let moving: [OperationCase] =
    [
      OperationCase("reshaped", [4, 6]) {
        $0[0].reshaped([3, 8])
      } textbook: {
        Values([3, 8], $0[0].elements)
      },
      OperationCase("rows", [7, 3]) {
        $0[0].rows(2..<5)
      } textbook: {
        Values([3, 3], Array($0[0].elements[6..<15]))
      },
      OperationCase("rows of a stack", [4, 2, 3]) {
        $0[0].rows(1..<3)
      } textbook: {
        Values([2, 2, 3], Array($0[0].elements[6..<18]))
      },
      OperationCase("rows of a vector", [9]) {
        $0[0].rows(4..<9)
      } textbook: {
        Values([5], Array($0[0].elements[4..<9]))
      },
      OperationCase("columns", [3, 10]) {
        $0[0].columns(2..<9)
      } textbook: { x in
        Values([3, 7], (0..<3).flatMap { x[0].row($0).dropFirst(2).prefix(7) })
      },
      OperationCase("concatenatingRows", [2, 3], [1, 3], [4, 3]) {
        Tensor.concatenatingRows($0)
      } textbook: {
        Values([7, 3], $0.flatMap(\.elements))
      },
      OperationCase("gatheringRows", [5, 3]) {
        $0[0].gatheringRows([4, 0, 4, 2])
      } textbook: { x in
        Values([4, 3], [4, 0, 4, 2].flatMap { x[0].row($0) })
      },
    ]
    + [(1, 8, 8, 0), (3, 10, 6, 5), (6, 32, 32, 2040)].map { heads, headWidth, dimensions, position in
      OperationCase("rotated \(dimensions) of \(headWidth) from \(position)", [7, heads * headWidth], tolerance: 3e-4) {
        $0[0].rotated(
          RotaryEmbedding(dimensions: dimensions, base: 10000, positions: 2048), heads: heads, position: position)
      } textbook: {
        Textbook.rotated(
          $0[0], dimensions: dimensions, base: 10000, heads: heads, positions: Array(position..<position + 7))
      }
    }

  private static let attention: [OperationCase] = [
    (1, 1, 1, 4, false), (1, 9, 3, 5, true), (5, 5, 2, 8, true), (5, 5, 2, 8, false), (4, 11, 3, 7, true),
    (4, 11, 3, 7, false), (12, 3, 1, 6, false), (131, 140, 2, 5, true), (130, 133, 2, 4, false), (257, 257, 1, 3, true),
    // Keys in several runs.
    (1, 513, 2, 3, true), (66, 1030, 1, 4, false), (30, 1100, 1, 4, true), (520, 520, 1, 3, true),
  ].map { queries, keys, heads, headWidth, causal in
    let width = heads * headWidth
    return OperationCase(
      "attention, \(heads) heads, causal \(causal)", [queries, width], [keys, width], [keys, width], tolerance: 1e-5
    ) {
      $0[0].attention(keys: $0[1], values: $0[2], heads: heads, causal: causal)
    } textbook: {
      Textbook.attention($0[0], $0[1], $0[2], heads: heads, causal: causal)
    }
  }

  private static let losses: [OperationCase] = [[0], [2, 0, nil, 36, nil], [nil, nil, 1]].map { targets in
    OperationCase("crossEntropy \(targets)", [targets.count, 37]) {
      $0[0].crossEntropy(targets: targets)
    } textbook: {
      Textbook.crossEntropy($0[0], targets: targets)
    }
  }
}

@Suite struct OperationTests {
  @Test(arguments: Operations.all)
  func agreesWithTheTextbook(operation: OperationCase) { operation.check() }

  /// A gradient through several operations, an input used twice, and a frozen one beside it.
  @Test func chainsSumTheirGradients() {
    OperationCase("chain", [6, 8], [8, 8], [8]) { inputs in
      let frozen = Tensor(repeating: 0.5, shape: [6, 8])
      let hidden = inputs[0].linear(inputs[1]).activated(.gelu).plus(frozen)
      return hidden.layerNorm(weight: inputs[2], bias: nil, epsilon: 1e-2).plus(inputs[0]).linear(inputs[1])
    } textbook: { x in
      let hidden = Textbook.linear(x[0], x[1], nil).map { Textbook.gelu($0) + 0.5 }
      let normalized = Textbook.layerNorm(hidden, x[2], nil, epsilon: 1e-2)
      let sum = Values(x[0].shape, zip(normalized.elements, x[0].elements).map(+))
      return Textbook.linear(sum, x[1], nil)
    }.check()
  }

  @Test func recordsNothingWithoutAGradient() {
    let x = Tensor.random([3, 8], seed: 1)
    let marked = Tensor.random([8, 8], seed: 2).requiringGradient()
    #expect(x.linear(marked.detached()).activated(.gelu).node == nil)
    #expect(x.linear(marked).node != nil)
    #expect(x.total().gradients()[marked] == nil)
    let gradients = x.linear(marked).total().gradients()
    #expect(gradients[marked]?.shape == [8, 8])
    #expect(gradients[x] == nil)
  }

  @Test func ignoredTargetsCostNothing() {
    let x = Tensor.random([2, 5], seed: 1).requiringGradient()
    let loss = x.crossEntropy(targets: [nil, nil])
    #expect(loss.floatArray() == [0])
    #expect(loss.gradients()[x]?.floatArray() == [Float](repeating: 0, count: 10))
  }

  @Test func emptyTensorsPassThrough() {
    let empty = Tensor(repeating: 0, shape: [0, 8])
    let weight = Tensor.random([5, 8], seed: 1)
    #expect(empty.linear(weight).shape == [0, 5])
    #expect(
      empty.activated(.gelu).plus(empty).layerNorm(weight: weight.rows(0..<1).reshaped([8]), bias: nil, epsilon: 1)
        .count == 0)
    #expect(empty.attention(keys: weight, values: weight, heads: 2, causal: false).shape == [0, 8])
    #expect(empty.total().floatArray() == [0])
    #expect(empty.converted(to: .f16).shape == [0, 8])
    #expect(weight.gatheringRows([]).shape == [0, 8])
    // A sum of no products is zero, whichever way the product is computed.
    for rows in [1, 9] {
      let product = Tensor(repeating: 0, shape: [rows, 0]).linear(Tensor(repeating: 0, shape: [3, 0]))
      #expect(product.floatArray() == [Float](repeating: 0, count: 3 * rows))
    }
  }

  @Test func isFiniteSeesSingleElements() {
    for bad in [Float.nan, .infinity, -.infinity] {
      var values = [Float](repeating: 1, count: 1000)
      #expect(Tensor(values, shape: [1000]).isFinite)
      values[997] = bad
      #expect(!Tensor(values, shape: [1000]).isFinite)
    }
    #expect(Tensor(repeating: 3e38, shape: [100]).isFinite)
  }
}
