import Dialogue
import Foundation
import TestSupport
import Testing

@testable import TerminalChat

/// Whatever is done in whatever order: what is kept is what was said, and what is gone on with is what there was.
@Suite struct RandomConversationTests {
  /// What a chat that is gone on with has again.
  private struct Facts: Equatable {
    var said: [ChatRequest.Turn]
    var picture, adapter: String?
    var task: VisionTask?
    var sampling: SamplingChoice
    var isSeedChosen: Bool

    init(_ chat: KeptChat) {
      let state = chat.runner.state
      said = chat.said
      (picture, adapter, task) = (state.picture?.path, state.adapter, state.task)
      (sampling, isSeedChosen) = (state.sampling, state.isSeedChosen)
    }
  }

  @Test(arguments: [1, 2, 3, 4])
  func whatIsKeptIsWhatWasSaid(seed: UInt64) throws {
    try withTemporaryFolder { folder in
      var random = SeededGenerator(state: seed)
      let pictures = try ["a", "b"].map { name in
        let path = folder.appendingPathComponent(name).path
        try Data("picture \(name)".utf8).write(to: URL(fileURLWithPath: path))
        return (path: path, hash: try PictureFingerprint(path: path).description)
      }
      var chat: KeptChat? = try KeptChat(folder)
      var done: [String] = []
      for step in 0..<150 {
        let what = Self.steps.randomElement(using: &random) ?? ""
        let picture = pictures.randomElement(using: &random) ?? pictures[0]
        done = done.suffix(5) + [what]
        if what == "resume", let name = chat?.name {
          let before = chat.map(Facts.init)
          chat?.runner.end()
          // The file is its own as long as it is there.
          chat = nil
          chat = try KeptChat(folder, resumed: name)
          #expect(chat.map(Facts.init) == before && chat?.name == name, "seed \(seed), step \(step): \(done)")
        } else if let chat {
          Self.perform(what, step, chat, picture)
        }
        try chat?.agrees("seed \(seed), step \(step): \(done)")
      }
    }
  }

  private static let steps = [
    "ask", "ask", "ask", "stop", "nothing comes", "fault", "resume", "/undo", "/regen", "/clear", "/new", "/compare x",
    "/image none", "/temp 0.5", "/seed 5", "/tasks refer", "F4", "picture", "picture, early answer", "slip",
    "slip, /clear", "half, /undo", "half, /regen", "half, /clear", "half, /new", "half, /image none", "half, picture",
    "half, slip", "half, F4",
  ]

  private static func perform(_ what: String, _ step: Int, _ chat: KeptChat, _ picture: (path: String, hash: String)) {
    let parts = what.components(separatedBy: ", ")
    for part in parts {
      switch part {
      case "ask": chat.talk("question \(step)", "answer \(step)")
      case "half":
        chat.enter("question \(step)")
        chat.stream("half \(step)")
      case "stop":
        chat.enter("question \(step)")
        chat.stream("half \(step)")
        chat.send(.key(Key("Escape")))
      case "nothing comes":
        chat.enter("question \(step)")
        chat.send(.key(Key("Escape")))
      case "fault":
        chat.enter("question \(step)")
        if let id = chat.runner.state.running { chat.send(.answer(id: id, .failed(ChatFailure(.numbers, "x")))) }
      case "F4": chat.send(.key(Key("F4")))
      case "picture":
        chat.enter("/image \(picture.path)")
        if parts.last == "early answer" { chat.talk("question \(step)", "early \(step)") }
        chat.read(picture.path, hash: picture.hash)
      case "slip":
        chat.enter("/image /slip.png")
        if parts.last == "/clear" { chat.enter("/clear") }
        chat.read("/slip.png", hash: nil)
      case "early answer": break
      default: chat.enter(part)
      }
    }
    chat.answer("answer \(step)")
  }
}
