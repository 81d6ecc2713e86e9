import Foundation
import ModelFiles
import TestSupport
import Testing

@testable import Dialogue
@testable import TinyGPTV

/// The engine of the chat on tiny models: what it computes again, what it does not, and that this never shows.
struct ModelEngineTests {
  private func turn(_ request: ChatRequest, _ reply: Reply) -> ChatRequest.Turn {
    ChatRequest.Turn(task: request.task, question: request.question, answer: reply.text)
  }

  /// Asks an engine and one that knows nothing yet, and expects the same of both, to the last bit.
  private func expectSame(
    _ engine: ModelEngine, _ request: ChatRequest, fresh: () throws -> ModelEngine,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let new = try fresh()
    let (mine, other) = (await engine.reply(request), await new.reply(request))
    #expect(mine.failure == nil, sourceLocation: sourceLocation)
    #expect(mine.text == other.text, sourceLocation: sourceLocation)
    #expect(mine.statistics?.tokens == other.statistics?.tokens, sourceLocation: sourceLocation)
    let logits = engine.inspect { $0.promptLogits.map(\.bitPattern) }
    #expect(logits?.isEmpty == false, sourceLocation: sourceLocation)
    #expect(logits == new.inspect { $0.promptLogits.map(\.bitPattern) }, sourceLocation: sourceLocation)
  }

  @Test func openingTellsWhatThereIs() async throws {
    let engine = try Tiny.engine()
    var events: [OpenEvent] = []
    for await event in engine.open() { events.append(event) }
    guard case .ready(let description) = events.last else {
      Issue.record("\(events)")
      return
    }
    #expect(events.count > 1)
    #expect(description.name == "tiny-a-f32-stage4")
    #expect(description.adapters.map(\.name) == [Tiny.adapter, "second"])
    // The first that was given.
    #expect(description.defaultAdapter == "second")
    #expect(description.contextSize == 512)
    #expect(description.hasVision)
    #expect(await engine.opened() == events.last)
  }

  @Test func theAnswerIsThatOfAsk() async throws {
    let engine = try Tiny.engine()
    var request = Tiny.request(tokens: 24)
    request.sampling = SamplingChoice(maximumTokens: 24)
    let reply = await engine.reply(request)
    let asked = try ChildProcess.tinygptv([
      "ask", "--model", try TinyModel.path("tiny-a"), "--image", Tiny.picture, "--task", "vqa", "--max-tokens", "24",
      "--json", request.question,
    ])
    let answer = try JSONValue.parse(bytes: Array(asked.output), file: "standard output")
    #expect(reply.text == answer["text"]?.string)
    #expect(!reply.text.isEmpty)
    #expect(reply.statistics?.tokens == answer["timings"]?["tokens"]?.integer)
    #expect(reply.statistics?.promptTokens == answer["timings"]?["prompt_tokens"]?.integer)
  }

  /// A model that is ready has copied all weights that can be, and adapters that come later are copied with them.
  @Test func weightsAreLaidOutBeforeTheFirstAnswer() async throws {
    var options = try Tiny.options("tiny-q", type: "q8_0")
    options.readsAhead = true
    let engine = ModelEngine(options)
    guard case .ready = await engine.opened() else {
      Issue.record("not opened")
      return
    }
    let canBe = engine.inspect { $0.model.phi.productWeights.contains { $0.base.canBeInterleaved } }
    #expect(engine.inspect { $0.model.isInterleaved } == canBe)
    for adapter in [Tiny.adapter, "second", nil] {
      #expect(await engine.reply(Tiny.request(adapter: adapter)).failure == nil)
    }
    let isLeft = engine.inspect { $0.model.nextToInterleave != nil || $0.model.nextAdapterToInterleave != nil }
    #expect(isLeft == !(canBe ?? false))
  }

