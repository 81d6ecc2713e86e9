import CKernels

/// A function of single numbers between two products.
public enum Activation: Sendable {
  /// Exact GELU, x·Φ(x) (Hendrycks, Gimpel 2016).
  case gelu
  /// GELU's tanh approximation, "gelu_new": ½x(1 + tanh(√(2/π)(x + 0.044715x³))).
  case geluTanh

  /// y[i] = f(x[i])
  var forward: @convention(c) (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void {
    switch self {
    case .gelu: kernels.gelu
    case .geluTanh: kernels.gelu_tanh
    }
  }

  /// dx[i] = f′(x[i])·dy[i]
  var backward: @convention(c) (UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void {
    switch self {
    case .gelu: kernels.gelu_backward
    case .geluTanh: kernels.gelu_tanh_backward
    }
  }
}

extension Tensor {
  /// Every element through an activation function.
  public func activated(_ activation: Activation) -> Tensor {
    let x = self
    return mapped(activation.forward).recorded(from: x) { gradient, gradients in
      let dx = Tensor(uninitialized: x.shape)
      ThreadPool.shared.forEachRange(of: x.count, grain: 8192) { range in
        let start = range.lowerBound
        activation.backward(x.floats + start, gradient.floats + start, dx.floats + start, range.count)
      }
      gradients.add(dx, to: x)
    }
  }

  private func mapped(_ forward: (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void) -> Tensor {
    let output = Tensor(uninitialized: shape)
    ThreadPool.shared.forEachRange(of: count, grain: 8192) { range in
      forward(floats + range.lowerBound, output.floats + range.lowerBound, range.count)
    }
    return output
  }

  /// 1/(1 + e^{−x}).
  public func sigmoid() -> Tensor {
    let output = mapped(kernels.sigmoid)
    return output.recorded(from: self) { [x = self] gradient, gradients in
      let dx = Tensor(uninitialized: x.shape)
      ThreadPool.shared.forEachRange(of: x.count, grain: 8192) { range in
        let start = range.lowerBound
        kernels.sigmoid_backward(output.floats + start, gradient.floats + start, dx.floats + start, range.count)
      }
      gradients.add(dx, to: x)
    }
  }

  /// Each element zero with probability `rate` (0 ≤ rate < 1), else divided by 1 − rate (Srivastava et al. 2014).
  ///
  /// Which ones is a function of the seed and the element's index alone, so the backward pass and a second forward pass
  /// find the same without keeping a mask.
  public func dropout(rate: Float, seed: UInt64) -> Tensor {
    precondition(rate >= 0 && rate < 1, "dropout rate \(rate)")
    guard rate > 0 else { return self }
    let threshold = UInt32((Double(rate) * 0x1p32).rounded(.down))
    func dropped(_ x: Tensor) -> Tensor {
      let y = Tensor(uninitialized: x.shape)
      ThreadPool.shared.forEachRange(of: x.count, grain: 8192) { range in
        let start = range.lowerBound
        kernels.dropout(
          x.floats + start, y.floats + start, range.count, UInt64(start), seed, threshold, 1 / (1 - rate))
      }
      return y
    }
    return dropped(self).recorded(from: self) { [x = self] gradient, gradients in
      gradients.add(dropped(gradient), to: x)
    }
  }
}
