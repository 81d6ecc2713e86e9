import Dialogue
import Foundation
import Pictures
import TestSupport
import Testing

@testable import TerminalChat

/// What is kept is what was said.
@Suite struct KeptConversationTests {
  private func withFolder(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kept-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder)
  }

  /// A file with some bytes, and its fingerprint. Nobody decodes it here.
  private func file(_ name: String, in folder: URL) throws -> (path: String, hash: String) {
    let path = folder.appendingPathComponent(name).path
    try Data("picture \(name)".utf8).write(to: URL(fileURLWithPath: path))
    return (path, try PictureFingerprint(path: path).description)
  }

  @Test(arguments: ["/undo", "/regen"])
  func aRunningTurnIsTheOneThatIsTakenBack(command: String) throws {
    try withTemporaryFolder { folder in
      let chat = try KeptChat(folder)
      chat.talk("one?", "1")
      chat.enter("two?")
      chat.stream("half an ")
      chat.enter(command)
      try chat.agrees(command)
      #expect(chat.said.map(\.question) == ["one?"])
      #expect(chat.runner.archive.session.exported(as: .markdown).contains("one?"))
      chat.answer("2")
      try chat.agrees("what follows \(command)")
    }
  }

  @Test func theSamePictureAgainStartsAnew() throws {
    try withTemporaryFolder { folder in
      let chat = try KeptChat(folder)
      chat.attach("/a.png", hash: "a")
      chat.talk("one?")
      chat.attach("/a.png", hash: "a")
      chat.talk("two?")
      #expect(chat.said.map(\.question) == ["two?"])
      try chat.agrees("the same picture")
    }
  }

  @Test func aPictureThatGoesStopsTheAnswerAboutIt() throws {
    try withTemporaryFolder { folder in
      let chat = try KeptChat(folder)
      chat.attach("/a.png", hash: "a")
      chat.enter("one?")
      chat.stream("half")
      chat.enter("/image none")
      #expect(!chat.runner.state.isBusy && chat.said.isEmpty)
      chat.answer()
      try chat.agrees("/image none")
      #expect(try chat.kept().turnCount == 1)
    }
  }

  /// What is said about a picture before it is read for the screen stands behind it.
  @Test func answersThatComeBeforeThePictureAreAboutIt() throws {
    try withTemporaryFolder { folder in
      let chat = try KeptChat(folder)
      chat.talk("none?")
      chat.enter("/image /a.png")
      chat.talk("one?")
      // Nobody knows yet whether it is a picture.
      #expect(try chat.kept().turnCount == 1)
      chat.read("/a.png", hash: "a")
      try chat.agrees("an early answer")
      #expect(chat.said.map(\.question) == ["one?"])
      chat.enter("/image /b.png")
      chat.talk("two?")
      chat.runner.end()
      #expect(try chat.kept().turns.map(\.turn.question) == ["two?"] && chat.kept().picture?.path == "/b.png")
    }
  }

  /// Without its picture, or with another one in its place, a conversation is over; but only what is asked says so.
  @Test(arguments: [false, true])
  func turnsAboutAPictureThatIsGoneAreNotGoneOnWith(isReplaced: Bool) throws {
    try withTemporaryFolder { folder in
      let picture = try file("a", in: folder)
      var chat: KeptChat? = try KeptChat(folder)
      chat?.attach(picture.path, hash: picture.hash)
      chat?.talk("one?")
      let name = try #require(chat?.name)
      chat = nil
      try FileManager.default.removeItem(atPath: picture.path)
      if isReplaced { try Data("another".utf8).write(to: URL(fileURLWithPath: picture.path)) }
      let again = try KeptChat(folder, resumed: name)
      #expect(again.said.isEmpty && again.runner.state.entries.count > 1)
      #expect(again.runner.state.picture?.path == (isReplaced ? picture.path : nil))
      #expect(try again.kept(name).turns.count == 1)
      again.talk("two?")
      #expect(again.said.map(\.question) == ["two?"])
      try again.agrees("what follows")
    }
  }

  @Test func whatHasComeOfAnAnswerIsKeptAtTheEnd() throws {
    try withTemporaryFolder { folder in
      let chat = try KeptChat(folder)
      chat.enter("one?")
      chat.stream("half")
      chat.runner.end()
      #expect(try chat.kept().turns.map(\.turn.answer) == ["half"])
    }
  }

  @Test func whatHasComeOfAnAnswerIsKeptWhereItWasAsked() async throws {
    try await withFolder { folder in
      let chat = try KeptChat(folder)
      chat.talk("old?", "old")
      let old = try #require(chat.name)
      chat.enter("/new")
      chat.talk("one?", "1")
      let name = try #require(chat.name)
      chat.enter("two?")
      chat.stream("half")
      chat.enter("/sessions \(old)")
      // It is read beside the answer, which goes on.
      #expect(chat.runner.state.isBusy && chat.runner.state.isReadingSessions)
      chat.stream(" of it")
      try await chat.wait("the other conversation") { chat.name == old }
      #expect(try chat.kept(name).turns.map(\.turn.answer) == ["1", "half of it"])
      #expect(try chat.kept(old).turns.map(\.turn.answer) == ["old"])
      try chat.agrees("the other conversation")
      chat.talk("new?", "new")
      try chat.agrees("what follows")
    }
  }

  /// A number is that of the list that the user saw, there and at `--session`.
  @Test func numbersAreThoseOfTheList() async throws {
    try await withFolder { folder in
      let chat = try KeptChat(folder)
      var names: [String] = []
      for question in ["one?", "two?", "three?"] {
        if !names.isEmpty { chat.enter("/new") }
        chat.talk(question)
        names.insert(try #require(chat.name), at: 0)
      }
      chat.enter("/sessions")
      #expect(chat.runner.state.overlay == nil && chat.runner.state.toast?.text.contains("Reading") == true)
      // A second one meanwhile is one too many.
      chat.enter("/sessions")
      try await chat.wait("the list") { !chat.runner.state.listed.isEmpty }
      let listed = chat.runner.state.listed
      #expect(Set(listed.map(\.name)) == Set(names) && listed.filter(\.isCurrent).map(\.name) == [names[0]])
      #expect(SessionReader(store: chat.store, current: nil).list().map(\.name) == listed.map(\.name))
      #expect(!chat.runner.state.isReadingSessions && chat.runner.state.toast == nil)
      guard case .menu(let menu) = chat.runner.state.overlay else {
        Issue.record("no menu")
        return
      }
      #expect(menu.items[menu.selected].name != names[0])
      // Another chat writes.
      let other = chat.store.begin(model: "demo")
      try other.append(.turn(StoredTurn(ChatRequest(question: "x"), answer: "y", stopReason: nil, date: Date() + 60)))
      let third = listed[2].name
      chat.enter("/sessions 3")
      try await chat.wait("the third") { !chat.runner.state.isReadingSessions }
      #expect(chat.name == third)
      for wrong in ["99", "-9223372036854775808", "nothing"] {
        chat.enter("/sessions \(wrong)")
        try await chat.wait("an error") { !chat.runner.state.isReadingSessions }
        #expect(chat.name == third)
      }
    }
  }

  @Test func theOpenConversationIsNotOpenedTwice() async throws {
    try await withFolder { folder in
      let chat = try KeptChat(folder)
      chat.talk("one?")
      chat.enter("/sessions \(try #require(chat.name))")
      try await chat.wait("an error") { !chat.runner.state.isReadingSessions }
      guard case .complaint(let text)? = chat.runner.state.entries.last?.content else {
        Issue.record("no complaint")
        return
      }
      #expect(text.contains("expected another conversation, found the one that is open"))
    }
  }

  @Test func chosenSettingsCountMoreThanKeptOnes() throws {
    try withTemporaryFolder { folder in
      var chat: KeptChat? = try KeptChat(folder)
      chat?.enter("/seed 7")
      chat?.enter("/temp 0.5")
      chat?.enter("/tasks vqa")
      chat?.talk("one?")
      let name = try #require(chat?.name)
      chat = nil
      var state = try KeptChat(folder, resumed: name).runner.state
      #expect(state.adapter == "one" && state.task == .vqa && state.isSeedChosen)
      #expect(state.sampling.seed == 7 && state.sampling.temperature == 0.5)
      var chosen = ChosenSettings()
      (chosen.adapter, chosen.task, chosen.template) = ("two", .refer, "phi")
      (chosen.temperature, chosen.topP, chosen.seed, chosen.maximumTokens) = (0.75, 0.5, 9, 40)
      state = try KeptChat(folder, resumed: name, chosen: chosen).runner.state
      #expect(state.adapter == "two" && state.task == .refer && state.template == "phi" && state.isSeedChosen)
      #expect(state.sampling == SamplingChoice(temperature: 0.75, topP: 0.5, seed: 9, maximumTokens: 40))
      chosen = ChosenSettings()
      chosen.adapter = "none"
      #expect(try KeptChat(folder, resumed: name, chosen: chosen).runner.state.adapter == nil)
    }
  }

  /// What happened before the model was open is no part of a conversation that begins later.
  @Test func newConversationsBeginEmpty() throws {
    try withTemporaryFolder { folder in
      let chat = try KeptChat(folder, isOpen: false)
      chat.attach("/a.png", hash: "a")
      chat.enter("/new")
      chat.open()
      chat.talk("one?")
      try chat.agrees("/new")
      #expect(try chat.kept().picture == nil)
    }
  }

  @Test func picturesThatGoAreEncodedNoFurther() async throws {
    try await withFolder { folder in
      for command in ["/new", "/image none"] {
        let chat = try KeptChat(folder)
        chat.enter("/image /a.png")
        chat.enter(command)
        try await chat.wait("the end of the preparation") { chat.engine.calledOff.contains("/a.png") }
      }
    }
  }

  @Test func cancelledReadersLeaveNoPicture() async throws {
    let box = PictureBox()
    let picture = Picture(width: 1, height: 1, pixels: [1, 2, 3])
    #expect(box.set("second", picture))
    let late = Task {
      while !Task.isCancelled { await Task.yield() }
      return box.set("first", picture)
    }
    late.cancel()
    let isLeft = await late.value
    #expect(!isLeft && box.get("second") != nil && box.get("first") == nil)
  }
}
