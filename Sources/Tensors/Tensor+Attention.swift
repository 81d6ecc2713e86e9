import CKernels

#if canImport(Glibc)
  import Glibc
#endif

extension Tensor {
  /// Multi-head attention softmax(q·kᵀ/√D)·v for queries [T, H·D] (self), keys and values [S, H·D].
  ///
  /// With `causal`, the last query sees all keys, the one before it all but the last, and so on (S ≥ T; the first S − T
  /// keys come from a cache).
  public func attention(keys: Tensor, values: Tensor, heads: Int, causal: Bool) -> Tensor {
    precondition(!causal || keys.rows >= rows, "fewer keys than causal queries")
    let common = causal ? keys.rows - rows : keys.rows
    let span = AttentionSpan(queries: 0..<rows, keys: 0..<common, causalKeys: common..<keys.rows)
    return attention(keys: keys, values: values, heads: heads, spans: rows == 0 ? [] : [span])
  }

  /// Multi-head attention in which each span of queries sees its own keys. The spans cover the queries one after
  /// another, from the first to the last.
  ///
  /// Keys and values may be f16, as in a KV cache; then there is no gradient.
  ///
  /// Works on blocks of queries and runs of keys, so no T×S matrix is kept: the softmax is corrected from run to run
  /// (Milakov, Gimelshein 2018), and for the gradient the probabilities are computed again from each row's log-sum-exp
  /// (Dao et al. 2022).
  ///
  /// - Parameter mayRound: whether products may take operands rounded to bf16 where the processor is faster with these,
  ///   as next to rounded weights. Never where there is a gradient.
  public func attention(
    keys: Tensor, values: Tensor, heads: Int, spans: [AttentionSpan], mayRound: Bool = false
  ) -> Tensor {
    var problem = AttentionProblem(queries: self, keys: keys, values: values, heads: heads, spans: spans)
    problem.mayRound = mayRound
    let output = Tensor(uninitialized: shape)
    let logSums = Tensor(uninitialized: [heads, rows])
    problem.forward(into: output, logSums: logSums)
    let queries = self
    return output.recorded(from: queries, keys, values) { gradient, gradients in
      let (dq, dk, dv) = problem.backward(gradient, output: output, logSums: logSums)
      gradients.add(dq, to: queries)
      gradients.add(dk, to: keys)
      gradients.add(dv, to: values)
    }
  }
}

extension Tensor {
  /// Whether this processor's attention takes rounded operands where it may: what was computed of a picture differs then.
  public static var attentionRounds: Bool { kernels.prefers_bf16 }
}

/// The sizes and inputs of one attention, and the loops over its heads and blocks of queries.
private struct AttentionProblem {
  let queries: Tensor
  let keys: Tensor
  let values: Tensor
  let heads: Int
  let blocks: [AttentionSpan.Block]
  private let spans: [AttentionSpan]
  /// Whether operands may be rounded to bf16.
  var mayRound = false

  // Asked for once: every thread would count references to the tensors' shapes, and wait for the others' counting.
  private let stride: Int
  private let headWidth: Int
  private let scale: Float
  private let bytesPerKey: Int
  private let addresses: (queries: UnsafePointer<Float>, keys: UnsafeRawPointer, values: UnsafeRawPointer)

  init(queries: Tensor, keys: Tensor, values: Tensor, heads: Int, spans: [AttentionSpan]) {
    precondition(queries.width % heads == 0, "\(heads) heads in \(queries.shape)")
    precondition(keys.type == values.type, "keys of \(keys.type), values of \(values.type)")
    precondition(keys.shape == values.shape && keys.width == queries.width, "\(keys.shape), \(values.shape)")
    var next = 0
    for span in spans {
      precondition(span.queries.lowerBound == next, "queries from \(next) on are in no span")
      precondition(
        max(span.keys.upperBound, span.causalKeys.upperBound) <= keys.rows
          && min(span.keys.lowerBound, span.causalKeys.lowerBound) >= 0, "\(span) of \(keys.rows) keys")
      next = span.queries.upperBound
    }
    precondition(next == queries.rows, "queries from \(next) on are in no span")
    self.queries = queries
    self.keys = keys
    self.values = values
    self.heads = heads
    self.spans = spans
    blocks = spans.flatMap(\.blocks)
    (stride, headWidth) = (queries.width, queries.width / heads)
    scale = 1 / Float(queries.width / heads).squareRoot()
    bytesPerKey = keys.bytesPerRow
    addresses = (.init(queries.floats), .init(keys.address), .init(values.address))
  }

