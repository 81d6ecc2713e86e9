import Diagnostics
import ModelFiles
import Tensors

extension Adapter {
  /// Writes the adapter as a GGUF adapter of architecture `tinygptv`: llama.cpp's keys and names, rows of a fused
  /// `attn_qkv` in the model file's order, overrides as whole tensors in f32. It appears under its name only when it is
  /// whole.
  ///
  /// - Parameter type: how the low-rank pairs are stored, a plain floating-point type.
  /// - Throws: ``InputError`` if it cannot be written.
  public func writeGGUF(to path: String, type: ScalarType = .f32) throws(InputError) {
    precondition(!type.isQuantized && type.isEncodable, "an adapter of type \(type)")
    let alpha = commonAlpha
    var tensors: [(name: String, tensor: Tensor)] = []
    for (layer, pair) in pairs.sorted(by: { $0.key < $1.key }) {
      tensors.append((layer + Self.suffixes.a, pair.a.detached().converted(to: type)))
      let b = pair.b(scaledFor: alpha / Float(pair.a.shape[0]))
      tensors.append((layer + Self.suffixes.b, b.detached().converted(to: type)))
    }
    for (name, tensor) in overrides.sorted(by: { $0.key < $1.key }) {
      tensors.append((name, tensor.detached().converted(to: .f32)))
    }
    let writer = try GGUFWriter(
      path: path,
      metadata: [
        ("general.architecture", .string(MetadataKey.architecture)), ("general.type", .string("adapter")),
        ("general.name", .string(name)), ("adapter.type", .string("lora")), ("adapter.lora.alpha", .float32(alpha)),
      ],
      tensors: tensors.map { TensorDescription(name: $0.name, shape: $0.tensor.shape, type: $0.tensor.type) })
    for (_, tensor) in tensors { try writer.append(tensor.bytes) }
    try writer.finish()
  }

  /// The α of the first pair by name, which as a rule is that of all.
  private var commonAlpha: Float {
    guard let pair = pairs.min(by: { $0.key < $1.key })?.value else { return 1 }
    let rank = Float(pair.a.shape[0])
    let alpha = pair.scale * rank
    // Rounding may have led to a neighbour of the α that gives just this scale.
    return [alpha, alpha.nextUp, alpha.nextDown].first { $0 / rank == pair.scale } ?? alpha
  }
}

extension LowRankPair {
  /// B for a file that has another scale, with the difference in B itself.
  func b(scaledFor scale: Float) -> Tensor {
    self.scale == scale ? b : b.detached().converted(to: .f32).scaled(by: self.scale / scale)
  }
}
