import CKernels
import Testing

@testable import Tensors

/// Attention with products of numbers rounded to bf16, on processors that are faster with these.
struct RoundedAttentionTests {
  private func tensor(_ rows: Int, _ seed: UInt64, width: Int = 48) -> Tensor {
    var numbers = SplitMix64(state: seed)
    return Tensor((0..<rows * width).map { _ in Float(numbers.nextUnit() * 4 - 2) }, shape: [rows, width])
  }

  /// Several blocks of queries and runs of keys, with and without a mask.
  @Test(arguments: [(24, 24), (70, 131), (130, 1025)])
  func roundingChangesLittle(_ queries: Int, _ keys: Int) {
    let (q, k, v) = (tensor(queries, 1), tensor(keys, 2), tensor(keys, 3))
    for causal in [false, true] {
      let span =
        causal
        ? AttentionSpan(queries: 0..<queries, keys: 0..<keys - queries, causalKeys: keys - queries..<keys)
        : AttentionSpan(queries: 0..<queries, keys: 0..<keys)
      let rounded = q.attention(keys: k, values: v, heads: 2, spans: [span], mayRound: true).floatArray()
      let exact = q.attention(keys: k, values: v, heads: 2, spans: [span]).floatArray()
      // Scores below 2·2·24/√24 in magnitude, with 8 bits of each factor.
      #expect(zip(rounded, exact).allSatisfy { abs($0 - $1) <= 0.02 })
      #expect((rounded != exact) == kernels.prefers_bf16)
    }
  }

  /// A picture's activations are the same beside others as alone: cached features are those of every batch.
  @Test func spansDoNotDependOnEachOther() {
    let counts = [57, 24, 10, 300]
    let spans = counts.indices.map { index in
      let first = counts[..<index].reduce(0, +)
      return first..<first + counts[index]
    }
    let (q, k, v) = (tensor(391, 4), tensor(391, 5), tensor(391, 6))
    let together = q.attention(
      keys: k, values: v, heads: 3, spans: AttentionSpan.blocks(queries: spans, keys: spans), mayRound: true)
    for rows in spans {
      let alone = q.rows(rows).attention(
        keys: k.rows(rows), values: v.rows(rows), heads: 3,
        spans: [AttentionSpan(queries: 0..<rows.count, keys: 0..<rows.count)], mayRound: true)
      #expect(alone.floatArray().map(\.bitPattern) == together.rows(rows).floatArray().map(\.bitPattern))
    }
  }

  /// The backward pass computes the probabilities again, from exact operands.
  @Test func nothingIsRoundedWhereThereIsAGradient() {
    let (q, k, v) = (tensor(70, 7), tensor(70, 8), tensor(70, 9))
    let span = AttentionSpan(queries: 0..<70, keys: 0..<70)
    let exact = q.attention(keys: k, values: v, heads: 2, spans: [span]).floatArray()
    for trained in 0..<3 {
      var inputs = [q, k, v]
      inputs[trained] = inputs[trained].requiringGradient()
      let found = inputs[0].attention(
        keys: inputs[1], values: inputs[2], heads: 2, spans: [span], mayRound: true)
      #expect(found.floatArray() == exact)
    }
    let checkpointed = Tensor.checkpointed([q.requiringGradient(), k, v]) {
      $0[0].attention(keys: $0[1], values: $0[2], heads: 2, spans: [span], mayRound: true)
    }
    #expect(checkpointed.floatArray() == exact)
  }

  /// Of every instruction set against sums in Double over the rounded numbers, into a guarded matrix: all of B, and B from
  /// its second panel and its third row on.
  @Test(arguments: KernelSet.available)
  func products(set: KernelSet) {
    func rounded(_ x: Float) -> Double {
      Double(Float(bitPattern: UInt32(KernelSet.bf16(x)) << 16))
    }
    let panel = Int(ckernels_bf16_columns)
    for (m, n, k) in [(1, 1, 1), (5, 33, 2), (13, 48, 41), (25, 65, 88), (3, 40, 600), (12, 31, 1025)] {
      let (a, b) = (
        Numbers.ordinary.make((m + 1) * (k + 1), seed: 1), Numbers.ordinary.make((n + 2) * (k + 2), seed: 2)
      )
      for (byColumns, adding) in [(false, false), (false, true), (true, false), (true, true)] {
        let (row, column) = byColumns ? (1, k + 2) : (n + 2, 1)
        var panels = [UInt32](repeating: .max, count: RoundedPanels.size(rows: k, columns: n))
        set.table.pack_bf16(b, row, column, k, n, &panels)
        var plain = [UInt32](repeating: .max, count: panels.count)
        KernelSet.scalar.table.pack_bf16(b, row, column, k, n, &plain)
        #expect(panels == plain, "\(n)×\(k)")
        let (firstColumn, firstRow) = adding ? (n > panel ? panel : 0, k > 2 ? 2 : 0) : (0, 0)
        let (columns, rows) = (n - firstColumn, k - firstRow)
        let found = withGuarded(m * (n + 2)) { c in
          c.update(repeating: 3, count: m * (n + 2))
          panels.withUnsafeBufferPointer { panels in
            let first = panels.baseAddress! + firstColumn * ((k + 1) / 2) + firstRow / 2 * panel
            set.table.product_bf16(m, columns, rows, 0.5, a, k + 1, first, (k + 1) / 2, adding, c, n + 2)
          }
        }
        for i in 0..<m {
          for j in 0..<n + 2 {
            var addends = j >= columns || adding ? [3.0] : []
            for p in 0..<(j < columns ? rows : 0) {
              let right = b[(p + firstRow) * row + (j + firstColumn) * column]
              addends.append(0.5 * rounded(a[i * (k + 1) + p]) * rounded(right))
            }
            expectSum(of: addends, found[i * (n + 2) + j], "\(m)×\(n)×\(k) at \(i), \(j)")
          }
        }
      }
    }
  }

  /// Rows as they are stored, an even and an odd number of them: as if they had been decoded before.
  @Test(arguments: KernelSet.available, [ScalarType.q8_0, .q4_0])
  func panelsOfQuantizedRows(set: KernelSet, type: ScalarType) {
    let pack = type == .q8_0 ? set.table.pack_bf16_q8_0 : set.table.pack_bf16_q4_0
    for (rows, n) in [(1, 64), (2, 32), (7, 96), (16, 320)] {
      let stored = StoredWeight(type, rows: rows, n, .random)
      // All columns, and those behind the first block.
      for skipped in [0, 32] where n > skipped {
        var expected = [UInt32](repeating: .max, count: RoundedPanels.size(rows: rows, columns: n - skipped))
        stored.values.withUnsafeBufferPointer {
          KernelSet.scalar.table.pack_bf16($0.baseAddress! + skipped, n, 1, rows, n - skipped, &expected)
        }
        var found = [UInt32](repeating: .max, count: expected.count)
        stored.bytes.withUnsafeBytes {
          let first = $0.baseAddress! + skipped / type.blockSize * type.bytesPerBlock
          pack(first, n / type.blockSize * type.bytesPerBlock, rows, n - skipped, &found)
        }
        #expect(found == expected, "\(rows)×\(n) from \(skipped)")
      }
    }
  }
}
