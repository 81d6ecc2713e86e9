import Diagnostics
import Foundation
import Pictures
import Tensors
import TinyGPTV

/// A question with all that the answer depends on.
public struct Question: Sendable {
  /// The whole prompt, with ``PromptTemplate/pictureMarker`` where the picture goes.
  public var prompt: String
  /// The picture, if the prompt has a place for one.
  public var picture: Picture?
  /// What the picture's vectors are remembered by; nil for a picture that will not be asked about again.
  public var pictureKey: String?
  /// How tokens are chosen.
  public var sampling = SamplingOptions()
  /// How many tokens may come, at least 1.
  public var maximumTokens = 500
  /// The text that ends the answer; nil lets it run on, past end-of-text too.
  public var stopText: String? = "###"
  /// Whether tokens are guessed by what was said before and several checked in one pass. Never changes the answer.
  public var looksUp = true

  /// A question with defaults for everything but its prompt and picture.
  public init(prompt: String, picture: Picture? = nil, pictureKey: String? = nil) {
    self.prompt = prompt
    self.picture = picture
    self.pictureKey = pictureKey
  }
}

/// How long the parts of an answer took, and how much there was to do.
public struct AnswerTimings: Sendable, Equatable {
  /// Seconds for the picture; 0 where its vectors were remembered.
  public var pictureSeconds = 0.0
  /// Seconds from the prompt's embeddings to its last logits.
  public var promptSeconds = 0.0
  /// Tokens in the prompt, the picture's vectors included.
  public var promptTokens = 0
  /// Seconds for the tokens behind the first.
  public var decodeSeconds = 0.0
  /// Tokens that came.
  public var tokens = 0
  /// How often the weights were gone through for the tokens behind the first: less often than there are tokens where
  /// guesses were right.
  public var passes = 0

  /// Tokens per second behind the first, 0 if there was only one.
  public var tokensPerSecond: Double { decodeSeconds > 0 && tokens > 1 ? Double(tokens - 1) / decodeSeconds : 0 }
}

/// A finished answer.
public struct Answer: Sendable {
  /// The text up to the stop text; without surrounding white space unless the question had no stop text.
  public var text: String
  /// Its tokens, without those of the stop text.
  public var tokens: [Int]
  /// Why it ended.
  public var stopReason: StopReason
  /// How long it took.
  public var timings: AnswerTimings
}

/// What an engine reports while it works on an answer.
public enum AnswerEvent: Sendable {
  /// How far it is: the stage, and in 0...1 how much of it is done, where that is known.
  case stage(ChatStage, fraction: Double?)
  /// More of the answer: whole characters.
  case text(String)
  /// The last event.
  case finished(Answer)
}

/// Owns a model and answers questions with it, one at a time, on a thread of its own: it computes for long, which the
/// threads that tasks share must not.
public final class Engine: Sendable {
  /// Touched on ``queue`` alone.
  private nonisolated(unsafe) let core: ModelCore
  private let queue = DispatchQueue(label: "tinygptv.model")
  /// Seconds that loading took.
  public let loadSeconds: Double
  /// The file that the model came from.
  public let modelPath: String

  /// Loads a model.
  ///
  /// - Throws: ``InputError`` if the file is not a model.
  public init(modelPath: String) throws(InputError) {
    let start = ContinuousClock.now
    core = try ModelCore(path: modelPath)
    self.modelPath = modelPath
    loadSeconds = start.secondsSince
  }

  /// The adapters that can be switched to.
  public var adapterNames: [String] { queue.sync { core.model.adapters.map(\.name) } }

  /// The adapter in use.
  public var activeAdapter: String? { queue.sync { core.model.activeAdapter } }

  /// Switches adapters: to the one of this name in the model or loaded before, else to the one at this path; `none`
  /// switches off.
  ///
  /// - Throws: ``InputError`` if there is no such adapter or it does not fit; the one in use stays in use.
  public func use(adapter nameOrPath: String) throws(InputError) {
    try queue.sync { Result { () throws(InputError) in try Self.use(adapter: nameOrPath, core) } }.get()
  }

