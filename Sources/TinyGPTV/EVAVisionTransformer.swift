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

  /// Normalised pixels [3, S, S] to picture tokens [1 + n, width], the class token first. At another size than the
  /// configuration's the positions are resized.
  func callAsFunction(_ pixels: Tensor, observe: Observer?) -> Tensor {
    let side = pixels.shape[1]
    precondition(
      pixels.shape == [3, side, side] && side % configuration.patchSize == 0,
      "pixels \(pixels.shape) in patches of \(configuration.patchSize)")
    let patches = pixels.patches(side: configuration.patchSize)
    var x = Tensor.concatenatingRows([classToken.value, patchEmbedding(patches)])
      .plus(positions(grid: side / configuration.patchSize))
    for (index, block) in blocks.enumerated() {
      x = block(x)
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

    func callAsFunction(_ x: Tensor) -> Tensor {
      let (queries, keys, values) = queryKeyValue(norm1(x)).splitInThree()
      let attended = attentionOutput(queries.attention(keys: keys, values: values, heads: heads, causal: false))
      let y = x.plus(attended)
      return y.plus(down(up(norm2(y)).gelu()))
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