  /// One head's columns of a tensor as they lie there.
  private func inPlace(_ tensor: Tensor, _ head: Int) -> MatrixProduct.Operand {
    .init(tensor.floats + head * headWidth, stride: stride)
  }

  /// From so many queries on it pays to bring a head's keys and values together in memory first.
  private static let queriesWorthGathering = 24
  private var gathers: Bool { queries.rows >= Self.queriesWorthGathering }

  /// Calls `body` with one head's columns of a tensor and their transpose, where the memory traffic is least.
  private func withHead<Result>(
    _ tensor: Tensor, _ head: Int, plain: Bool, transposed: Bool,
    _ body: (_ matrix: MatrixProduct.Operand, _ transpose: TransposedColumns) -> Result
  ) -> Result {
    let isReady = tensor.type == .f32
    guard gathers || !isReady else {
      let matrix = inPlace(tensor, head)
      return body(matrix, TransposedColumns(inPlace: matrix))
    }
    let (rows, width) = (tensor.rows, headWidth)
    let transposedSize = transposed && gathers ? TransposedColumns.size(rows: rows, width: width) : 0
    return withScratch((plain || !isReady ? rows * width : 0) + transposedSize) { scratch in
      var matrix = MatrixProduct.Operand(scratch + transposedSize, stride: width)
      if plain || !isReady {
        for t in 0..<rows {
          tensor.type.decode(
            tensor.address + t * tensor.bytesPerRow + head * width * tensor.type.bytesPerBlock,
            into: scratch + transposedSize + t * width, count: width)
        }
      } else {
        matrix = inPlace(tensor, head)
      }
      let transpose =
        transposedSize > 0
        ? TransposedColumns(matrix, rows: rows, width: width, into: scratch) : TransposedColumns(inPlace: matrix)
      return body(matrix, transpose)
    }
  }

  func forward(into output: Tensor, logSums: Tensor) {
    let rounded = spans.filter(rounds)
    let blocks = rounded.isEmpty ? blocks : spans.filter { !rounds($0) }.flatMap(\.blocks)
    ThreadPool.shared.forEach(heads) { head in
      if !rounded.isEmpty { forwardRounded(head, rounded, into: output, logSums: logSums) }
      if blocks.isEmpty { return }
      if readsHalves {
        forward(head, blocks, into: output, logSums: logSums) { block, run, scores in
          scoreHalves(block, head, run, into: scores)
        } add: { block, range, isFirst, weights, width, output in
          addHalves(block, head, range, isFirst: isFirst, weights, width, to: output)
        }
        return
      }
      withHead(keys, head, plain: false, transposed: true) { _, keys in
        withHead(values, head, plain: true, transposed: false) { values, _ in
          forward(head, blocks, into: output, logSums: logSums) { block, run, scores in
            multiply(block, run, inPlace(queries, head), keys, alpha: scale, into: scores)
          } add: { block, range, isFirst, weights, width, output in
            MatrixProduct.small(
              block.queries.count, headWidth, range.count, .init(weights, stride: width),
              values.from(row: range.lowerBound, column: 0), adding: !isFirst, into: output, stride: stride)
          }
        }
      }
    }
  }

  /// Whether a span's products take operands rounded to bf16. Its keys are rounded by themselves, so that its results do
  /// not depend on what it is packed with.
  private func rounds(_ span: AttentionSpan) -> Bool {
    mayRound && kernels.prefers_bf16 && !GradientNode.isInCheckpoint
      && queries.node == nil && keys.node == nil && values.node == nil
      && span.queries.count >= Self.queriesWorthGathering && span.adjoiningKeys != nil
  }

  /// The same for some spans, with products of numbers rounded to bf16.
  private func forwardRounded(_ head: Int, _ spans: [AttentionSpan], into output: Tensor, logSums: Tensor) {
    withHead(keys, head, plain: false, transposed: false) { keys, _ in
      withHead(values, head, plain: false, transposed: false) { values, _ in
        for span in spans {
          guard let all = span.adjoiningKeys else { preconditionFailure("\(span) has two ranges of keys") }
          let keySize = RoundedPanels.size(rows: headWidth, columns: all.count)
          withScratch(keySize + RoundedPanels.size(rows: all.count, columns: headWidth)) { scratch in
            var transposed = keys.from(row: all.lowerBound, column: 0)
            transposed.transposed = true
            let keyPanels = RoundedPanels(transposed, rows: headWidth, columns: all.count, into: scratch)
            let valuePanels = RoundedPanels(
              values.from(row: all.lowerBound, column: 0), rows: all.count, columns: headWidth,
              into: scratch + keySize)
            forward(head, span.blocks, into: output, logSums: logSums) { block, run, scores in
              precondition(run.keys.count == 1, "adjoining keys in several ranges")
              keyPanels.multiply(
                block.queries.count, inPlace(queries, head).from(row: block.queries.lowerBound, column: 0),
                rows: 0..<headWidth, columns: run.keys[0].shifted(by: -all.lowerBound), alpha: scale, into: scores,
                stride: run.width)
            } add: { block, range, isFirst, weights, width, output in
              valuePanels.multiply(
                block.queries.count, .init(weights, stride: width), rows: range.shifted(by: -all.lowerBound),
                columns: 0..<headWidth, adding: !isFirst, into: output, stride: stride)
            }
          }
        }
      }
    }
  }

