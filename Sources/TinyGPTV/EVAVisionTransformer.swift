import Tensors

/// EVA-CLIP's vision tower: patches, a class token and learned positions through pre-norm transformer blocks, without a
/// norm at the end (Fang et al. 2022).
public final class EVAVisionTransformer {
  private let configuration: VisionConfiguration
  private let patchEmbedding: Linear
  private let classToken: Parameter
  private let positions: Parameter
  private let blocks: [Block]

  init(_ loader: inout ParameterLoader, _ configuration: VisionConfiguration) {
    self.configuration = configuration
    let patch = 3 * configuration.patchSize * configuration.patchSize
    patchEmbedding = Linear(&loader, "v.patch_embd", from: patch, to: configuration.width)
    classToken = loader.vector("v.class_embd", 1, configuration.width)
    positions = loader.vector("v.position_embd.weight", configuration.tokens, configuration.width)
    blocks = (0..<configuration.layers).map { Block(&loader, "v.blk.\($0)", configuration) }
  }

  /// Normalised pixels [3, S, S] of some pictures of one size to their picture tokens, [1 + n, width] each, the class
  /// token first, packed one under another. At another size than the configuration's the positions are resized.
  /// `onLayer` may stop the pass, whose result then means nothing.
  func callAsFunction(_ pictures: [Tensor], observe: Observer? = nil, onLayer: LayerCheck? = nil) -> Tensor {
    let side = pictures[0].shape[1]
    precondition(
      pictures.allSatisfy { $0.shape == [3, side, side] } && side % configuration.patchSize == 0,
      "pixels \(pictures.map(\.shape)) in patches of \(configuration.patchSize)")
    let patches = patchEmbedding(.concatenatingRows(pictures.map { $0.patches(side: configuration.patchSize) }))
    let count = patches.rows / pictures.count
    let positions = positions(grid: side / configuration.patchSize)
    var x = Tensor.concatenatingRows(
      pictures.indices.map { index in
        let own = patches.rows(index * count..<(index + 1) * count)
        return Tensor.concatenatingRows([classToken.value, own]).plus(positions)
      })
    let ranges = pictures.indices.map { $0 * (count + 1)..<($0 + 1) * (count + 1) }
    let spans = AttentionSpan.blocks(queries: ranges, keys: ranges)
    for (index, block) in blocks.enumerated() {
      if let onLayer, !onLayer(index, blocks.count) { return x }
      x = block(x, spans)
      if index == 0 { observe?("vit.block0", x) }
    }
    observe?("vit.output", x)
    return x
  }

  private func positions(grid: Int) -> Tensor {
    guard grid != configuration.grid else { return positions.value }
    // Resizing is linear: as a product with what it makes of the unit matrix, it passes gradients on.
    return Tensor.identity(configuration.tokens).positionsResized(to: grid).product(positions.value)
  }

  private final class Block {
    let norm1: LayerNorm
    let queryKeyValue: Linear
    let attentionOutput: Linear
    let norm2: LayerNorm
    let up: Linear
    let down: Linear
    let heads: Int

    init(_ loader: inout ParameterLoader, _ name: String, _ configuration: VisionConfiguration) {
      let width = configuration.width
      norm1 = LayerNorm(&loader, "\(name).ln1", width, epsilon: configuration.layerNormEpsilon)
      queryKeyValue = Linear(&loader, "\(name).attn_qkv", from: width, to: 3 * width)
      attentionOutput = Linear(&loader, "\(name).attn_out", from: width, to: width)
      norm2 = LayerNorm(&loader, "\(name).ln2", width, epsilon: configuration.layerNormEpsilon)
      up = Linear(&loader, "\(name).ffn_up", from: width, to: configuration.intermediateSize)
      down = Linear(&loader, "\(name).ffn_down", from: configuration.intermediateSize, to: width)
      heads = configuration.heads
    }

    func callAsFunction(_ x: Tensor, _ spans: [AttentionSpan]) -> Tensor {
      let (queries, keys, values) = queryKeyValue(norm1(x)).splitInThree()
      let attended = attentionOutput(
        queries.attention(
          keys: keys, values: values, heads: heads, spans: spans, mayRound: queryKeyValue.weight.isRounded))
      let y = x.plus(attended)
      return y.plus(down(ProductInput(up(norm2(y)), after: .gelu)))
    }
  }
}

extension Tensor {
  /// A matrix [T, 3C] as three matrices [T, C].
  func splitInThree() -> (Tensor, Tensor, Tensor) {
    let third = width / 3
    return (columns(0..<third), columns(third..<2 * third), columns(2 * third..<3 * third))
  }
}

/// Is shown the activations of a forward pass, under the names of the reference's trace points.
package typealias Observer = (String, Tensor) -> Void

/// Is asked before each layer of a forward pass whether to go on, and told how many layers of how many are done.
package typealias LayerCheck = (_ done: Int, _ count: Int) -> Bool
