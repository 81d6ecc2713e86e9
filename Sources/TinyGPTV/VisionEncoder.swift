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
    let side = configuration.imageSize
    precondition(pixels.shape == [3, side, side], "pixels \(pixels.shape) for a picture of \(side)")
    observe?("pixels", pixels)
    let normalized = finalNorm(tower(pixels, observe: observe))
    observe?("ln_vision", normalized)
    let queries = qFormer(normalized)
    observe?("qformer", queries)
    let vectors = projection2(projection1(queries))
    observe?("image_embeds", vectors)
    return vectors
  }
}
