import Dialogue
import Testing

@testable import TerminalChat

/// What becomes of the picture, and of what is being done about it.
@Suite struct PictureStateTests {
  /// A chat whose picture is being encoded.
  private func encoding() -> Harness {
    var chat = Harness()
    chat.send(.submit("/image /a.png"))
    chat.send(.preparation(path: "/a.png", .stage(.encodingPicture, fraction: 0.35)))
    #expect(chat.text.contains("encoding the picture 35%") && chat.state.needsTicks)
    return chat
  }

  @Test(arguments: ["/new", "/image none"])
  func nothingGoesOnAboutAPictureThatIsGone(command: String) {
    var chat = encoding()
    chat.ask(command)
    #expect(chat.effects.contains(.detach))
    #expect(!chat.text.contains("encoding the picture") && !chat.state.needsTicks)
    // What it still says comes too late.
    chat.send(.preparation(path: "/a.png", .stage(.encodingPicture, fraction: 0.5)))
    #expect(!chat.state.needsTicks)
  }

  @Test(arguments: [nil, "/b.png"])
  func nothingGoesOnAboutThePictureOfAnotherConversation(picture: String?) {
    var chat = encoding()
    chat.send(
      .restored(
        StoredConversation(
          name: "s", picture: picture, turns: [], adapter: nil, task: nil, template: "tinygptv",
          sampling: SamplingChoice())))
    #expect(chat.effects == [picture.map { .attach(path: $0, adapter: nil) } ?? .detach])
    #expect(!chat.state.needsTicks)
  }

  @Test func nothingGoesOnAboutAPictureThatIsNone() {
    var chat = encoding()
    chat.send(.picture(path: "/a.png", .failure(ChatFailure(.picture, "no picture"))))
    #expect(chat.effects == [.detach] && !chat.state.needsTicks)
  }

  /// A beginning that was asked for stays one, whatever the picture turns out to be.
  @Test func clearingOutlivesASlip() throws {
    var chat = Harness()
    chat.attach(width: 4, height: 3, path: "/a.png")
    chat.talk("one?", "1")
    chat.ask("/image /b.png")
    chat.ask("/clear")
    chat.send(.picture(path: "/b.png", .failure(ChatFailure(.picture, "no picture"))))
    chat.ask("two?")
    let request = try #require(chat.asked).request
    #expect(request.picture == "/a.png" && request.earlier.isEmpty)
  }

  /// One that came with a kept conversation and cannot be read takes its turns with it.
  @Test func turnsOfAPictureThatCannotBeReadAreOver() throws {
    var chat = Harness()
    var turn = ChatTurn(task: nil, question: "one?", adapter: nil, picture: "/a.png")
    turn.append("1")
    turn.end(.done)
    chat.send(
      .restored(
        StoredConversation(
          name: "s", picture: "/a.png", turns: [turn], adapter: nil, task: nil, template: "tinygptv",
          sampling: SamplingChoice())))
    chat.send(.picture(path: "/a.png", .failure(ChatFailure(.picture, "no picture"))))
    #expect(chat.effects.contains(.recordPicture(path: nil, hash: nil)))
    chat.ask("two?")
    let request = try #require(chat.asked).request
    #expect(request.picture == nil && request.earlier.isEmpty)
  }

  @Test func modelsWithoutEyesTakeNoPicture() {
    var chat = Harness(isOpen: false)
    chat.send(
      .open(
        .ready(
          ChatModelDescription(name: "m", adapters: [], defaultAdapter: nil, contextSize: 9, hasVision: false))))
    chat.ask("/image /a.png")
    #expect(chat.effects.isEmpty && chat.state.picture == nil && chat.text.contains("cannot look at pictures"))
  }
}
