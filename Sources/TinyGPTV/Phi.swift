import Tensors

/// Phi-2 with TinyGPT-V's norms: attention and MLP side by side on one LayerNorm, rotary positions on part of each
/// head; LayerNorm on every head's queries and keys and RMSNorm behind the attention where the model has them.
public final class Phi {
  /// The model's sizes.
  public let configuration: PhiConfiguration
  private let tokenEmbedding: Parameter
  private let blocks: [Block]
  private let finalNorm: LayerNorm
  private let outputHead: Linear
  private let rotaryEmbedding: RotaryEmbedding
  /// Parts to leave out.
  package var switches = PhiSwitches()

  init(_ loader: inout ParameterLoader, _ configuration: PhiConfiguration) {
    self.configuration = configuration
    tokenEmbedding = loader.matrix("token_embd.weight", [configuration.vocabularySize, configuration.hiddenSize])
    blocks = (0..<configuration.layers).map { Block(&loader, "blk.\($0)", configuration) }
    finalNorm = LayerNorm(
      &loader, "output_norm", configuration.hiddenSize, epsilon: configuration.layerNormEpsilon)
    outputHead = Linear(&loader, "output", from: configuration.hiddenSize, to: configuration.vocabularySize)
    rotaryEmbedding = RotaryEmbedding(
      dimensions: configuration.rotaryDimensions, base: configuration.ropeBase,
      positions: configuration.contextLength)
  }

  /// Token ids to their embeddings [T, hidden].
  package func embeddings(of ids: [Int]) -> Tensor { tokenEmbedding.value.gatheringRows(ids) }

  /// Input embeddings [T, hidden] to hidden states [T, hidden] behind the final norm, T ≥ 1.
  ///
  /// With a cache, the T inputs follow the tokens that are in it, and are added to it.
  ///
  /// - Parameter onlyLast: whether the last row's hidden state is all that is wanted, [1, hidden].
  package func callAsFunction(
    _ embeddings: Tensor, cache: KeyValueCache? = nil, onlyLast: Bool = false, observe: Observer? = nil,
    onLayer: LayerCheck? = nil
  ) -> Tensor {
    let layout = SequenceLayout(count: embeddings.rows, after: cache?.count ?? 0)
    let rows = onlyLast ? [embeddings.rows - 1] : nil
    return self(embeddings, layout, cache: cache, rows: rows, observe: observe, onLayer: onLayer)
  }

  /// The same for rows that are laid out otherwise.
  ///
  /// - Parameters:
  ///   - dropoutSeed: decides which inputs of low-rank pairs are dropped; nil outside training.
  ///   - blocksPerCheckpoint: so many blocks keep only their input for the backward pass; 0 keeps all activations.
  ///   - rows: the rows whose hidden states are wanted, ascending; nil for all. The result has as many, the cache gets all.
  ///   - onLayer: may stop the pass, whose result then means nothing. Not asked where blocks are checkpointed.
  package func callAsFunction(
    _ embeddings: Tensor, _ layout: SequenceLayout, cache: KeyValueCache? = nil, dropoutSeed: UInt64? = nil,
    blocksPerCheckpoint: Int = 0, rows: [Int]? = nil, observe: Observer? = nil, onLayer: LayerCheck? = nil
  ) -> Tensor {
    precondition(
      layout.positions.allSatisfy { $0 < configuration.contextLength }, "more tokens than the context holds")
    let last = blocks.count - 1
    let selection = rows.map { RowSelection(rows: $0, spans: layout.spans(ofQueries: $0)) }
    var x = embeddings
    if blocksPerCheckpoint > 0 {
      for start in stride(from: 0, to: blocks.count, by: blocksPerCheckpoint) {
        let range = start..<min(blocks.count, start + blocksPerCheckpoint)
        x = Tensor.checkpointed([x]) { [self] inputs in
          range.reduce(inputs[0]) { x, index in
            blocks[index](
              x, rotaryEmbedding, layout, cache: nil, switches: switches, dropoutSeed: dropoutSeed,
              selection: index == last ? selection : nil)
          }
        }
      }
      return finalNorm(x)
    }
    for (index, block) in blocks.enumerated() {
      if let onLayer, !onLayer(index, blocks.count) { return x }
      x = block(
        x, rotaryEmbedding, layout, cache: cache?.layers[index], switches: switches, dropoutSeed: dropoutSeed,
        selection: index == last ? selection : nil)
      if index == 0 { observe?("phi.layer0", x) }
    }
    let hidden = finalNorm(x)
    observe?("phi.final_norm", hidden)
    return hidden
  }

  /// Hidden states [T, hidden] to logits [T, vocabulary].
  package func logits(_ hidden: Tensor) -> Tensor { outputHead(hidden) }

  /// The weights of all products, in the order in which a token meets them.
  var productWeights: [Parameter] {
    blocks.flatMap { [$0.queryKeyValue, $0.attentionOutput, $0.up, $0.down].map(\.weight) } + [outputHead.weight]
  }

