import Foundation

@testable import Tensors

/// The operations that training adds, and those whose gradients share memory.
enum TrainingOperations {
  static let all: [OperationCase] = moving + spans + elementwise + losses

  private static let moving: [OperationCase] = [
    OperationCase("rotated by positions", [5, 2 * 8]) {
      $0[0].rotated(
        RotaryEmbedding(dimensions: 6, base: 100, positions: 50), heads: 2, positions: [3, 0, 49, 3, 7])
    } textbook: {
      Textbook.rotated($0[0], dimensions: 6, base: 100, heads: 2, positions: [3, 0, 49, 3, 7])
    },
    OperationCase("columns and rows of one tensor", [4, 6]) { x in
      let (left, middle) = (x[0].columns(0..<2), x[0].columns(1..<3))
      return left.plus(middle).plus(x[0].columns(4..<6)).plus(x[0].rows(1..<3).reshaped([6, 2]).rows(0..<4))
    } textbook: { x in
      Values(
        [4, 2],
        (0..<4).flatMap { t in
          (0..<2).map { c in
            let row = Array(x[0].row(t))
            return row[c] + row[c + 1] + row[c + 4] + x[0].elements[6 + 2 * t + c]
          }
        })
    },
  ]

  /// Several spans, and a head width and sizes around those of a vector and a block.
  private static let spans: [OperationCase] = [
    ("two pictures", 5, AttentionSpan.blocks(queries: [0..<3, 3..<7], keys: [0..<3, 3..<7]), 7),
    ("two pictures for a Q-Former", 16, AttentionSpan.blocks(queries: [0..<4, 4..<8], keys: [0..<9, 9..<40]), 40),
    (
      "a large picture and a small one", 17,
      AttentionSpan.blocks(queries: [0..<130, 130..<133], keys: [0..<20, 20..<21]), 21
    ),
    ("continuations", 8, AttentionSpan.continuations([4..<7, 7..<8, 8..<12], ofPrefix: 4), 12),
    ("long continuations", 20, AttentionSpan.continuations([70..<140, 140..<141, 141..<150], ofPrefix: 70), 150),
    (
      "a prefix that ends before a run does", 3,
      AttentionSpan.continuations([503..<508, 508..<530], ofPrefix: 503), 530
    ),
    ("continuations of nothing", 4, AttentionSpan.continuations([0..<30, 30..<35], ofPrefix: 0), 35),
    ("a cache", 6, [AttentionSpan(queries: 0..<3, keys: 0..<5, causalKeys: 5..<8)], 8),
    ("more causal keys than queries", 6, [AttentionSpan(queries: 0..<70, keys: 0..<5, causalKeys: 5..<90)], 90),
    ("two runs of causal keys", 3, [AttentionSpan(queries: 0..<4, keys: 0..<0, causalKeys: 0..<530)], 530),
    (
      "some of a continuation's rows", 8,
      [
        AttentionSpan(queries: 4..<24, keys: 0..<9, causalKeys: 20..<40).selecting(7..<9, as: 0),
        AttentionSpan(queries: 4..<24, keys: 0..<9, causalKeys: 20..<40).selecting(12..<24, as: 2),
        AttentionSpan(queries: 0..<3, keys: 0..<2).selecting(1..<2, as: 14),
      ], 40
    ),
    (
      "keys in the middle", 33,
      [
        AttentionSpan(queries: 0..<30, keys: 4..<9, causalKeys: 12..<42), AttentionSpan(queries: 30..<31, keys: 0..<1),
      ], 43
    ),
  ].map { name, headWidth, spans, keys in
    let queries = spans.last?.queries.upperBound ?? 0
    let width = 2 * headWidth
    return OperationCase(
      "attention to \(name)", [queries, width], [keys, width], [keys, width], tolerance: 1e-5
    ) {
      $0[0].attention(keys: $0[1], values: $0[2], heads: 2, spans: spans)
    } textbook: {
      Textbook.attention($0[0], $0[1], $0[2], heads: 2) { key, query in
        spans.contains { span in
          guard span.queries.contains(query) else { return false }
          let unseen = span.queries.upperBound - 1 - query
          return span.keys.contains(key) || span.causalKeys.dropLast(unseen).contains(key)
        }
      }
    }
  }

  private static let elementwise: [OperationCase] = [[], [3, 7], [9001, 2]].flatMap { shape in
    [
      OperationCase("sigmoid", shape) {
        $0[0].sigmoid()
      } textbook: {
        $0[0].map(Textbook.sigmoid)
      },
      OperationCase("dropout", shape) {
        $0[0].dropout(rate: 0.3, seed: 5)
      } textbook: { x in
        let kept = Tensor(repeating: 1, shape: shape).dropout(rate: 0.3, seed: 5).floatArray()
        return Values(shape, zip(x[0].elements, kept).map { $1 == 0 ? 0 : $0 / 0.7 })
      },
      OperationCase("half through a checkpoint", shape) { x in
        Tensor.checkpointed([x[0].activated(.gelu)]) { $0[0].plus(x[0], times: 0.5).sigmoid() }
      } textbook: { x in
        x[0].map { Textbook.sigmoid(Textbook.gelu($0) + 0.5 * $0) }
      },
    ]
  }

  private static let losses: [OperationCase] = {
    let targets: [Float] = [0, 1, 0.25, 1, 0, 0.5]
    let weights: [Float] = [1, 0, 0.5, 2, 3, 0.125]
    return [
      OperationCase("absoluteError", [2, 3]) {
        $0[0].absoluteError(targets: targets, weights: weights)
      } textbook: { inputs in
        Values(
          [], [(0..<6).reduce(0.0) { $0 + Double(weights[$1]) * abs(inputs[0].elements[$1] - Double(targets[$1])) }])
      }
    ]
  }()
}
