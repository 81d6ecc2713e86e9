import Foundation
import TestSupport
import Testing
import TinyGPTV
import Tensors

@testable import Dialogue

/// Many requests at once, stopped at random: none disturbs another.
struct EngineStressTests {
  private func request(_ number: Int) -> ChatRequest {
    let pictures: [String?] = [Tiny.picture, Tiny.otherPicture, "/nowhere.png", nil]
    let adapters: [String?] = [Tiny.adapter, "second", nil, "third"]
    let earlier = (0..<4).map { ChatRequest.Turn(task: nil, question: "question \($0)", answer: "answer \($0)") }
    var random = SplitMix64(state: UInt64(number % 24))
    return Tiny.request(
      "what?", earlier: Array(earlier.prefix(Int(random.next() % 5))), picture: pictures[Int(random.next() % 4)],
      adapter: adapters[Int(random.next() % 4)], tokens: 8)
  }

  @Test func whateverIsStoppedTheAnswersStayTheSame() async throws {
    let engine = try Tiny.engine()
    // What a new engine answers to each.
    var replies: [Reply] = []
    for number in 0..<24 { replies.append(await (try Tiny.engine()).reply(request(number))) }
    let expected = replies
    #expect(expected.contains { $0.failure != nil } && expected.contains { $0.failure == nil })

    let isSame = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<200 {
        group.addTask {
          var random = SplitMix64(state: UInt64(number) &* 7919)
          let request = request(number)
          switch random.next() % 4 {
          case 0:
            // Stopped behind some events.
            var left = random.next() % 8
            for await _ in engine.answer(request) {
              if left == 0 { break }
              left -= 1
            }
            return true
          case 1:
            let task = Task {
              for await _ in engine.prepare(picture: Tiny.otherPicture, adapter: request.adapter) {}
            }
            if random.next() % 2 == 0 { task.cancel() }
            await task.value
            return true
          default:
            let reply = await engine.reply(request)
            let right = expected[number % 24]
            return reply.text == right.text && reply.failure == right.failure
              && reply.droppedTurns == right.droppedTurns
          }
        }
      }
      return await group.reduce(true) { $0 && $1 }
    }
    #expect(isSame)
    // Still as good as new.
    for number in 0..<24 {
      let reply = await engine.reply(request(number))
      #expect(reply.text == expected[number].text && reply.failure == expected[number].failure)
    }
  }
}