  /// The layers that an adapter may adapt, by the name that they have in the model file (without `.weight`).
  package var adaptableLayers: [String: Linear] {
    var layers: [String: Linear] = [:]
    for (index, block) in blocks.enumerated() {
      layers["blk.\(index).attn_qkv"] = block.queryKeyValue
      layers["blk.\(index).attn_output"] = block.attentionOutput
      layers["blk.\(index).ffn_up"] = block.up
      layers["blk.\(index).ffn_down"] = block.down
    }
    return layers
  }

  /// The rows of a block's input whose output is wanted, and the keys that they see.
  private struct RowSelection {
    let rows: [Int]
    let spans: [AttentionSpan]
  }

  private final class Block {
    let norm: LayerNorm
    let queryKeyValue: Linear
    let queryNorm: LayerNorm?
    let keyNorm: LayerNorm?
    let attentionOutput: Linear
    let postNorm: RMSNorm?
    let up: Linear
    let down: Linear
    let heads: Int

    init(_ loader: inout ParameterLoader, _ name: String, _ configuration: PhiConfiguration) {
      let (width, epsilon) = (configuration.hiddenSize, configuration.layerNormEpsilon)
      norm = LayerNorm(&loader, "\(name).attn_norm", width, epsilon: epsilon)
      queryKeyValue = Linear(&loader, "\(name).attn_qkv", from: width, to: 3 * width)
      attentionOutput = Linear(&loader, "\(name).attn_output", from: width, to: width)
      up = Linear(&loader, "\(name).ffn_up", from: width, to: configuration.intermediateSize)
      down = Linear(&loader, "\(name).ffn_down", from: configuration.intermediateSize, to: width)
      heads = configuration.heads
      if configuration.hasExtraNorms {
        queryNorm = LayerNorm(&loader, "\(name).attn_q_norm", configuration.headSize, epsilon: epsilon)
        keyNorm = LayerNorm(&loader, "\(name).attn_k_norm", configuration.headSize, epsilon: epsilon)
        postNorm = RMSNorm(
          &loader, "\(name).post_attention_norm", width, epsilon: configuration.postNormEpsilon)
      } else {
        (queryNorm, keyNorm, postNorm) = (nil, nil, nil)
      }
    }

    func callAsFunction(
      _ x: Tensor, _ rotaryEmbedding: RotaryEmbedding, _ layout: SequenceLayout, cache: KeyValueCache.Layer?,
      switches: PhiSwitches, dropoutSeed: UInt64?, selection: RowSelection?
    ) -> Tensor {
      var (x, spans) = (x, layout.spans)
      var input = ProductInput(switches.inputNorm ? norm(x) : x)
      var (q, k, v) = queryKeyValue(input, dropoutSeed: dropoutSeed).splitInThree()
      var positions = layout.positions
      if let selection, selection.rows.count < x.rows {
        // What stands behind the keys and values is nobody's concern but these rows'.
        let rows = selection.rows
        (x, q, input) = (x.gatheringRows(rows), q.gatheringRows(rows), ProductInput(input.tensor.gatheringRows(rows)))
        (positions, spans) = (rows.map { layout.positions[$0] }, selection.spans)
      }
      let queries = normalized(q, switches.queryKeyNorm ? queryNorm : nil)
        .rotated(rotaryEmbedding, heads: heads, positions: positions)
      var keys = normalized(k, switches.queryKeyNorm ? keyNorm : nil)
        .rotated(rotaryEmbedding, heads: heads, positions: layout.positions)
      if let cache { (keys, v) = cache.appending(keys, v) }
      var attended = attentionOutput(
        queries.attention(
          keys: keys, values: v, heads: heads, spans: spans,
          mayRound: cache != nil && queryKeyValue.weight.isRounded), dropoutSeed: dropoutSeed)
      if switches.attentionNorm, let postNorm { attended = postNorm(attended) }
      let inner = ProductInput(up(input, dropoutSeed: dropoutSeed), after: .geluTanh)
      return x.plus(attended).plus(down(inner, dropoutSeed: dropoutSeed))
    }

    /// Each head's values [T, H·D] through a norm over D.
    private func normalized(_ x: Tensor, _ norm: LayerNorm?) -> Tensor {
      guard let norm else { return x }
      return norm(x.reshaped([x.rows * heads, x.width / heads])).reshaped(x.shape)
    }
  }
}

/// The norms of Phi's blocks that can be left out, to see what each is good for.
package struct PhiSwitches: Sendable, Equatable {
  /// The LayerNorm on a block's input.
  package var inputNorm = true
  /// The RMSNorm behind the attention.
  package var attentionNorm = true
  /// The LayerNorm on every head's queries and keys.
  package var queryKeyNorm = true

  package init(inputNorm: Bool = true, attentionNorm: Bool = true, queryKeyNorm: Bool = true) {
    self.inputNorm = inputNorm
    self.attentionNorm = attentionNorm
    self.queryKeyNorm = queryKeyNorm
  }
}
