import Dialogue

/// What was asked for on the command line. It counts more than what the settings say, or a conversation that is gone on
/// with.
public struct ChosenSettings: Sendable {
  /// The adapter's name; `none` is the bare model.
  public var adapter: String?
  /// The task of the next question.
  public var task: VisionTask?
  /// A name or a text, see ``PromptTemplate/init(_:)``.
  public var template: String?
  /// See ``SamplingChoice``.
  public var temperature, topP: Float?
  /// The seed of the next answer.
  public var seed: UInt64?
  /// The longest answer, in tokens.
  public var maximumTokens: Int?

  /// Nothing was asked for.
  public init() {}

  /// Sampling with what was asked for in place of the given values.
  public func sampling(over base: SamplingChoice) -> SamplingChoice {
    SamplingChoice(
      temperature: temperature ?? base.temperature, topP: topP ?? base.topP,
      repetitionPenalty: base.repetitionPenalty, seed: seed ?? base.seed,
      maximumTokens: maximumTokens ?? base.maximumTokens)
  }

  /// A conversation that goes on with what was asked for.
  func changing(_ conversation: StoredConversation) -> StoredConversation {
    var changed = conversation
    if let adapter { changed.adapter = adapter == "none" ? nil : adapter }
    changed.task = task ?? conversation.task
    changed.template = template ?? conversation.template
    changed.sampling = sampling(over: conversation.sampling)
    changed.isSeedChosen = seed != nil || conversation.isSeedChosen
    return changed
  }
}
