extension Tensor {
  /// The same values in another type.
  public func converted(to type: ScalarType) -> Tensor {
    self
  }
}
