import Tensors

/// BLIP-2's Q-Former, the query half: learned queries that attend to themselves and, in every other layer, to the
/// picture. BERT's post-norm layers (Li et al. 2023).
public final class QFormer {
  private let queryTokens: Parameter
  private let embeddingNorm: LayerNorm
  private let layers: [Layer]

  init(_ loader: inout ParameterLoader, _ configuration: QFormerConfiguration, pictureWidth: Int) {
    queryTokens = loader.vector("qf.query_tokens", configuration.queries, configuration.width)
    embeddingNorm = LayerNorm(
      &loader, "qf.embd_norm", configuration.width, epsilon: configuration.layerNormEpsilon)
    layers = (0..<configuration.layers).map { Layer(&loader, $0, configuration, pictureWidth: pictureWidth) }
  }

  /// Picture tokens [1 + n, picture width] to [queries, width].
  func callAsFunction(_ picture: Tensor) -> Tensor {
    layers.reduce(embeddingNorm(queryTokens.value)) { $1($0, picture: picture) }
  }

  /// The same, with what every layer gives, the last one's output last.
  func layerOutputs(_ picture: Tensor) -> [Tensor] {
    var x = embeddingNorm(queryTokens.value)
    return layers.map { layer in
      x = layer(x, picture: picture)
      return x
    }
  }

  private final class Layer {
    let selfAttention: Attention
    let crossAttention: Attention?
    let up: Linear
    let down: Linear
    let norm: LayerNorm

    init(_ loader: inout ParameterLoader, _ index: Int, _ configuration: QFormerConfiguration, pictureWidth: Int) {
      let (name, width) = ("qf.blk.\(index)", configuration.width)
      selfAttention = Attention(&loader, "\(name).attn", configuration, keyWidth: width)
      crossAttention =
        configuration.hasCrossAttention(layer: index)
        ? Attention(&loader, "\(name).cross_attn", configuration, keyWidth: pictureWidth) : nil
      up = Linear(&loader, "\(name).ffn_up", from: width, to: configuration.intermediateSize)
      down = Linear(&loader, "\(name).ffn_down", from: configuration.intermediateSize, to: width)
      norm = LayerNorm(&loader, "\(name).ffn_norm", width, epsilon: configuration.layerNormEpsilon)
    }

    func callAsFunction(_ x: Tensor, picture: Tensor) -> Tensor {
      var y = selfAttention(x, keysFrom: x)
      if let crossAttention { y = crossAttention(y, keysFrom: picture) }
      return norm(y.plus(down(up(y).gelu())))
    }
  }

  /// Attention, its output projection, and the norm over the sum with its input.
  private final class Attention {
    let query: Linear
    let key: Linear
    let value: Linear
    let output: Linear
    let norm: LayerNorm
    let heads: Int

    init(_ loader: inout ParameterLoader, _ name: String, _ configuration: QFormerConfiguration, keyWidth: Int) {
      let width = configuration.width
      query = Linear(&loader, "\(name)_q", from: width, to: width)
      key = Linear(&loader, "\(name)_k", from: keyWidth, to: width)
      value = Linear(&loader, "\(name)_v", from: keyWidth, to: width)
      output = Linear(&loader, "\(name)_output", from: width, to: width)
      norm = LayerNorm(&loader, "\(name)_norm", width, epsilon: configuration.layerNormEpsilon)
      heads = configuration.heads
    }

    func callAsFunction(_ x: Tensor, keysFrom other: Tensor) -> Tensor {
      let attended = query(x).attention(keys: key(other), values: value(other), heads: heads, causal: false)
      return norm(x.plus(output(attended)))
    }
  }
}
