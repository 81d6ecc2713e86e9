/// Activations that meet one weight or several: [T, K] f32 (or bf16, see ``Tensor/linear(_:bias:)``), behind an activation
/// function where there is one. Their rounding to int8, for quantised weights, is made once.
public final class ProductInput {
  private let source: Tensor
  private let activation: Activation?

  /// What is multiplied.
  public private(set) lazy var tensor = activation.map(source.activated) ?? source

  /// The same as int8. What the activation function gives is not kept for it where no gradient wants it.
  private(set) lazy var quantized =
    source.node == nil && source.type == .f32
    ? QuantizedRows(source, after: activation) : QuantizedRows(tensor.converted(to: .f32))

  /// `source`, or the activation function's values of its elements.
  public init(_ source: Tensor, after activation: Activation? = nil) {
    self.source = source
    self.activation = activation
  }

  var type: ScalarType { source.type }
  var shape: [Int] { source.shape }
  var rows: Int { source.rows }
  var width: Int { source.width }
  /// Whether a gradient goes through the input.
  var isRecorded: Bool { source.node != nil }
}
