import Diagnostics
import Foundation
import TestSupport
import Testing

@testable import Dialogue

/// Answers from a script.
struct ScriptedEngineTests {
  private func engine(_ json: String) throws -> ScriptedEngine { try ScriptedEngine(json: Data(json.utf8)) }

  @Test func theFirstAnswerThatFitsComes() async throws {
    let engine = try engine(
      """
      {"answers": [
        {"question": "DOG", "task": "refer", "text": "a  dog"},
        {"question": "dog", "adapter": "one", "text": "{adapter} {turns} {seed}"},
        {"question": "dog", "repeat": 1, "pieces": ["a", "b"]},
        {"text": "{question}?"}
      ]}
      """)
    var request = ChatRequest(task: .refer, question: "the dog")
    #expect(
      await engine.reply(request).events.filter { if case .text = $0 { true } else { false } }
        == [.text("a  "), .text("dog")])
    request.task = nil
    #expect(await engine.reply(request).text == "ab")
    #expect(await engine.reply(request).text == "the dog?")
    request.adapter = "one"
    #expect(await engine.reply(request).text == "one 0 0")
    #expect(await engine.reply(request).statistics?.tokens == 3)
  }

  @Test func failuresComeBehindThePieces() async throws {
    let engine = try engine(
      """
      {"model": {"name": "m", "adapters": [{"name": "a"}], "seconds": 0.01, "steps": 2},
       "picture": {"seconds": 0.01, "steps": 2},
       "answers": [{"text": "x", "dropped_turns": 3, "failure": {"kind": "numbers", "message": "NaN", "remedy": "r"}}]}
      """)
    #expect(
      await engine.opened()
        == .ready(
          ChatModelDescription(
            name: "m", adapters: [.init(name: "a", summary: "from the script")], defaultAdapter: nil, contextSize: 2048)
        ))
    let reply = await engine.reply(ChatRequest(picture: "p", question: "q"))
    #expect(reply.failure == ChatFailure(.numbers, "NaN", remedy: "r"))
    #expect(reply.text == "x" && reply.droppedTurns == 3)
    #expect(reply.stages == [.readingPicture, .encodingPicture, .answering])
    #expect(await engine.reply(ChatRequest(picture: "p", question: "q")).stages == [.answering])
  }

  @Test func aStoppedAnswerEnds() async throws {
    let engine = try engine(#"{"answers": [{"delay": 30, "text": "a b"}]}"#)
    let task = Task { await engine.reply(ChatRequest(question: "q")) }
    task.cancel()
    #expect(await task.value.text == "")
  }

  @Test func aFileThatIsNoScriptIsNamed() throws {
    for path in ["/nowhere.json", Fixtures.path("README.md")] {
      let error = #expect(throws: InputError.self) { try ScriptedEngine(path: path) }
      #expect(error?.file == path)
    }
  }
}
