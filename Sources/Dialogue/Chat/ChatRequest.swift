import Diagnostics
import TinyGPTV

/// A question with everything that its answer depends on.
public struct ChatRequest: Sendable, Equatable {
  /// A question that was answered before.
  public struct Turn: Sendable, Equatable, Codable {
    /// The task whose tag the question carried.
    public var task: VisionTask?
    /// The question as the user wrote it, without tag and picture.
    public var question: String
    /// The answer with its markup, or as much of it as came.
    public var answer: String

    /// A turn.
    public init(task: VisionTask? = nil, question: String, answer: String) {
      self.task = task
      self.question = question
      self.answer = answer
    }
  }

  /// The path of the picture's file; nil: no picture. It stands in front of the first question.
  public var picture: String?
  /// What was said about this picture, oldest first.
  public var earlier: [Turn]
  /// The task of the new question.
  public var task: VisionTask?
  /// The new question.
  public var question: String
  /// The adapter that answers; nil: the bare model.
  public var adapter: String?
  /// A name or a text, see ``PromptTemplate/init(_:)``.
  public var template: String
  /// How tokens are chosen.
  public var sampling: SamplingChoice

  /// A question.
  public init(
    picture: String? = nil, earlier: [Turn] = [], task: VisionTask? = nil, question: String, adapter: String? = nil,
    template: String = "tinygptv", sampling: SamplingChoice = SamplingChoice()
  ) {
    self.picture = picture
    self.earlier = earlier
    self.task = task
    self.question = question
    self.adapter = adapter
    self.template = template
    self.sampling = sampling
  }
}

/// How an answer's tokens are chosen, as settings and stored conversations hold it.
public struct SamplingChoice: Sendable, Equatable, Codable {
  /// Divides the logits; 0 takes the most likely token.
  public var temperature: Float
  /// Draw only from the most likely tokens that together have this probability; in (0, 1].
  public var topP: Float
  /// Above 1, tokens that the answer has already become less likely.
  public var repetitionPenalty: Float
  /// The same seed and question give the same answer.
  public var seed: UInt64
  /// The longest answer, in tokens, at least 1.
  public var maximumTokens: Int

  /// Greedy unless a temperature is given.
  public init(
    temperature: Float = 0, topP: Float = 0.9, repetitionPenalty: Float = 1, seed: UInt64 = 0,
    maximumTokens: Int = 500
  ) {
    self.temperature = temperature
    self.topP = topP
    self.repetitionPenalty = repetitionPenalty
    self.seed = seed
    self.maximumTokens = maximumTokens
  }

  /// Whether a temperature is one that answers are made with: 0 for always the most likely token, else 0.1 to 1.5.
  public static func isTemperature(_ value: Float) -> Bool { value == 0 || (0.1...1.5).contains(value) }
  /// These temperatures in words.
  public static let temperatures = "0.1 to 1.5, or 0 for always the likeliest word"

  /// Whether a top-p leaves something to draw from: 0.05 to 1.
  public static func isTopP(_ value: Float) -> Bool { (0.05...1).contains(value) }
  /// These values of top-p in words.
  public static let topPs = "0.05 to 1"

  /// The same for the sampler.
  public var options: SamplingOptions {
    SamplingOptions(temperature: temperature, topP: topP, repetitionPenalty: repetitionPenalty, seed: seed)
  }

  /// - Throws: ``InputError`` that names the setting that is out of range.
  public func check() throws(InputError) {
    try options.check()
    guard Self.isTemperature(temperature) else {
      throw InputError(file: "--temperature", expected: Self.temperatures, found: "\(temperature)")
    }
    guard Self.isTopP(topP) else { throw InputError(file: "--top-p", expected: Self.topPs, found: "\(topP)") }
    guard maximumTokens >= 1 else {
      throw InputError(file: "--max-tokens", expected: "at least 1", found: "\(maximumTokens)")
    }
  }
}
