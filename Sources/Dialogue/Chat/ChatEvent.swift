import Diagnostics
import TinyGPTV

/// What an engine is busy with.
public enum ChatStage: String, Sendable, CaseIterable, Codable {
  /// Reads the model's file.
  case loadingModel
  /// Reads and decodes the picture's file.
  case readingPicture
  /// The picture goes through the vision tower.
  case encodingPicture
  /// The conversation goes through the language model.
  case readingPrompt
  /// Tokens come.
  case answering
}

/// What an engine tells while it works on a request.
public enum ChatEvent: Sendable, Equatable {
  /// How far it is: the stage, and in 0...1 how much of it is done, where that is known.
  case stage(ChatStage, fraction: Double?)
  /// The conversation is longer than the context: so many oldest turns were left out of the prompt, the picture was not.
  case droppedTurns(Int)
  /// A piece of the answer, whole characters. All pieces together are the answer, without white space around it.
  case text(String)
  /// The last event of an answer.
  case finished(ChatStatistics)
  /// The last event of a preparation: the seconds that the picture took, 0 if it was known.
  case prepared(seconds: Double)
  /// The last event of what cannot be done. The conversation goes on.
  case failed(ChatFailure)
}

/// What an answer took.
public struct ChatStatistics: Sendable, Equatable, Codable {
  /// Why it ended.
  public var stopReason: StopReason
  /// Tokens that came, those of the end symbol included.
  public var tokens: Int
  /// Tokens per second behind the first; 0 if there was only one.
  public var tokensPerSecond: Double
  /// Tokens of the prompt, the picture's vectors included.
  public var promptTokens: Int
  /// How many of these had been computed before.
  public var reusedTokens: Int
  /// How many tokens the conversation has now.
  public var contextUsed: Int
  /// How many it may have.
  public var contextSize: Int
  /// Seconds by stage (``ChatStage/rawValue``); a stage that was not needed is missing.
  public var seconds: [String: Double]

  /// Statistics of nothing.
  public init(
    stopReason: StopReason = .stop, tokens: Int = 0, tokensPerSecond: Double = 0, promptTokens: Int = 0,
    reusedTokens: Int = 0, contextUsed: Int = 0, contextSize: Int = 0, seconds: [String: Double] = [:]
  ) {
    self.stopReason = stopReason
    self.tokens = tokens
    self.tokensPerSecond = tokensPerSecond
    self.promptTokens = promptTokens
    self.reusedTokens = reusedTokens
    self.contextUsed = contextUsed
    self.contextSize = contextSize
    self.seconds = seconds
  }

  /// Seconds of a stage, 0 if it was not needed.
  public func seconds(_ stage: ChatStage) -> Double { seconds[stage.rawValue] ?? 0 }
}

/// Why there is no answer, in words for people. The conversation goes on.
public struct ChatFailure: Error, Sendable, Equatable, Codable, CustomStringConvertible {
  /// What is at fault.
  public enum Kind: String, Sendable, Codable {
    /// The model's file, or another file that is needed to open.
    case model
    /// The picture, or that the model cannot look at pictures.
    case picture
    /// The adapter.
    case adapter
    /// The question: nothing is asked, or a setting is out of range.
    case question
    /// The question is longer than the context.
    case context
    /// There is not enough memory.
    case memory
    /// The model computed something that is no number.
    case numbers
  }

  /// What is at fault.
  public var kind: Kind
  /// What is wrong; control characters are made visible.
  public var message: String
  /// What the user can do about it.
  public var remedy: String?

  /// Describes a failure.
  public init(_ kind: Kind, _ message: String, remedy: String? = nil) {
    self.kind = kind
    self.message = message
    self.remedy = remedy
  }

  /// What an input error says, its remedy apart.
  public init(_ kind: Kind, _ error: InputError) {
    var message = error
    message.remedy = nil
    self.init(kind, message.description, remedy: error.remedy?.escapingControlCharacters())
  }

  /// Both parts as sentences.
  public var description: String { remedy.map { "\(message). \($0)" } ?? message }
}
