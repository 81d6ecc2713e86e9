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

  /// Picture tokens of some pictures, packed [B·(1 + n), picture width], to what every layer makes of the queries,
  /// packed [B·queries, width]; the last layer's output is the Q-Former's.
  func layerOutputs(_ tokens: Tensor, pictures: Int) -> [Tensor] {
    let queries = embeddingNorm(queryTokens.value)
    func ranges(_ rows: Int) -> [Range<Int>] { (0..<pictures).map { $0 * rows..<($0 + 1) * rows } }
    let own = ranges(queries.rows)
    let toSelf = AttentionSpan.blocks(queries: own, keys: own)
    let toPicture = AttentionSpan.blocks(queries: own, keys: ranges(tokens.rows / pictures))
    var x = pictures == 1 ? queries : .concatenatingRows(Array(repeating: queries, count: pictures))
    let picture = ProductInput(tokens)
    return layers.map { layer in
      x = layer(x, toSelf, picture: picture, toPicture)
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

    func callAsFunction(
      _ x: Tensor, _ toSelf: [AttentionSpan], picture: ProductInput, _ toPicture: [AttentionSpan]
    ) -> Tensor {
      let input = ProductInput(x)
      var y = selfAttention(input, keysFrom: input, toSelf)
      if let crossAttention { y = crossAttention(ProductInput(y), keysFrom: picture, toPicture) }
      return norm(y.plus(down(ProductInput(up(y), after: .gelu))))
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

    func callAsFunction(_ x: ProductInput, keysFrom other: ProductInput, _ spans: [AttentionSpan]) -> Tensor {
      let attended = query(x).attention(
        keys: key(other), values: value(other), heads: heads, spans: spans, mayRound: query.weight.isRounded)
      return norm(x.tensor.plus(output(attended)))
    }
  }
}
