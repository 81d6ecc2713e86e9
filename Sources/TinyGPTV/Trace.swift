import Diagnostics
import Pictures
import Tensors

extension TinyGPTVModel {
  /// One forward pass over a picture and a prompt with every trace point that the reference names: `pixels`,
  /// `vit.block0`, `vit.output`, `ln_vision`, `qformer`, `image_embeds`, `inputs_embeds`, `phi.layer0`, `phi.final_norm`,
  /// `logits` (of all tokens), in that order.
  ///
  /// - Parameters:
  ///   - picture: the picture, or nil for text alone.
  ///   - segments: the prompt's token ids before and after the picture.
  public func trace(picture: Picture?, segments: [[Int]]) throws(InputError) -> [(name: String, tensor: Tensor)] {
    var points: [(name: String, tensor: Tensor)] = []
    let observe: Observer = { points.append(($0, $1)) }
    var vectors: [Tensor] = []
    if let picture { vectors.append(try encode(picture, observe: observe)) }
    let inputs = embeddings(segments: segments, pictures: vectors)
    try checkFits(tokens: inputs.rows)
    observe("inputs_embeds", inputs)
    observe("logits", phi.logits(phi(inputs, observe: observe)))
    return points
  }

  /// Throws unless this many tokens, at least one, fit the model's context.
  public func checkFits(tokens: Int) throws(InputError) {
    guard tokens > 0 else {
      throw InputError(file: "the prompt", expected: "at least one token", found: "nothing")
    }
    guard tokens <= configuration.phi.contextLength else {
      throw InputError(
        file: "the prompt", expected: "at most \(configuration.phi.contextLength) tokens, the model's context",
        found: "\(tokens)", remedy: "Ask a shorter question.")
    }
  }
}
