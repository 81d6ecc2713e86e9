extension Tensor {
  /// Σ weightᵢ · |xᵢ − targetᵢ| over all elements. A scalar.
  public func absoluteError(targets: [Float], weights: [Float]) -> Tensor {
    precondition(targets.count == count && weights.count == count, "\(targets.count) targets for \(shape)")
    var sum: Float = 0
    for i in 0..<count { sum += weights[i] * abs(floats[i] - targets[i]) }
    let x = self
    return Tensor([sum], shape: []).recorded(from: x) { gradient, gradients in
      let dx = Tensor(uninitialized: x.shape)
      let factor = gradient.floats[0]
      for i in 0..<x.count {
        let difference = x.floats[i] - targets[i]
        dx.floats[i] = difference == 0 ? 0 : (difference > 0 ? factor : -factor) * weights[i]
      }
      gradients.add(dx, to: x)
    }
  }
}