  private static func use(adapter nameOrPath: String, _ core: ModelCore) throws(InputError) {
    if nameOrPath == "none" { return try core.use(adapter: nil) }
    let isKnown = core.model.adapters.contains { $0.name == nameOrPath }
    let adapter = try core.model.adapter(nameOrPath: nameOrPath)
    if !isKnown { try core.add(adapter) }
    try core.use(adapter: adapter.name)
  }

  /// Lays the weights out anew, where that is faster and there is room: it pays where many questions come.
  public func expectManyQuestions() { queue.sync { core.model.interleaveAll() } }

  /// Answers a question. The stream ends with ``AnswerEvent/finished(_:)`` or an ``InputError``; to stop an answer, stop
  /// listening.
  public func answer(_ question: Question) -> AsyncThrowingStream<AnswerEvent, any Error> {
    AsyncThrowingStream { continuation in
      let stop = StopFlag()
      continuation.onTermination = { _ in stop.set() }
      queue.async { [self] in
        do throws(ModelFault) {
          let answer = try work(on: question, stop) { continuation.yield($0) }
          if let answer { continuation.yield(.finished(answer)) }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error.error)
        }
      }
    }
  }

  /// The activations of one pass over a question's prompt and picture, see ``TinyGPTVModel/trace(picture:segments:)``.
  public func trace(_ question: Question) throws(InputError) -> [(name: String, tensor: Tensor)] {
    try queue.sync {
      Result { () throws(InputError) in
        let tokenizer = core.model.tokenizer
        var segments = try segments(question).map { tokenizer.encode($0) }
        segments[0] = tokenizer.beginning + segments[0]
        return try core.model.trace(picture: question.picture, segments: segments)
      }
    }.get()
  }

  private func segments(_ question: Question) throws(InputError) -> [String] {
    let segments = PromptTemplate.segments(of: question.prompt)
    let pictures = question.picture == nil ? 0 : 1
    guard segments.count == pictures + 1 else {
      throw InputError(
        file: "the prompt",
        expected: pictures == 0
          ? "no \(PromptTemplate.pictureMarker) without a picture"
          : "one \(PromptTemplate.pictureMarker) for the picture", found: "\(segments.count - 1)")
    }
    return segments
  }

  /// The answer, or nil if it was stopped before it began.
  private func work(
    on question: Question, _ stop: StopFlag, report: (AnswerEvent) -> Void
  ) throws(ModelFault) -> Answer? {
    if stop.isSet { return nil }
    let texts = try ModelFault.when(.question) { () throws(InputError) in try segments(question) }
    let tokenizer = core.model.tokenizer
    var pieces = texts.enumerated().map { index, text in
      PromptBlock.Piece.tokens((index == 0 ? tokenizer.beginning : []) + tokenizer.encode(text))
    }
    var start = ContinuousClock.now
    var pictureSeconds = 0.0
    if let picture = question.picture {
      guard let encoded = try encode(picture, key: question.pictureKey, stop, report) else { return nil }
      pieces.insert(.picture(encoded.picture), at: 1)
      if !encoded.wasKnown { pictureSeconds = start.secondsSince }
    }
    start = ContinuousClock.now
    let reused = try core.read([PromptBlock(pieces: pieces)]) { fraction in
      report(.stage(.readingPrompt, fraction: fraction))
      return !stop.isSet
    }
    guard reused != nil else { return nil }
    let promptSeconds = start.secondsSince
    var answer = try ModelFault.when(.numbers) { () throws(InputError) in
      try core.answer(
        sampling: question.sampling, maximumTokens: question.maximumTokens, stopText: question.stopText,
        looksUp: question.looksUp, onText: { report(.text($0)) }, isCancelled: { stop.isSet })
    }
    answer.timings.pictureSeconds = pictureSeconds
    answer.timings.promptSeconds = promptSeconds
    return answer
  }

  private func encode(
    _ picture: Picture, key: String?, _ stop: StopFlag, _ report: (AnswerEvent) -> Void
  ) throws(ModelFault) -> (picture: PromptPicture, wasKnown: Bool)? {
    if let key, let known = core.remembered(picture: key) { return (known, true) }
    let encoded = try ModelFault.when(.picture) { () throws(InputError) in
      try core.encode(picture, key: key ?? UUID().uuidString) { layer, count in
        report(.stage(.encodingPicture, fraction: Double(layer) / Double(count)))
        return !stop.isSet
      }
    }
    return encoded.map { ($0, false) }
  }
}
