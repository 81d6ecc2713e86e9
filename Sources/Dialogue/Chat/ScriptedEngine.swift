import Diagnostics
import Foundation

/// Answers from a file in place of a model: for tests of what talks to an engine.
///
/// The file is JSON. All keys may be left out; seconds are 0 and the answer is empty then:
///
/// ```json
/// {
///   "model": {"name": "script", "adapters": [{"name": "one", "summary": "the first"}], "default_adapter": "one",
///             "context_size": 2048, "has_vision": true, "notice": "a script", "seconds": 0.2, "steps": 10,
///             "failure": {"kind": "model", "message": "…", "remedy": "…"}},
///   "picture": {"seconds": 1, "steps": 20, "failure": {…}},
///   "answers": [
///     {"question": "dog", "task": "refer", "adapter": "one", "turns": 2,
///      "text": "a <p>dog</p> {<10><20><30><40>}", "pieces": ["a ", "dog"],
///      "before": 0.1, "delay": 0.02, "dropped_turns": 1, "repeat": 1,
///      "failure": {"kind": "numbers", "message": "…"}}
///   ]
/// }
/// ```
///
/// The first answer counts whose `question` occurs in the question (letters' case apart), whose `task` (`none` for none),
/// `adapter` (`none` for none) and number of earlier `turns` are the request's; what an answer does not name, matches.
/// `{question}`, `{adapter}`, `{task}`, `{turns}`, `{seed}` and `{temperature}` in a text stand for the request's. A text
/// without `pieces` is cut behind each word. A picture is worked on once until another one comes; `picture.seconds` pass
/// then. A `failure` comes behind the pieces.
public struct ScriptedEngine: ChatEngine {
  private let script: Script
  private let state = State()

  /// Reads a script.
  ///
  /// - Throws: ``InputError`` if the file cannot be read or is no script.
  public init(path: String) throws(InputError) {
    do {
      try self.init(json: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw InputError(file: path, expected: "a script of questions and answers", found: "\(error)")
    }
  }

  /// Takes a script's text.
  ///
  /// - Throws: `DecodingError` if it is no script.
  public init(json: Data) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    script = try decoder.decode(Script.self, from: json)
  }

  /// Tells the model that the script describes.
  public func open() -> AsyncStream<OpenEvent> {
    let model = script.model ?? Script.Model()
    return stream { yield in
      try await pass(model.seconds, steps: model.steps) { yield(.progress(.loadingModel, fraction: $0)) }
      yield(model.failure.map { .failed($0.value) } ?? .ready(model.description))
    }
  }

  /// Lets the picture's seconds pass.
  public func prepare(picture: String, adapter: String?) -> AsyncStream<ChatEvent> {
    stream { yield in
      if let failure = try await look(at: picture, yield) { return yield(.failed(failure)) }
      yield(.prepared(seconds: script.picture?.seconds ?? 0))
    }
  }

  /// Gives the first answer that fits.
  public func answer(_ request: ChatRequest) -> AsyncStream<ChatEvent> {
    stream { yield in
      if let picture = request.picture, let failure = try await look(at: picture, yield) {
        return yield(.failed(failure))
      }
      let answer = await state.choose(from: script.answers ?? [], request) ?? Script.Answer()
      if let turns = answer.droppedTurns { yield(.droppedTurns(turns)) }
      try await pass(answer.before, steps: 5) { yield(.stage(.readingPrompt, fraction: $0)) }
      yield(.stage(.answering, fraction: nil))
      let start = ContinuousClock.now
      let pieces = answer.allPieces(request)
      for piece in pieces {
        try await pass(answer.delay, steps: 1) { _ in }
        yield(.text(piece))
      }
      if let failure = answer.failure { return yield(.failed(failure.value)) }
      let duration = start.secondsSince
      let prompt = 32 + 8 * (request.earlier.count + 1)
      yield(
        .finished(
          ChatStatistics(
            tokens: pieces.count, tokensPerSecond: duration > 0 ? Double(pieces.count) / duration : 0,
            promptTokens: prompt, reusedTokens: 0, contextUsed: prompt + pieces.count,
            contextSize: script.model?.contextSize ?? 2048,
            seconds: [ChatStage.readingPrompt.rawValue: answer.before ?? 0, ChatStage.answering.rawValue: duration])))
    }
  }