  @Test func aSecondQuestionEncodesNothing() async throws {
    let engine = try Tiny.engine()
    let first = Tiny.request()
    let reply = await engine.reply(first)
    #expect(reply.stages == [.loadingModel, .readingPicture, .encodingPicture, .readingPrompt, .answering])
    #expect(engine.inspect { $0.encodedPictures } == 1)
    let second = await engine.reply(Tiny.request("where?", earlier: [turn(first, reply)]))
    #expect(second.stages == [.readingPrompt, .answering])
    #expect(engine.inspect { $0.encodedPictures } == 1)
    // All of the first prompt served again.
    #expect(second.statistics?.reusedTokens == reply.statistics?.promptTokens)
    // Another picture, and back; a copy of the first under another name is the same picture.
    _ = await engine.reply(Tiny.request(picture: Tiny.otherPicture))
    #expect(engine.inspect { $0.encodedPictures } == 2)
    try await withTemporaryFolder { folder in
      let copy = folder.appendingPathComponent("copy.png").path
      try FileManager.default.copyItem(atPath: Tiny.picture, toPath: copy)
      #expect(await engine.reply(Tiny.request(picture: copy)).text == reply.text)
      // The file is gone, the conversation about it goes on.
      try FileManager.default.removeItem(atPath: copy)
      #expect(await engine.reply(Tiny.request(picture: copy)).text == reply.text)
      // The file is another picture now.
      try FileManager.default.copyItem(atPath: Fixtures.path("tiny-a/images/tall.png"), toPath: copy)
      #expect(engine.inspect { $0.encodedPictures } == 2)
      let changed = await engine.reply(Tiny.request(picture: copy))
      #expect(changed.failure == nil)
      #expect(engine.inspect { $0.encodedPictures } == 3)
    }
  }

  @Test func preparingLeavesTheQuestionNothingToEncode() async throws {
    let engine = try Tiny.engine()
    var last: ChatEvent?
    for await event in engine.prepare(picture: Tiny.picture, adapter: nil) { last = event }
    guard case .prepared(let seconds) = last else {
      Issue.record("\(String(describing: last))")
      return
    }
    #expect(seconds > 0)
    // Neither adapter of the fixture changes the towers.
    for adapter in [nil, Tiny.adapter, "second"] {
      #expect(await engine.reply(Tiny.request(adapter: adapter)).stages == [.readingPrompt, .answering])
    }
    #expect(engine.inspect { $0.encodedPictures } == 1)
  }

  @Test(arguments: [("tiny-a", "f32"), ("tiny-q", "q8_0")])
  func aLongConversationAnswersLikeANewEngine(fixture: String, type: String) async throws {
    func fresh() throws -> ModelEngine { try Tiny.engine(fixture, type: type) }
    let engine = try fresh()
    var earlier: [ChatRequest.Turn] = []
    // Going on.
    for question in ["what is it?", "where is it?", "why?"] {
      let request = Tiny.request(question, earlier: earlier)
      try await expectSame(engine, request, fresh: fresh)
      earlier.append(turn(request, await engine.reply(request)))
    }
    // Again: nothing is computed but the answer.
    let last = Tiny.request("why?", earlier: Array(earlier.dropLast()))
    let again = await engine.reply(last)
    #expect(again.text == earlier.last?.answer)
    #expect(again.statistics?.reusedTokens == again.statistics?.promptTokens)
    // Undone: one turn, then two, then all.
    for count in [2, 1, 0] {
      try await expectSame(engine, Tiny.request("how many?", earlier: Array(earlier.prefix(count))), fresh: fresh)
      if count > 0 {
        let request = Tiny.request(earlier[count].question, earlier: Array(earlier.prefix(count)))
        #expect(await engine.reply(request).text == earlier[count].answer)
      }
    }
    // Another answer in the past, another picture, none.
    var changed = earlier
    changed[1].answer = "a <p>red ball</p> {<10><20><30><40>}"
    try await expectSame(engine, Tiny.request("why?", earlier: changed), fresh: fresh)
    try await expectSame(engine, Tiny.request("why?", earlier: earlier, picture: Tiny.otherPicture), fresh: fresh)
    try await expectSame(engine, Tiny.request("why?", earlier: earlier, picture: nil), fresh: fresh)
    try await expectSame(engine, Tiny.request("why?", earlier: earlier), fresh: fresh)
  }

  @Test(arguments: ["tiny-a", "tiny-q"])
  func everyAdapterAnswersLikeANewEngine(fixture: String) async throws {
    let engine = try Tiny.engine(fixture)
    var answers: [String: String] = [:]
    for adapter in [Tiny.adapter, "second", nil, Tiny.adapter, nil, "second"] {
      let request = Tiny.request(adapter: adapter)
      try await expectSame(engine, request) { try Tiny.engine(fixture) }
      let text = await engine.reply(request).text
      #expect(answers.updateValue(text, forKey: adapter ?? "none") ?? text == text)
    }
    #expect(Set(answers.values).count == 3)
    #expect(engine.inspect { $0.encodedPictures } == 1)
  }

  @Test func theSeedDecides() async throws {
    let engine = try Tiny.engine()
    var request = Tiny.request(tokens: 24)
    let one = await engine.reply(request).text
    request.sampling.seed = 8
    let other = await engine.reply(request).text
    #expect(one != other)
    request.sampling.seed = 7
    #expect(await engine.reply(request).text == one)
  }