  /// Whether there are so few queries that keys and values of f16 are read where they lie, as when decoding.
  private var readsHalves: Bool { keys.type == .f16 && queries.rows <= ckernels_few_rows }

  /// Writes a block's scores with the keys of a run, a row for each query.
  private typealias Scores = (
    _ block: AttentionSpan.Block, _ run: AttentionSpan.Run, _ scores: UnsafeMutablePointer<Float>
  ) -> Void
  /// Adds some rows of the values to a block's output, or writes the first ones there. The weights are a row of `width`
  /// numbers for each query.
  private typealias AddValues = (
    _ block: AttentionSpan.Block, _ rows: Range<Int>, _ isFirst: Bool, _ weights: UnsafePointer<Float>, _ width: Int,
    _ output: UnsafeMutablePointer<Float>
  ) -> Void

  private func scoreHalves(
    _ block: AttentionSpan.Block, _ head: Int, _ run: AttentionSpan.Run, into scores: UnsafeMutablePointer<Float>
  ) {
    var column = 0
    for range in run.keys {
      for (i, query) in block.queries.enumerated() {
        kernels.scores_f16(
          addresses.queries + query * stride + head * headWidth, halves(addresses.keys, range.lowerBound, head),
          bytesPerKey, range.count, headWidth, scale, scores + i * run.width + column)
      }
      column += range.count
    }
  }

  private func addHalves(
    _ block: AttentionSpan.Block, _ head: Int, _ range: Range<Int>, isFirst: Bool, _ weights: UnsafePointer<Float>,
    _ width: Int, to output: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<block.queries.count {
      let row = output + i * stride
      if isFirst { row.update(repeating: 0, count: headWidth) }
      kernels.add_weighted_f16(
        weights + i * width, halves(addresses.values, range.lowerBound, head), bytesPerKey, range.count, headWidth, row)
    }
  }

  /// Where a head's columns of a row lie among keys or values of f16.
  private func halves(_ start: UnsafeRawPointer, _ row: Int, _ head: Int) -> UnsafeRawPointer {
    start + row * bytesPerKey + head * headWidth * 2
  }

  private func forward(
    _ head: Int, _ blocks: [AttentionSpan.Block], into output: Tensor, logSums: Tensor, scores: Scores, add: AddValues
  ) {
    for block in blocks {
      forward(
        block, into: output.floats + block.queries.lowerBound * stride + head * headWidth,
        logSums: logSums.floats + head * queries.rows + block.queries.lowerBound, scores, add)
    }
  }

  private func forward(
    _ block: AttentionSpan.Block, into output: UnsafeMutablePointer<Float>, logSums: UnsafeMutablePointer<Float>,
    _ scoresOfRun: Scores, _ add: AddValues
  ) {
    let rows = block.queries.count
    withScratch(rows * block.runWidth + 2 * rows) { scratch in
      let (scores, largest, sums) = (scratch + 2 * rows, scratch, scratch + rows)
      largest.update(repeating: -.infinity, count: rows)
      sums.update(repeating: 0, count: rows)
      for run in block.runs {
        scoresOfRun(block, run, scores)
        for i in 0..<rows {
          let (row, count) = (scores + i * run.width, run.visible(i))
          (row + count).update(repeating: 0, count: run.width - count)
          guard count > 0 else { continue }
          let before = largest[i]
          largest[i] = max(before, kernels.maximum(row, count))
          // What came before was relative to a smaller maximum.
          let correction = exp(before - largest[i])
          sums[i] = sums[i] * correction + kernels.exp_shifted(row, largest[i], count)
          if !run.isFirst, correction != 1 { kernels.scale(output + i * stride, correction, headWidth) }
        }
        var column = 0
        for range in run.keys {
          add(block, range, run.isFirst && column == 0, scores + column, run.width, output)
          column += range.count
        }
      }
      for i in 0..<rows {
        kernels.scale(output + i * stride, 1 / sums[i], headWidth)
        logSums[i] = largest[i] + log(sums[i])
      }
    }
  }

