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
    let queries = queryOutputs(pictureTokens([pixels], observe: observe), pictures: 1)
    observe?("qformer", queries)
    let vectors = projected(queries)
    observe?("image_embeds", vectors)
    return vectors
  }

  /// Normalised pixels [3, S, S] of some pictures, S any multiple of the patch, to their picture tokens behind
  /// `ln_vision`, packed [B·(1 + n), picture width].
  package func pictureTokens(
    _ pictures: [Tensor], observe: Observer? = nil, onLayer: LayerCheck? = nil
  ) -> Tensor {
    let normalized = finalNorm(tower(pictures, observe: observe, onLayer: onLayer))
    observe?("ln_vision", normalized)
    return normalized
  }

  /// Packed picture tokens to the Q-Former's output, packed [B·queries, Q-Former width].
  package func queryOutputs(_ tokens: Tensor, pictures: Int) -> Tensor {
    let outputs = queryLayerOutputs(tokens, pictures: pictures)
    return outputs[outputs.count - 1]
  }

  /// The same, with what every layer of the Q-Former gives, the last one's output last.
  package func queryLayerOutputs(_ tokens: Tensor, pictures: Int) -> [Tensor] {
    qFormer.layerOutputs(tokens, pictures: pictures)
  }

  /// The Q-Former's output [B·queries, Q-Former width] to vectors [B·queries, hidden].
  package func projected(_ queries: Tensor) -> Tensor { projection2(projection1(queries)) }
}
