import Tensors

/// Where the rows of a language model's input stand: their positions, and which rows they see.
package struct SequenceLayout: Sendable {
  /// For each row its position in its sequence.
  package private(set) var positions: [Int] = []
  /// Which keys the rows attend to.
  package private(set) var spans: [AttentionSpan] = []

  /// No rows yet.
  package init() {}

  /// One sequence of `count` rows behind `before` others, whose keys are in a cache.
  package init(count: Int, after before: Int = 0) {
    positions = Array(before..<before + count)
    spans = [AttentionSpan(queries: 0..<count, keys: 0..<before, causalKeys: before..<before + count)]
  }

  /// How many rows there are.
  package var count: Int { positions.count }

  /// Packs one more sequence behind the others, which sees none of them.
  package mutating func append(count: Int) {
    let start = self.count
    positions += 0..<count
    spans.append(
      AttentionSpan(queries: start..<start + count, keys: start..<start, causalKeys: start..<start + count))
  }

  /// Packs a prefix and several continuations of it, each of which sees the prefix and itself only.
  package mutating func append(prefix: Int, continuations: [Int]) {
    let start = self.count
    append(count: prefix)
    for length in continuations where length > 0 {
      let rows = self.count..<self.count + length
      positions += prefix..<prefix + length
      spans.append(AttentionSpan(queries: rows, keys: start..<start + prefix, causalKeys: rows))
    }
  }

  /// Some of the rows, ascending, as the only queries: which keys they see, all rows' keys being there.
  func spans(ofQueries rows: [Int]) -> [AttentionSpan] {
    precondition(zip(rows, rows.dropFirst()).allSatisfy { $0 < $1 }, "rows \(rows) do not ascend")
    var selected: [AttentionSpan] = []
    var next = 0
    for span in spans {
      while next < rows.count, span.queries.contains(rows[next]) {
        let first = next
        repeat {
          next += 1
        } while next < rows.count && rows[next] == rows[next - 1] + 1 && span.queries.contains(rows[next])
        selected.append(span.selecting(rows[first]..<rows[next - 1] + 1, as: first))
      }
    }
    precondition(next == rows.count, "rows \(rows) of \(count)")
    return selected
  }
}
