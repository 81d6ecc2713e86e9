import CKernels

#if canImport(Glibc)
  import Glibc
#endif

extension Tensor {
  /// The mean cross-entropy −log softmax(logits)[target] of logits [T, V] over the rows that have a target; rows with
  /// nil are ignored, and without any target the result is 0. A scalar.
  public func crossEntropy(targets: [Int?]) -> Tensor {
    let n = width
    precondition(targets.count == rows, "\(targets.count) targets for \(shape)")
    precondition(targets.allSatisfy { $0.map { (0..<n).contains($0) } ?? true }, "target outside the vocabulary")
    let counted = max(1, targets.count { $0 != nil })
    let probabilities = Tensor(uninitialized: shape)
    let losses = Tensor(repeating: 0, shape: [rows])
    ThreadPool.shared.forEach(rows) { t in
      guard let target = targets[t] else { return }
      let (row, p) = (floats + t * n, probabilities.floats + t * n)
      memcpy(p, row, n * 4)
      let largest = kernels.maximum(row, n)
      let sum = kernels.exp_shifted(p, largest, n)
      losses.floats[t] = largest + log(sum) - row[target]
      for i in 0..<n { p[i] /= sum }
    }
    let x = self
    let mean = Tensor([kernels.sum(losses.floats, rows) / Float(counted)], shape: [])
    return mean.recorded(from: x) { gradient, gradients in
      let dx = Tensor(repeating: 0, shape: x.shape)
      let factor = gradient.floats[0] / Float(counted)
      ThreadPool.shared.forEach(x.rows) { t in
        guard let target = targets[t] else { return }
        kernels.add_scaled(dx.floats + t * n, probabilities.floats + t * n, factor, n)
        dx.floats[t * n + target] -= factor
      }
      gradients.add(dx, to: x)
    }
  }

  /// Σ wᵢ·|xᵢ − tᵢ| as a scalar, for a tensor of any shape, with a target and a weight for each element.
  public func absoluteError(targets: [Float], weights: [Float]) -> Tensor {
    precondition(targets.count == count && weights.count == count, "\(targets.count) targets for \(shape)")
    let slopes = Tensor(uninitialized: shape)
    var sum = 0.0
    for i in 0..<count {
      let difference = floats[i] - targets[i]
      sum += Double(weights[i]) * Double(abs(difference))
      slopes.floats[i] = weights[i] * (difference > 0 ? 1 : difference < 0 ? -1 : 0)
    }
    let x = self
    return Tensor([Float(sum)], shape: []).recorded(from: x) { gradient, gradients in
      gradients.add(slopes.scaled(by: gradient.floats[0]), to: x)
    }
  }
}
