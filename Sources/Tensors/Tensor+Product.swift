extension Tensor {
  /// The unit matrix [n, n].
  public static func identity(_ n: Int) -> Tensor {
    let result = Tensor(repeating: 0, shape: [n, n])
    for i in 0..<n { result.floats[i * n + i] = 1 }
    return result
  }

  /// The matrix product of self [M, K] and `other` [K, N], both f32.
  public func product(_ other: Tensor) -> Tensor {
    precondition(shape.count == 2 && other.shape.count == 2 && width == other.shape[0], "\(shape) · \(other.shape)")
    let (m, k, n) = (shape[0], width, other.width)
    let result = Tensor(uninitialized: [m, n])
    MatrixProduct.parallel(
      m, n, k, .init(floats, stride: k), .init(other.floats, stride: n), into: result.floats, stride: n)
    let x = self
    return result.recorded(from: x, other) { gradient, gradients in
      if x.node != nil {
        let dx = Tensor(uninitialized: x.shape)
        MatrixProduct.parallel(
          m, k, n, .init(gradient.floats, stride: n), .init(other.floats, stride: n, transposed: true),
          into: dx.floats, stride: k)
        gradients.add(dx, to: x)
      }
      if other.node != nil {
        let dOther = Tensor(uninitialized: other.shape)
        MatrixProduct.parallel(
          k, n, m, .init(x.floats, stride: k, transposed: true), .init(gradient.floats, stride: n),
          into: dOther.floats, stride: n)
        gradients.add(dOther, to: other)
      }
    }
  }
}
