import Tensors

/// From a picture to the vectors that stand in the prompt: vision tower, `ln_vision`, Q-Former, two projections.
public final class VisionEncoder {
  /// The parts' sizes.
  public let configuration: VisionConfiguration
  private let tower: EVAVisionTransformer
  private let finalNorm: LayerNorm
  private let qFormer: QFormer
  private let projection1: Linear
  private let projection2: Linear

  init(_ loader: inout ParameterLoader, _ configuration: VisionConfiguration, hiddenSize: Int) {
    self.configuration = configuration
    tower = EVAVisionTransformer(&loader, configuration)
    finalNorm = LayerNorm(&loader, "v.post_ln", configuration.width, epsilon: configuration.finalNormEpsilon)
    qFormer = QFormer(&loader, configuration.qFormer, pictureWidth: configuration.width)
    projection1 = Linear(&loader, "mm.0", from: configuration.qFormer.width, to: configuration.projectionSize)
    projection2 = Linear(&loader, "mm.1", from: configuration.projectionSize, to: hiddenSize)
  }

  /// Normalised pixels [3, S, S] to vectors [queries, hidden].
  func callAsFunction(_ pixels: Tensor, observe: Observer? = nil) -> Tensor {
    observe?("pixels", pixels)
    let tokens = pictureTokens(pixels, observe: observe)
    let queries = queryOutputs(tokens)
    observe?("qformer", queries)
    let vectors = projected(queries)
    observe?("image_embeds", vectors)
    return vectors
  }

  /// Normalised pixels [3, S, S], S any multiple of the patch, to picture tokens [1 + n, picture width] behind
  /// `ln_vision`.
  package func pictureTokens(_ pixels: Tensor, observe: Observer? = nil) -> Tensor {
    let normalized = finalNorm(tower(pixels, observe: observe))
    observe?("ln_vision", normalized)
    return normalized
  }

  /// Picture tokens [1 + n, picture width] to the Q-Former's output [queries, Q-Former width].
  package func queryOutputs(_ pictureTokens: Tensor) -> Tensor { qFormer(pictureTokens) }

  /// The same, with what every layer of the Q-Former gives, the last one's output last.
  package func queryLayerOutputs(_ pictureTokens: Tensor) -> [Tensor] { qFormer.layerOutputs(pictureTokens) }

  /// The Q-Former's output [queries, Q-Former width] to vectors [queries, hidden].
  package func projected(_ queries: Tensor) -> Tensor { projection2(projection1(queries)) }
}
