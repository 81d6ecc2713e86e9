import CKernels

extension Tensor {
  /// Exact GELU, x·Φ(x) (Hendrycks, Gimpel 2016).
  public func gelu() -> Tensor { activated(kernels.gelu, backward: kernels.gelu_backward) }

  /// GELU's tanh approximation, "gelu_new": ½x(1 + tanh(√(2/π)(x + 0.044715x³))).
  public func geluTanh() -> Tensor { activated(kernels.gelu_tanh, backward: kernels.gelu_tanh_backward) }

  private func activated(
    _ forward: (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void,
    backward: @escaping (UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  ) -> Tensor {
    let output = Tensor(uninitialized: shape)
    ThreadPool.shared.forEachRange(of: count, grain: 8192) { range in
      forward(floats + range.lowerBound, output.floats + range.lowerBound, range.count)
    }
    let x = self
    return output.recorded(from: x) { gradient, gradients in
      let dx = Tensor(repeating: 0, shape: x.shape)
      ThreadPool.shared.forEachRange(of: x.count, grain: 8192) { range in
        let start = range.lowerBound
        backward(x.floats + start, gradient.floats + start, dx.floats + start, range.count)
      }
      gradients.add(dx, to: x)
    }
  }
}
