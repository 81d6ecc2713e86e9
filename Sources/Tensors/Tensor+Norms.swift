import CKernels

extension Tensor {
  /// LayerNorm over the last dimension: (x − mean)/√(variance + ε) · weight + bias, with weight [C] and bias [C] or nil
  /// (Ba, Kiros, Hinton 2016).
  public func layerNorm(weight: Tensor, bias: Tensor?, epsilon: Float) -> Tensor {
    let n = width
    precondition(weight.shape == [n] && (bias.map { $0.shape == [n] } ?? true), "layerNorm: \(shape), \(weight.shape)")
    let output = Tensor(uninitialized: shape)
    let statistics = Tensor(uninitialized: [rows, 2])
    ThreadPool.shared.forEachRange(of: rows, grain: rowGrain) { range in
      for t in range {
        kernels.layer_norm(
          floats + t * n, weight.floats, bias?.floats, epsilon, output.floats + t * n, statistics.floats + 2 * t, n)
      }
    }
    let (x, bias) = (self, bias ?? Tensor(repeating: 0, shape: [0]))
    return output.recorded(from: x, weight, bias) { gradient, gradients in
      let (dx, dWeight) = x.layerNormBackward(gradient, weight, statistics)
      gradients.add(dx, to: x)
      gradients.add(dWeight, to: weight)
      gradients.add(gradient.reshaped([x.rows, n]).columnSums(), to: bias)
    }
  }

  /// With x̂ = (x − mean)·r and g = dy·weight: dx = r·(g − mean(g) − x̂·mean(g·x̂)), dweight = Σ dy·x̂.
  private func layerNormBackward(_ gradient: Tensor, _ weight: Tensor, _ statistics: Tensor) -> (Tensor, Tensor) {
    let n = width
    let dx = Tensor(uninitialized: shape)
    let dWeight = Tensor(repeating: 0, shape: [n])
    for t in 0..<rows {
      let (x, dy, out) = (floats + t * n, gradient.floats + t * n, dx.floats + t * n)
      let (mean, reciprocal) = (statistics.floats[2 * t], statistics.floats[2 * t + 1])
      var (sum, sumNormalized): (Float, Float) = (0, 0)
      for i in 0..<n {
        let normalized = (x[i] - mean) * reciprocal
        let g = dy[i] * weight.floats[i]
        sum += g
        sumNormalized += g * normalized
        dWeight.floats[i] += dy[i] * normalized
      }
      sum /= Float(n)
      sumNormalized /= Float(n)
      for i in 0..<n {
        let normalized = (x[i] - mean) * reciprocal
        out[i] = reciprocal * (dy[i] * weight.floats[i] - sum - normalized * sumNormalized)
      }
    }
    return (dx, dWeight)
  }

  /// RMSNorm over the last dimension: x/√(mean(x²) + ε) · weight, with weight [C] (Zhang, Sennrich 2019).
  public func rmsNorm(weight: Tensor, epsilon: Float) -> Tensor {
    let n = width
    precondition(weight.shape == [n], "rmsNorm: \(shape), \(weight.shape)")
    let output = Tensor(uninitialized: shape)
    let reciprocals = Tensor(uninitialized: [rows])
    ThreadPool.shared.forEachRange(of: rows, grain: rowGrain) { range in
      for t in range {
        kernels.rms_norm(floats + t * n, weight.floats, epsilon, output.floats + t * n, reciprocals.floats + t, n)
      }
    }
    let x = self
    return output.recorded(from: x, weight) { gradient, gradients in
      let (dx, dWeight) = x.rmsNormBackward(gradient, weight, reciprocals)
      gradients.add(dx, to: x)
      gradients.add(dWeight, to: weight)
    }
  }

  /// With x̂ = x·r and g = dy·weight: dx = r·(g − x̂·mean(g·x̂)), dweight = Σ dy·x̂.
  private func rmsNormBackward(_ gradient: Tensor, _ weight: Tensor, _ reciprocals: Tensor) -> (Tensor, Tensor) {
    let n = width
    let dx = Tensor(uninitialized: shape)
    let dWeight = Tensor(repeating: 0, shape: [n])
    for t in 0..<rows {
      let (x, dy, out) = (floats + t * n, gradient.floats + t * n, dx.floats + t * n)
      let reciprocal = reciprocals.floats[t]
      var sumNormalized: Float = 0
      for i in 0..<n {
        sumNormalized += dy[i] * weight.floats[i] * x[i] * reciprocal
        dWeight.floats[i] += dy[i] * x[i] * reciprocal
      }
      sumNormalized /= Float(n)
      for i in 0..<n { out[i] = reciprocal * (dy[i] * weight.floats[i] - x[i] * reciprocal * sumNormalized) }
    }
    return (dx, dWeight)
  }

  /// Rows that one thread takes at a time, so that a piece is worth handing over.
  var rowGrain: Int { max(1, 16384 / max(width, 1)) }
}
