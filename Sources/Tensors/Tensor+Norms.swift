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

  private func layerNormBackward(_ gradient: Tensor, _ weight: Tensor, _ statistics: Tensor) -> (Tensor, Tensor) {
    let n = width
    let dx = Tensor(uninitialized: shape)
    let dWeight = Tensor(repeating: 0, shape: [n])
    for t in 0..<rows {
      kernels.layer_norm_backward(
        floats + t * n, gradient.floats + t * n, weight.floats, statistics.floats + 2 * t, dx.floats + t * n,
        dWeight.floats, n)
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

  private func rmsNormBackward(_ gradient: Tensor, _ weight: Tensor, _ reciprocals: Tensor) -> (Tensor, Tensor) {
    let n = width
    let dx = Tensor(uninitialized: shape)
    let dWeight = Tensor(repeating: 0, shape: [n])
    for t in 0..<rows {
      kernels.rms_norm_backward(
        floats + t * n, gradient.floats + t * n, weight.floats, reciprocals.floats[t], dx.floats + t * n,
        dWeight.floats, n)
    }
    return (dx, dWeight)
  }

  /// Rows that one thread takes at a time, so that a piece is worth handing over.
  var rowGrain: Int { max(1, 16384 / max(width, 1)) }
}
