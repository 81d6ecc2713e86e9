import Diagnostics
import ModelFiles

/// The sizes of a TinyGPT-V. Everything that a checkpoint's tensors alone do not tell.
public struct TinyGPTVConfiguration: Equatable, Sendable {
  /// The language model.
  public var phi: PhiConfiguration
  /// The vision tower and what connects it, or nil for a plain Phi-2.
  public var vision: VisionConfiguration?

  /// Puts the parts together.
  public init(phi: PhiConfiguration, vision: VisionConfiguration?) {
    self.phi = phi
    self.vision = vision
  }
}

/// The sizes of Phi-2. Defaults are Phi-2's own.
public struct PhiConfiguration: Equatable, Sendable {
  /// Rows of the token embedding; the tokenizer may use fewer.
  public var vocabularySize = 51200
  /// Width of the residual stream.
  public var hiddenSize = 2560
  /// Width inside the MLP.
  public var intermediateSize = 10240
  /// Transformer blocks.
  public var layers = 32
  /// Attention heads a block.
  public var heads = 32
  /// Longest context in tokens.
  public var contextLength = 2048
  /// Epsilon of every LayerNorm.
  public var layerNormEpsilon: Float = 1e-5
  /// Epsilon of the RMSNorm behind the attention, one of TinyGPT-V's additions.
  public var postNormEpsilon: Float = 1e-6
  /// How many of a head's values are turned by the rotary embedding.
  public var rotaryDimensions = 32
  /// Base of the rotary frequencies.
  public var ropeBase: Float = 10000
  /// Whether TinyGPT-V's norms are there: LayerNorm on every head's queries and keys, RMSNorm behind the attention.
  public var hasExtraNorms = true

  /// Phi-2's sizes with TinyGPT-V's norms.
  public init() {}

  /// Width of one attention head.
  public var headSize: Int { hiddenSize / heads }
}

/// The sizes of EVA-CLIP ViT-g, the Q-Former and the projections. Defaults are upstream's for stage 4.
public struct VisionConfiguration: Equatable, Sendable {
  /// Side of the square picture in pixels.
  public var imageSize = 448
  /// Side of one patch in pixels.
  public var patchSize = 14
  /// Width of the residual stream.
  public var width = 1408
  /// Width inside the MLP.
  public var intermediateSize = 6144
  /// Transformer blocks that are used.
  public var layers = 39
  /// Attention heads a block.
  public var heads = 16
  /// Epsilon of the blocks' LayerNorms.
  public var layerNormEpsilon: Float = 1e-6
  /// Epsilon of `ln_vision`, between the tower and the Q-Former.
  public var finalNormEpsilon: Float = 1e-5
  /// The Q-Former behind the tower.
  public var qFormer = QFormerConfiguration()
  /// Width between the two projections (`llama_proj` and `llama_proj2`).
  public var projectionSize = 4096

  /// Upstream's sizes.
  public init() {}

  /// Patches along one side.
  public var grid: Int { imageSize / patchSize }
  /// Picture tokens: the patches and the class token.
  public var tokens: Int { grid * grid + 1 }
}

/// The sizes of the Q-Former. Defaults are BLIP-2's.
public struct QFormerConfiguration: Equatable, Sendable {
  /// Width of the residual stream.
  public var width = 768
  /// Width inside the MLP.
  public var intermediateSize = 3072
  /// Transformer layers.
  public var layers = 12
  /// Attention heads a layer.
  public var heads = 12
  /// How many learned queries, and so picture vectors in the prompt.
  public var queries = 32
  /// Layers 0, n, 2n, … look at the picture.
  public var crossAttentionFrequency = 2
  /// Epsilon of every LayerNorm.
  public var layerNormEpsilon: Float = 1e-12

  /// BLIP-2's sizes.
  public init() {}

  /// Whether this layer looks at the picture.
  public func hasCrossAttention(layer: Int) -> Bool { layer % crossAttentionFrequency == 0 }
}
