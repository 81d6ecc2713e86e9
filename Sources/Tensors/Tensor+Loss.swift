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

  /// Σ wᵢ·(softplus(xᵢ) − tᵢ·xᵢ): the binary cross-entropy of logits of any shape with a target from 0 to 1 for each
  /// element, as a scalar. Without weights, the mean.
  public func binaryCrossEntropy(targets: [Float], weights: [Float]? = nil) -> Tensor {
    elementLoss(targets, weights) { x, target in
      // max(x, 0) + log(1 + e^{−|x|}) does not overflow.
      let power = exp(-abs(x))
      let probability = x >= 0 ? 1 / (1 + power) : power / (1 + power)
      return (max(x, 0) - target * x + log1p(power), probability - target)
    }
  }

  /// Σ wᵢ·|xᵢ − tᵢ| as a scalar. Without weights, the mean.
  public func absoluteError(targets: [Float], weights: [Float]? = nil) -> Tensor {
    elementLoss(targets, weights) { x, target in
      (abs(x - target), x > target ? 1 : x < target ? -1 : 0)
    }
  }

  /// Σ wᵢ·ℓ(xᵢ − tᵢ) with ℓ(d) = d²/2β below β and |d| − β/2 from there on ("smooth L1", Girshick 2015), as a scalar.
  /// Without weights, the mean.
  public func smoothAbsoluteError(targets: [Float], weights: [Float]? = nil, beta: Float = 1) -> Tensor {
    precondition(beta > 0, "smoothAbsoluteError: beta \(beta)")
    return elementLoss(targets, weights) { x, target in
      let d = x - target
      return abs(d) < beta ? (d * d / (2 * beta), d / beta) : (abs(d) - beta / 2, d > 0 ? 1 : -1)
    }
  }

  /// The weighted sum of a loss of each element and its target; `body` gives loss and slope.
  private func elementLoss(
    _ targets: [Float], _ weights: [Float]?, _ body: (_ x: Float, _ target: Float) -> (loss: Float, slope: Float)
  ) -> Tensor {
    precondition(targets.count == count, "\(targets.count) targets for \(shape)")
    precondition(weights.map { $0.count == count } ?? true, "weights for \(shape)")
    let equal = 1 / Float(max(1, count))
    let slopes = Tensor(uninitialized: shape)
    var sum = 0.0
    for i in 0..<count {
      let weight = weights?[i] ?? equal
      let (loss, slope) = body(floats[i], targets[i])
      sum += Double(weight) * Double(loss)
      slopes.floats[i] = weight * slope
    }
    let x = self
    return Tensor([Float(sum)], shape: []).recorded(from: x) { gradient, gradients in
      gradients.add(slopes.scaled(by: gradient.floats[0]), to: x)
    }
  }
}
