import Diagnostics
import ModelFiles
import Pictures
import Tensors
import TinyGPTV

/// A picture that a record names, as yet undecoded or as pixels.
struct RecordPicture: Sendable {
  /// Tells pictures apart whatever they are called; nil if it is not to be remembered (an augmented one, say).
  var key: ContentDigest?
  /// Decodes or draws it.
  var load: @Sendable () -> Picture

  /// The Q-Former's output for it [queries, width].
  func queries(size: Int, _ vision: VisionEncoder) -> Tensor {
    let pixels = Tensor(load().normalized(size: size), shape: [3, size, size])
    return vision.queryOutputs(vision.pictureTokens([pixels]), pictures: 1)
  }
}

/// Turns of one picture, ready to be tokenised.
struct Conversation: Sendable {
  var picture: RecordPicture?
  /// Questions with their tags, the answers, and what the log calls questions of this kind.
  var turns: [(instruction: String, answer: String, label: String)]
  /// What messages call it.
  var origin: String
}

/// Where conversations come from.
protocol ConversationSource: Sendable {
  /// How many records there are.
  var count: Int { get }

  /// The record that is referred to.
  ///
  /// - Throws: ``InputError`` if it is broken.
  func conversation(_ reference: SampleReference) throws(InputError) -> Conversation
}
