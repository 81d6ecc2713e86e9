import Diagnostics
import ModelFiles
import Pictures
import Tensors
import TinyGPTV

/// A picture that a record names, as yet undecoded or undrawn.
struct RecordPicture: Sendable {
  /// Tells pictures apart whatever they are called; nil if it is not to be remembered (an augmented one, say).
  var key: ContentDigest?
  /// Decodes or draws it; throws if it is broken.
  var load: @Sendable () throws(InputError) -> Picture

  /// The picture with all done to it that needs no weights: for the background, so that a step has only to compute.
  ///
  /// - Parameters:
  ///   - size: the side in pixels at which the model looks at it.
  ///   - features: where its features may be already; nil if they change from step to step.
  func prepared(size: Int, _ features: FrozenFeatures?) throws(InputError) -> PreparedPicture {
    if let key, let known = features?.cache.tensor(for: key) {
      return PreparedPicture(key: key, content: .queries(known))
    }
    return PreparedPicture(key: key, content: .pixels(try load().normalized(size: size)))
  }
}

/// A picture that was read or drawn, or whose features were found.
struct PreparedPicture: Sendable {
  fileprivate enum Content: Sendable {
    /// Normalised [3, S, S].
    case pixels([Float])
    /// The Q-Former's output [queries, width].
    case queries(Tensor)
  }

  fileprivate let key: ContentDigest?
  fileprivate let content: Content

  /// The Q-Former's output [queries, width]: as it was found, or computed and kept.
  func queries(size: Int, _ vision: VisionEncoder, _ features: FrozenFeatures?) -> Tensor {
    switch content {
    case .queries(let known): return known
    case .pixels(let pixels):
      func computed() -> Tensor {
        vision.queryOutputs(vision.pictureTokens([Tensor(pixels, shape: [3, size, size])]), pictures: 1)
      }
      guard let key, let features else { return computed() }
      return features.queries(key, computed)
    }
  }
}
