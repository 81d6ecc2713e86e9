import CKernels

#if canImport(Glibc)
  import Glibc
#endif

extension Tensor {
  /// Multi-head attention softmax(q·kᵀ/√D)·v for queries [T, H·D] (self), keys and values [S, H·D].
  ///
  /// With `causal`, the last query sees all keys, the one before it all but the last, and so on (S ≥ T; the first S − T
  /// keys come from a cache). Works on blocks of queries, so no T×S matrix is kept, not even for the gradient, which
  /// recomputes the probabilities from each row's log-sum-exp (Dao et al. 2022).
  public func attention(keys: Tensor, values: Tensor, heads: Int, causal: Bool) -> Tensor {
    let problem = AttentionProblem(queries: self, keys: keys, values: values, heads: heads, causal: causal)
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

/// The sizes and inputs of one attention, and the loops over its heads and blocks of queries.
private struct AttentionProblem {
  let queries: Tensor
  let keys: Tensor
  let values: Tensor
  let heads: Int
  let causal: Bool

  /// Queries in one block: enough for an efficient product, few enough for many blocks.
  private static let block = 128

  private var queryCount: Int { queries.rows }
  private var keyCount: Int { keys.rows }
  private var stride: Int { queries.width }
  private var headWidth: Int { queries.width / heads }
  private var scale: Float { 1 / Float(headWidth).squareRoot() }
  private var blocks: Int { (queryCount + Self.block - 1) / Self.block }

  init(queries: Tensor, keys: Tensor, values: Tensor, heads: Int, causal: Bool) {
    precondition(queries.width % heads == 0, "\(heads) heads in \(queries.shape)")
    precondition(keys.shape == values.shape && keys.width == queries.width, "\(keys.shape), \(values.shape)")
    precondition(!causal || keys.rows >= queries.rows, "fewer keys than causal queries")
    self.queries = queries
    self.keys = keys
    self.values = values
    self.heads = heads
    self.causal = causal
  }

  /// How many keys the query sees.
  private func visible(_ query: Int) -> Int { causal ? keyCount - queryCount + query + 1 : keyCount }

  private func operand(_ tensor: Tensor, _ head: Int, row: Int = 0, transposed: Bool = false) -> MatrixProduct.Operand {
    .init(tensor.floats + row * stride + head * headWidth, stride: stride, transposed: transposed)
  }

  func forward(into output: Tensor, logSums: Tensor) {
    // Long queries: one task a head and block. A single query: the same code, with products of one row.
    ThreadPool.shared.forEach(heads * blocks) { task in
      let (head, block) = (task / blocks, task % blocks)
      let range = block * Self.block..<min(queryCount, (block + 1) * Self.block)
      let seen = visible(range.upperBound - 1)
      withScratch(range.count * seen) { scores in
        MatrixProduct.serial(
          range.count, seen, headWidth, alpha: scale, operand(queries, head, row: range.lowerBound),
          operand(keys, head, transposed: true), into: scores, stride: seen)
        for (i, query) in range.enumerated() {
          let row = scores + i * seen
          let count = visible(query)
          let largest = kernels.maximum(row, count)
          let sum = kernels.exp_shifted(row, largest, count)
          let reciprocal = 1 / sum
          for j in 0..<count { row[j] *= reciprocal }
          for j in count..<seen { row[j] = 0 }
          logSums.floats[head * queryCount + query] = largest + log(sum)
        }
        MatrixProduct.serial(
          range.count, headWidth, seen, .init(scores, stride: seen), operand(values, head),
          into: output.floats + range.lowerBound * stride + head * headWidth, stride: stride)
      }
    }
  }

  /// With P the probabilities: dV = Pᵀ·dO, dS = P∘(dO·Vᵀ − rowsum(dO∘O)), dQ = scale·dS·K, dK = scale·dSᵀ·Q.
  func backward(_ gradient: Tensor, output: Tensor, logSums: Tensor) -> (Tensor, Tensor, Tensor) {
    let dq = Tensor(repeating: 0, shape: queries.shape)
    let dk = Tensor(repeating: 0, shape: keys.shape)
    let dv = Tensor(repeating: 0, shape: values.shape)
    // One task a head: its blocks add to the same columns of dk and dv.
    ThreadPool.shared.forEach(heads) { head in
      for block in 0..<blocks {
        let range = block * Self.block..<min(queryCount, (block + 1) * Self.block)
        let seen = visible(range.upperBound - 1)
        withScratch(2 * range.count * seen) { scratch in
          let (p, dp) = (scratch, scratch + range.count * seen)
          MatrixProduct.serial(
            range.count, seen, headWidth, alpha: scale, operand(queries, head, row: range.lowerBound),
            operand(keys, head, transposed: true), into: p, stride: seen)
          MatrixProduct.serial(
            range.count, seen, headWidth, operand(gradient, head, row: range.lowerBound),
            operand(values, head, transposed: true), into: dp, stride: seen)
          for (i, query) in range.enumerated() {
            let (row, dRow, count) = (p + i * seen, dp + i * seen, visible(query))
            _ = kernels.exp_shifted(row, logSums.floats[head * queryCount + query], count)
            for j in count..<seen { row[j] = 0 }
            let start = query * stride + head * headWidth
            let correction = kernels.dot_f32(gradient.floats + start, output.floats + start, headWidth)
            // The transposed product wants P itself, the others P∘(dP − correction): kept in dp.
            for j in 0..<seen { dRow[j] = row[j] * (dRow[j] - correction) }
          }
          let column = head * headWidth
          MatrixProduct.serial(
            seen, headWidth, range.count, .init(p, stride: seen, transposed: true),
            operand(gradient, head, row: range.lowerBound), beta: 1, into: dv.floats + column, stride: stride)
          MatrixProduct.serial(
            range.count, headWidth, seen, alpha: scale, .init(dp, stride: seen), operand(keys, head),
            into: dq.floats + range.lowerBound * stride + column, stride: stride)
          MatrixProduct.serial(
            seen, headWidth, range.count, alpha: scale, .init(dp, stride: seen, transposed: true),
            operand(queries, head, row: range.lowerBound), beta: 1, into: dk.floats + column, stride: stride)
        }
      }
    }
    return (dq, dk, dv)
  }
}