  private func look(at path: String, _ yield: (ChatEvent) -> Void) async throws -> ChatFailure? {
    guard let picture = script.picture, await state.seen != path else { return nil }
    yield(.stage(.readingPicture, fraction: nil))
    try await pass(picture.seconds, steps: picture.steps) { yield(.stage(.encodingPicture, fraction: $0)) }
    if picture.failure == nil { await state.see(path) }
    return picture.failure?.value
  }

  /// Lets seconds pass in steps and tells before each of them how much is done.
  private func pass(_ seconds: Double?, steps: Int?, _ report: (Double) -> Void) async throws {
    guard let seconds, seconds > 0 else { return }
    let steps = max(steps ?? 10, 1)
    for step in 0..<steps {
      report(Double(step) / Double(steps))
      try await Task.sleep(for: .seconds(seconds / Double(steps)))
    }
  }

  /// A stream of what `body` tells, which ends when it returns, throws or is cancelled.
  private func stream<Event: Sendable>(
    _ body: @escaping @Sendable ((Event) -> Void) async throws -> Void
  ) -> AsyncStream<Event> {
    AsyncStream { continuation in
      let task = Task {
        try? await body { continuation.yield($0) }
        continuation.finish()
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }
}

extension ScriptedEngine {
  /// What was seen and said.
  private actor State {
    var seen: String?
    private var uses: [Int: Int] = [:]

    func see(_ path: String) { seen = path }

    func choose(from answers: [Script.Answer], _ request: ChatRequest) -> Script.Answer? {
      for (index, answer) in answers.enumerated() where answer.fits(request) {
        if let limit = answer.repeat, uses[index, default: 0] >= limit { continue }
        uses[index, default: 0] += 1
        return answer
      }
      return nil
    }
  }

  private struct Script: Decodable {
    struct Failure: Decodable {
      var kind: ChatFailure.Kind?
      var message: String
      var remedy: String?
      var value: ChatFailure { ChatFailure(kind ?? .model, message, remedy: remedy) }
    }
    struct Model: Decodable {
      struct Adapter: Decodable {
        var name: String
        var summary: String?
      }
      var name: String?
      var adapters: [Adapter]?
      var defaultAdapter: String?
      var contextSize: Int?
      var hasVision: Bool?
      var notice: String?
      var seconds: Double?
      var steps: Int?
      var failure: Failure?

      var description: ChatModelDescription {
        ChatModelDescription(
          name: name ?? "script",
          adapters: (adapters ?? []).map { .init(name: $0.name, summary: $0.summary ?? "from the script") },
          defaultAdapter: defaultAdapter, contextSize: contextSize ?? 2048, hasVision: hasVision ?? true,
          notice: notice)
      }
    }
    struct Picture: Decodable {
      var seconds: Double?
      var steps: Int?
      var failure: Failure?
    }
    struct Answer: Decodable {
      var question: String?
      var task: String?
      var adapter: String?
      var turns: Int?
      var text: String?
      var pieces: [String]?
      var before: Double?
      var delay: Double?
      var droppedTurns: Int?
      /// How often it may be given.
      var `repeat`: Int?
      var failure: Failure?

      func fits(_ request: ChatRequest) -> Bool {
        question.map { request.question.lowercased().contains($0.lowercased()) || $0.isEmpty } ?? true
          && task.map { $0 == request.task?.rawValue ?? "none" } ?? true
          && adapter.map { $0 == request.adapter ?? "none" } ?? true
          && turns.map { $0 == request.earlier.count } ?? true
      }

      func allPieces(_ request: ChatRequest) -> [String] {
        let values = [
          ("{question}", request.question), ("{adapter}", request.adapter ?? "none"),
          ("{task}", request.task?.rawValue ?? "none"), ("{turns}", "\(request.earlier.count)"),
          ("{seed}", "\(request.sampling.seed)"), ("{temperature}", "\(request.sampling.temperature)"),
        ]
        func filled(_ text: String) -> String {
          values.reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
        }
        if let pieces { return pieces.map(filled) }
        var words = [""]
        for character in filled(text ?? "") {
          if words[words.count - 1].last?.isWhitespace == true, !character.isWhitespace { words.append("") }
          words[words.count - 1].append(character)
        }
        return words.filter { !$0.isEmpty }
      }
    }

    var model: Model?
    var picture: Picture?
    var answers: [Answer]?
  }
}