  /// A block's rows of `left` times the columns of `right` that belong to a run of its keys, side by side.
  private func multiply(
    _ block: AttentionSpan.Block, _ run: AttentionSpan.Run, _ left: MatrixProduct.Operand, _ right: TransposedColumns,
    alpha: Float = 1, into scores: UnsafeMutablePointer<Float>
  ) {
    var column = 0
    for range in run.keys {
      right.forEachPart(of: range) { part, operand in
        MatrixProduct.small(
          block.queries.count, part.count, headWidth, alpha: alpha,
          left.from(row: block.queries.lowerBound, column: 0), operand,
          into: scores + column + part.lowerBound - range.lowerBound, stride: run.width)
      }
      column += range.count
    }
  }

  func backward(_ gradient: Tensor, output: Tensor, logSums: Tensor) -> (Tensor, Tensor, Tensor) {
    let dq = Tensor(uninitialized: queries.shape)
    let dk = Tensor(repeating: 0, shape: keys.shape)
    let dv = Tensor(repeating: 0, shape: values.shape)
    // One task a head: its blocks add to the same columns of dk and dv.
    ThreadPool.shared.forEach(heads) { head in
      withHead(keys, head, plain: true, transposed: true) { keys, transposedKeys in
        withHead(values, head, plain: false, transposed: true) { _, transposedValues in
          withHead(queries, head, plain: true, transposed: false) { queries, _ in
            withHead(gradient, head, plain: true, transposed: false) { gradient, _ in
              let inputs = HeadInputs(
                queries: queries, keys: keys, gradient: gradient, output: inPlace(output, head),
                transposedKeys: transposedKeys, transposedValues: transposedValues,
                logSums: logSums.floats + head * self.queries.rows)
              let column = head * headWidth
              for block in blocks {
                withScratch(2 * block.queries.count * block.runWidth) { scratch in
                  for run in block.runs {
                    backward(block, run, inputs, scratch, dq.floats + column, dk.floats + column, dv.floats + column)
                  }
                }
              }
            }
          }
        }
      }
    }
    return (dq, dk, dv)
  }

  private struct HeadInputs {
    let queries, keys, gradient, output: MatrixProduct.Operand
    let transposedKeys, transposedValues: TransposedColumns
    let logSums: UnsafeMutablePointer<Float>
  }

  /// With P the probabilities: dV = Pᵀ·dO, dS = P∘(dO·Vᵀ − rowsum(dO∘O)), dQ = scale·dS·K, dK = scale·dSᵀ·Q.
  private func backward(
    _ block: AttentionSpan.Block, _ run: AttentionSpan.Run, _ head: HeadInputs,
    _ scratch: UnsafeMutablePointer<Float>, _ dq: UnsafeMutablePointer<Float>, _ dk: UnsafeMutablePointer<Float>,
    _ dv: UnsafeMutablePointer<Float>
  ) {
    let (rows, width) = (block.queries, run.width)
    let (p, ds) = (scratch, scratch + rows.count * width)
    multiply(block, run, head.queries, head.transposedKeys, alpha: scale, into: p)
    multiply(block, run, head.gradient, head.transposedValues, into: ds)
    for (i, query) in rows.enumerated() {
      let (row, slopes, count) = (p + i * width, ds + i * width, run.visible(i))
      _ = kernels.exp_shifted(row, head.logSums[query], count)
      let correction = kernels.dot_f32(
        head.gradient.address + query * head.gradient.stride, head.output.address + query * head.output.stride,
        headWidth)
      kernels.softmax_backward(row, correction, slopes, count)
      if count < width {
        (row + count).update(repeating: 0, count: width - count)
        (slopes + count).update(repeating: 0, count: width - count)
      }
    }
    var column = 0
    for range in run.keys {
      let (pColumns, dsColumns) = (p + column, ds + column)
      let start = range.lowerBound * stride
      MatrixProduct.small(
        range.count, headWidth, rows.count, .init(pColumns, stride: width, transposed: true),
        head.gradient.from(row: rows.lowerBound, column: 0), adding: true, into: dv + start, stride: stride)
      MatrixProduct.small(
        range.count, headWidth, rows.count, alpha: scale, .init(dsColumns, stride: width, transposed: true),
        head.queries.from(row: rows.lowerBound, column: 0), adding: true, into: dk + start, stride: stride)
      MatrixProduct.small(
        rows.count, headWidth, range.count, alpha: scale, .init(dsColumns, stride: width),
        head.keys.from(row: range.lowerBound, column: 0), adding: !run.isFirst || column > 0,
        into: dq + rows.lowerBound * stride, stride: stride)
      column += range.count
    }
  }
}
