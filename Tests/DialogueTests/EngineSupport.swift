import Foundation
import TestSupport

@testable import Dialogue

/// Everything that an engine told about a request.
struct Reply {
  var events: [ChatEvent] = []

  /// The pieces of the answer.
  var text: String {
    events.reduce(into: "") { text, event in
      if case .text(let piece) = event { text += piece }
    }
  }
  var statistics: ChatStatistics? {
    if case .finished(let statistics) = events.last { statistics } else { nil }
  }
  var failure: ChatFailure? {
    if case .failed(let failure) = events.last { failure } else { nil }
  }
  var droppedTurns: Int {
    events.reduce(0) { sum, event in
      if case .droppedTurns(let count) = event { sum + count } else { sum }
    }
  }
  var stages: [ChatStage] {
    events.reduce(into: []) { stages, event in
      if case .stage(let stage, _) = event, stages.last != stage { stages.append(stage) }
    }
  }
}

extension ChatEngine {
  func reply(_ request: ChatRequest) async -> Reply {
    var reply = Reply()
    for await event in answer(request) { reply.events.append(event) }
    return reply
  }

  func opened() async -> OpenEvent? {
    var last: OpenEvent?
    for await event in open() { last = event }
    return last
  }
}

/// Engines and requests on the tiny models.
enum Tiny {
  static func options(_ fixture: String = "tiny-a", type: String = "f32") throws -> ModelEngineOptions {
    var options = ModelEngineOptions(modelPath: try TinyModel.path(fixture, type: type))
    options.adapterPaths = [Fixtures.path("\(fixture)/adapters/second")]
    // Answers are compared with those of `ask`, which copies no weights: that gives other last bits.
    options.readsAhead = false
    return options
  }

  static func engine(_ fixture: String = "tiny-a", type: String = "f32") throws -> ModelEngine {
    ModelEngine(try options(fixture, type: type))
  }

  static let picture = Fixtures.path("tiny-a/images/gray.jpg")
  static let otherPicture = Fixtures.path("tiny-a/images/wide.jpg")
  static let adapter = "TinyGPT-V_for_Stage4"

  static func request(
    _ question: String = "what is it?", earlier: [ChatRequest.Turn] = [], picture: String? = picture,
    adapter: String? = adapter, tokens: Int = 12
  ) -> ChatRequest {
    ChatRequest(
      picture: picture, earlier: earlier, task: .vqa, question: question, adapter: adapter,
      sampling: SamplingChoice(temperature: 1, topP: 1, seed: 7, maximumTokens: tokens))
  }
}

/// `withTemporaryFolder` for bodies that wait.
func withTemporaryFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("test-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await body(folder)
}
