import Diagnostics

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
