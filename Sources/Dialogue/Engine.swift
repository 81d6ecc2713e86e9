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
  /// The picture goes through the vision tower.
  case encodingPicture
  /// The prompt of so many tokens goes through the language model.
  case readingPrompt(tokens: Int)
  /// More of the answer: whole characters.
  case text(String)
  /// The last event.
  case finished(Answer)
}

/// Owns a model and answers questions with it, one at a time.
public actor Engine {
  private let model: TinyGPTVModel
  /// Seconds that loading took.
  public nonisolated let loadSeconds: Double
  /// The file that the model came from.
  public nonisolated let modelPath: String
  /// Pictures seen before, the latest last, for the adapter that was in use.
  private var seen: [(key: String, vectors: Tensor)] = []
  private static let seenLimit = 256

  /// Loads a model.
  ///
  /// - Throws: ``InputError`` if the file is not a model.
  public init(modelPath: String) throws(InputError) {
    let start = ContinuousClock.now
    model = try TinyGPTVModel(path: modelPath)
    self.modelPath = modelPath
    loadSeconds = start.secondsSince
  }

  /// The adapters that can be switched to.
  public var adapterNames: [String] { model.adapters.map(\.name) }

  /// The adapter in use.
  public var activeAdapter: String? { model.activeAdapter }

  /// Switches adapters: to the one of this name in the model or loaded before, else to the one at this path; `none`
  /// switches off.
  ///
  /// - Throws: ``InputError`` if there is no such adapter or it does not fit; the one in use stays in use.
  public func use(adapter nameOrPath: String) throws(InputError) {
    if nameOrPath == "none" {
      try model.use(adapter: nil)
    } else if adapterNames.contains(nameOrPath) {
      try model.use(adapter: nameOrPath)
    } else {
      guard FileManager.default.fileExists(atPath: nameOrPath) else {
        throw InputError(
          file: nameOrPath, field: "adapter",
          expected: "one of \((adapterNames + ["none"]).joined(separator: ", ")), a PEFT directory or a GGUF adapter",
          found: "no such name or file")
      }
      let adapter = try Adapter(path: nameOrPath, for: model.configuration.phi)
      try model.add(adapter)
      try model.use(adapter: adapter.name)
    }
    // An adapter may override the projections, through which the vectors went.
    seen.removeAll()
  }

  /// Answers a question. The stream ends with ``AnswerEvent/finished(_:)`` or an ``InputError``; to stop an answer, stop
  /// listening.
  public nonisolated func answer(_ question: Question) -> AsyncThrowingStream<AnswerEvent, any Error> {
    AsyncThrowingStream { continuation in
      let task = Task {
        do {
          let answer = try await self.work(on: question) { continuation.yield($0) }
          continuation.yield(.finished(answer))
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  /// The activations of one pass over a question's prompt and picture, see ``TinyGPTVModel/trace(picture:segments:)``.
  public func trace(_ question: Question) throws(InputError) -> [(name: String, tensor: Tensor)] {
    try model.trace(picture: question.picture, segments: try segments(question).map { model.tokenizer.encode($0) })
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

  private func work(on question: Question, report: (AnswerEvent) -> Void) throws(InputError) -> Answer {
    var timings = AnswerTimings()
    let segments = try segments(question).map { model.tokenizer.encode($0) }
    var pictures: [Tensor] = []
    if let picture = question.picture {
      if let key = question.pictureKey, let known = remembered(key) {
        pictures = [known]
      } else {
        let start = ContinuousClock.now
        pictures = [try encode(picture, key: question.pictureKey, report: report)]
        timings.pictureSeconds = start.secondsSince
      }
    }
    let inputs = model.embeddings(segments: segments, pictures: pictures)
    try model.checkFits(tokens: inputs.rows)
    timings.promptTokens = inputs.rows
    report(.readingPrompt(tokens: inputs.rows))
    var start = ContinuousClock.now
    let cache = model.makeCache()
    let logits = try model.logits(after: inputs, cache: cache)
    timings.promptSeconds = start.secondsSince

    start = ContinuousClock.now
    var writer = AnswerWriter(tokenizer: model.tokenizer, stopText: question.stopText)
    let reason = try model.generate(
      after: logits, cache: cache, sampling: question.sampling, maximumTokens: question.maximumTokens,
      endsAtEndOfText: question.stopText != nil
    ) { token in
      let text = writer.append(token)
      if !text.isEmpty { report(.text(text)) }
      if writer.hasStopped { return .stop }
      return Task.isCancelled ? .cancelled : nil
    }
    let rest = writer.finish()
    if !rest.isEmpty { report(.text(rest)) }
    timings.decodeSeconds = start.secondsSince
    timings.tokens = writer.tokenCount
    return Answer(text: writer.text, tokens: writer.tokens, stopReason: reason, timings: timings)
  }

  /// A picture's vectors if they were computed before; it then counts as the latest.
  private func remembered(_ key: String) -> Tensor? {
    guard let index = seen.firstIndex(where: { $0.key == key }) else { return nil }
    seen.append(seen.remove(at: index))
    return seen.last?.vectors
  }

  private func encode(
    _ picture: Picture, key: String?, report: (AnswerEvent) -> Void
  ) throws(InputError) -> Tensor {
    report(.encodingPicture)
    let vectors = try model.encode(picture)
    if let key { seen = seen.suffix(Self.seenLimit - 1) + [(key, vectors)] }
    return vectors
  }
}