  // MARK: Stopping

  @Test func aStoppedAnswerLeavesTheEngineUsable() async throws {
    let engine = try Tiny.engine()
    _ = await engine.opened()
    let request = Tiny.request(tokens: 400)
    var pieces = 0
    for await event in engine.answer(request) {
      if case .text = event { pieces += 1 }
      if pieces == 2 { break }
    }
    try await expectSame(engine, Tiny.request()) { try Tiny.engine() }
    // Cancelling the task that reads does the same.
    let task = Task {
      for await event in engine.answer(request) {
        if case .text = event { return }
      }
    }
    task.cancel()
    await task.value
    try await expectSame(engine, Tiny.request("why?")) { try Tiny.engine() }
  }

  @Test(arguments: [ChatStage.encodingPicture, .readingPrompt, .answering])
  func workStopsInTheMiddle(of stage: ChatStage) throws {
    let session = try ModelSession(Tiny.options())
    let expected = try Self.answer(session, Tiny.request())
    let stopped = try ModelSession(Tiny.options())
    let stop = StopFlag()
    var texts = 0
    let statistics = try stopped.answer(Tiny.request(tokens: 50), stop) { event in
      switch event {
      case .stage(let now, let fraction): if now == stage, stage != .answering, fraction ?? 0 > 0 { stop.set() }
      case .text:
        texts += 1
        if stage == .answering { stop.set() }
      default: break
      }
    }
    if stage == .answering {
      #expect(statistics?.stopReason == .cancelled)
      // The second is what was held back for want of the rest of a character.
      #expect((1...2).contains(texts))
      #expect(stopped.core.generatedTokens < 50)
    } else {
      #expect(statistics == nil)
      #expect(texts == 0)
    }
    #expect(stopped.core.encodedPictures == (stage == .encodingPicture ? 0 : 1))
    #expect(try Self.answer(stopped, Tiny.request()) == expected)
    #expect(stopped.core.promptLogits == session.core.promptLogits)
  }

  private static func answer(_ session: ModelSession, _ request: ChatRequest) throws -> String {
    var text = ""
    _ = try session.answer(request, StopFlag()) { event in
      if case .text(let piece) = event { text += piece }
    }
    return text
  }

  // MARK: The context

  @Test func aFullContextDropsTheOldestTurnsAndKeepsThePicture() async throws {
    let engine = try Tiny.engine()
    let turns = (0..<40).map {
      ChatRequest.Turn(task: .vqa, question: "what is number \($0)?", answer: "it is a thing of kind \($0)")
    }
    var dropped: [Int] = []
    var reused: [Bool] = []
    for count in 0...40 {
      let reply = await engine.reply(Tiny.request(earlier: Array(turns.prefix(count)), tokens: 4))
      let statistics = try #require(reply.statistics)
      #expect(statistics.promptTokens + 4 <= statistics.contextSize)
      #expect(statistics.contextUsed == statistics.promptTokens + statistics.tokens)
      dropped.append(reply.droppedTurns)
      reused.append(statistics.reusedTokens > 0)
    }
    #expect(dropped.first == 0 && dropped.last ?? 0 > 10)
    #expect(dropped == dropped.sorted())
    #expect(engine.inspect { $0.encodedPictures } == 1)
    // The beginning moves seldom, and only then is all computed again; and for the first two, which begin otherwise.
    let moves = zip(dropped, dropped.dropFirst()).count { $0 != $1 }
    #expect((1...12).contains(moves), "\(dropped)")
    #expect(reused.count { !$0 } == moves + 2)
    // What is left is what a conversation would be that began there.
    let start = try #require(dropped.last)
    let whole = Tiny.request(earlier: turns, tokens: 4)
    let rest = Tiny.request(earlier: Array(turns.dropFirst(start)), tokens: 4)
    try await expectSame(engine, whole) { try Tiny.engine() }
    #expect(await engine.reply(whole).text == engine.reply(rest).text)
  }

  @Test func anAnswerEndsWhereTheContextDoes() async throws {
    let engine = try Tiny.engine()
    let long = String(repeating: "and again ", count: 40)
    let reply = await engine.reply(Tiny.request(long, tokens: 10000))
    let statistics = try #require(reply.statistics)
    #expect(statistics.stopReason == .context || statistics.stopReason == .stop)
    #expect(statistics.contextUsed <= statistics.contextSize)
    // Earlier turns give way to a long question.
    let turns = [ChatRequest.Turn(task: .vqa, question: "what?", answer: "a dog")]
    #expect(await engine.reply(Tiny.request(long, earlier: turns, tokens: 1)).failure == nil)
  }
}
