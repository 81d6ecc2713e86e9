/// Activations that meet one weight or several: [T, K] f32, behind an activation function where there is one; or bf16
/// without one (see ``Tensor/linear(_:bias:)``). Their rounding to int8, for quantised weights, is made once.
public final class ProductInput {
  private let source: Tensor
  private let activation: Activation?
  private var activated: Tensor?

  /// What is multiplied.
  public var tensor: Tensor {
    guard let activation else { return source }
    let tensor = activated ?? source.activated(activation)
    activated = tensor
    return tensor
  }

  /// The same as int8. What the activation function gives is not kept where nobody has asked for it, and no gradient will.
  private(set) lazy var quantized =
    source.node == nil && source.type == .f32 && activated == nil
    ? QuantizedRows(source, after: activation) : QuantizedRows(tensor.converted(to: .f32))

  /// `source`, or the activation function's values of its elements.
  public init(_ source: Tensor, after activation: Activation? = nil) {
    precondition(source.type == .f32 || activation == nil, "an activation function of \(source.type)")
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
