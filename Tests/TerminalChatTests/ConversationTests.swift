import Dialogue
import Testing

@testable import TerminalChat

@Suite struct ConversationTests {
  @Test func answersStreamIn() throws {
    var chat = Harness()
    chat.ask("what is this?")
    let asked = try #require(chat.asked)
    #expect(asked.request.question == "what is this?" && asked.request.adapter == "one")
    chat.send(.answer(id: asked.id, .stage(.answering, fraction: nil)))
    chat.send(.answer(id: asked.id, .text("a red ")))
    #expect(chat.text.contains("a red") && !chat.text.contains("bus"))
    #expect(chat.text.contains("answering"))
    chat.send(.answer(id: asked.id, .text("bus")))
    chat.send(
      .answer(id: asked.id, .finished(ChatStatistics(tokensPerSecond: 12.34, contextUsed: 50, contextSize: 2048))))
    #expect(chat.text.contains("  a red bus"))
    #expect(chat.text.contains("12.3 tok/s") && chat.text.contains("context 50/2048"))
    #expect(chat.effects.contains { if case .record = $0 { true } else { false } })
  }

  @Test func earlierTurnsGoAlong() throws {
    var chat = Harness()
    chat.talk("one?", "1")
    chat.talk("two?", "2")
    chat.ask("three?")
    #expect(try #require(chat.asked).request.earlier.map(\.answer) == ["1", "2"])
  }

  @Test func stoppedAnswersKeepWhatCame() throws {
    var chat = Harness()
    chat.ask("what?")
    let id = try #require(chat.asked).id
    chat.send(.answer(id: id, .text("half an ans")))
    chat.press("Escape")
    #expect(chat.effects.contains(.stop(id: id)))
    #expect(chat.text.contains("half an ans") && chat.text.contains("stopped"))
    chat.send(.answer(id: id, .text("wer")))
    #expect(!chat.text.contains("answer "))
    chat.ask("more")
    #expect(try #require(chat.asked).request.earlier.map(\.answer) == ["half an ans"])
  }

  @Test func interruptNeverLeaves() {
    var chat = Harness()
    chat.press("C-c")
    #expect(chat.effects.isEmpty && chat.text.contains("Ctrl-D or /quit"))
    chat.press("a", "b", "C-c")
    #expect(chat.state.draft.text.isEmpty)
    chat.press("C-d")
    #expect(chat.effects == [.quit])
  }

  @Test func faultsAreMessages() throws {
    var chat = Harness()
    chat.ask("what?")
    let id = try #require(chat.asked).id
    chat.send(.answer(id: id, .failed(ChatFailure(.numbers, "a number was none", remedy: "Try again"))))
    #expect(chat.text.contains("a number was none. Try again"))
    chat.talk("again?", "fine")
    #expect(chat.text.contains("fine"))
  }

  @Test func newPicturesStartAnew() throws {
    var chat = Harness()
    chat.attach(width: 40, height: 30, path: "/a.png")
    chat.talk("one?", "1")
    chat.attach(width: 40, height: 30, path: "/b.png")
    #expect(chat.text.contains("starts anew"))
    chat.ask("two?")
    let request = try #require(chat.asked).request
    #expect(request.earlier.isEmpty && request.picture == "/b.png")
  }

  /// A path with a slip in it leaves picture and conversation as they were.
  @Test func aPictureThatIsNoneChangesNothing() throws {
    var chat = Harness()
    chat.attach(width: 40, height: 30, path: "/a.png")
    chat.talk("one?", "1")
    for path in ["/b.png", "/c.png"] {
      chat.ask("/image \(path)")
      chat.send(.picture(path: path, .failure(ChatFailure(.picture, "\(path) is not there"))))
    }
    #expect(chat.text.contains("/c.png is not there") && !chat.text.contains("starts anew"))
    chat.ask("two?")
    let request = try #require(chat.asked).request
    #expect(request.picture == "/a.png" && request.earlier.map(\.answer) == ["1"])
  }

  @Test func interruptedTagsAreNoText() throws {
    var chat = Harness()
    chat.ask("[grounding] what?")
    let id = try #require(chat.asked).id
    chat.send(.answer(id: id, .text("a cat and <p")))
    chat.press("C-c")
    #expect(chat.text.contains("a cat and") && !chat.text.contains("<p"))
  }

  @Test func clearKeepsPictureAndSettings() throws {
    var chat = Harness()
    chat.attach(width: 40, height: 30)
    chat.talk("one?", "1")
    chat.ask("/temp 0.7")
    chat.ask("/clear")
    chat.ask("two?")
    let request = try #require(chat.asked).request
    #expect(request.earlier.isEmpty && request.picture == "/pictures/bus.jpg" && request.sampling.temperature == 0.7)
  }

  @Test func undoAndRegenerate() throws {
    var chat = Harness()
    chat.talk("one?", "1")
    chat.talk("two?", "2")
    chat.ask("/regen")
    var request = try #require(chat.asked).request
    #expect(request.question == "two?" && request.earlier.map(\.answer) == ["1"])
    chat.reply("3")
    chat.ask("/undo")
    #expect(chat.effects.contains(.recordUndo) && chat.effects.contains(.setDraft("two?")))
    chat.ask("three?")
    request = try #require(chat.asked).request
    #expect(request.earlier.map(\.answer) == ["1"])
  }

  @Test func commandsBehindAQuestionTakenBackAreCommands() throws {
    var chat = Harness()
    chat.talk("one?", "1")
    chat.talk("two?", "2")
    chat.ask("/undo")
    #expect(chat.effects.contains(.setDraft("two?")))
    chat.ask("two?/undo")
    #expect(chat.effects.contains(.recordUndo) && chat.effects.contains(.setDraft("one?")))
    chat.ask("one? /nothing of the kind")
    #expect(try #require(chat.asked).request.question == "one? /nothing of the kind")
    chat.reply("1")
    chat.ask("one? /nothing of the kind/undo")
    #expect(!chat.effects.contains(.recordUndo))
  }

  @Test func aNewBeginningHasNoFiguresYet() {
    for command in ["/clear", "/new"] {
      var chat = Harness()
      chat.talk("one?", "1", statistics: ChatStatistics(tokensPerSecond: 12, contextUsed: 50, contextSize: 99))
      #expect(chat.text.contains("context 50/99"))
      chat.ask(command)
      #expect(!chat.text.contains("context 50/99") && !chat.text.contains("tok/s"))
    }
  }

  @Test func regionsShowAHiddenPicture() {
    var chat = Harness()
    chat.attach(width: 40, height: 30)
    chat.press("F6", "F8")
    #expect(chat.state.pictureMode == .shown)
  }

  @Test func chosenSeedsStay() throws {
    var chat = Harness()
    chat.ask("/temp 0.9")
    chat.talk("one?", "1")
    chat.ask("/regen")
    #expect(try #require(chat.asked).request.sampling.seed == 1)
    chat.reply("2")
    chat.ask("/seed 7")
    chat.ask("/regen")
    #expect(try #require(chat.asked).request.sampling.seed == 7)
  }

  @Test func compareAsksAllOutsideTheConversation() throws {
    var chat = Harness()
    chat.ask("/compare what?")
    for adapter in ["one", "two", nil] {
      let asked = try #require(chat.asked)
      #expect(asked.request.adapter == adapter && asked.request.earlier.isEmpty)
      chat.reply("from \(adapter ?? "none")")
    }
    for name in ["one", "two", "none"] { #expect(chat.text.contains("from \(name)")) }
    #expect(chat.text.contains("neither kept nor"))
    chat.ask("now?")
    #expect(try #require(chat.asked).request.earlier.isEmpty)
  }

  @Test func adapterKeySwitchesAtOnce() throws {
    var chat = Harness()
    #expect(chat.text.contains("adapter: one"))
    chat.press("F4")
    #expect(chat.text.contains("adapter: two"))
    chat.ask("what?")
    #expect(try #require(chat.asked).request.adapter == "two")
    chat.reply("x")
    chat.press("F4")
    #expect(chat.text.contains("adapter: none"))
    chat.ask("what?")
    #expect(try #require(chat.asked).request.adapter == nil)
  }

  @Test func questionsWaitForTheModel() throws {
    var chat = Harness(isOpen: false)
    chat.ask("early?")
    #expect(chat.asked == nil)
    chat.send(.open(.progress(.loadingModel, fraction: 0.5)))
    #expect(chat.text.contains("loading the model 50%"))
    chat.send(.open(.ready(ChatModelDescription(name: "m", adapters: [], defaultAdapter: nil, contextSize: 9))))
    #expect(try #require(chat.asked).request.question == "early?")
  }

  @Test func fullContextIsTold() throws {
    var chat = Harness()
    chat.ask("what?")
    let id = try #require(chat.asked).id
    chat.send(.answer(id: id, .droppedTurns(2)))
    chat.reply("yes")
    #expect(chat.text.contains("2 oldest turns were left out, the"))
  }

  @Test func commandsSuggestTheNearest() {
    var chat = Harness()
    chat.ask("/imgae x.png")
    #expect(chat.text.contains("Did you mean /image?"))
    chat.ask("/temp 3")
    #expect(chat.text.contains("0.1 to 1.5"))
  }

  @Test func pathsAreNoCommands() {
    var chat = Harness()
    chat.ask("/home/x.png")
    #expect(chat.effects == [.attach(path: "/home/x.png", adapter: "one")])
    chat.ask("'/tmp/my pictures/A.JPG' what is it?")
    #expect(chat.effects.first == .attach(path: "/tmp/my pictures/A.JPG", adapter: "one"))
    #expect(chat.asked?.request.question == "what is it?")
  }

  @Test(arguments: [
    ("~/a.png", "~/a.png"), ("\"a b.png\"", "a b.png"), ("a\\ b.png", "a b.png"), ("a b.png", "a b.png"),
    ("file:///tmp/a%20b.png", "/tmp/a b.png"),
  ])
  func pathsAsPeopleWriteThem(written: String, path: String) {
    #expect(WrittenPath.whole(written) == path)
    #expect(WrittenPath.split(WrittenPath.escaped(path)).path == path)
  }

  @Test func tasksCycleAndHint() {
    var chat = Harness()
    for task in VisionTask.allCases {
      chat.press("S-Tab")
      #expect(chat.text.contains("[\(task.rawValue)] >") && chat.text.contains(task.help.prefix(30)))
    }
    chat.press("S-Tab")
    #expect(chat.state.task == nil)
  }

  @Test func typedTagsMarkTheirQuestionAlone() throws {
    var chat = Harness()
    chat.ask("/tasks vqa")
    chat.ask("[refer] the dog")
    let request = try #require(chat.asked).request
    #expect(request.task == .refer && request.question == "the dog" && chat.state.task == .vqa)
    chat.reply("no idea")
    #expect(chat.text.contains("You [refer]") && chat.text.contains("nothing is marked in the picture"))
    chat.ask("/undo")
    #expect(chat.effects.contains(.setDraft("[refer] the dog")))
    chat.ask("[unknown] what?")
    #expect(try #require(chat.asked).request.question == "[unknown] what?")
  }

  @Test func emptyLinesAskNothing() {
    var chat = Harness()
    chat.ask("  ")
    #expect(chat.asked == nil && chat.text.contains("Write a question, or choose a task with Shift-Tab."))
  }

  @Test func taskMenuChooses() {
    var chat = Harness()
    chat.press("F2")
    for task in VisionTask.allCases { #expect(chat.text.contains("\(task.rawValue) ")) }
    chat.press("Down", "Down", "Enter")
    #expect(chat.state.task == .caption)
  }

  @Test func missingBoxesAreTold() {
    var chat = Harness()
    chat.ask("/tasks refer")
    chat.talk("the dog", "no idea")
    #expect(chat.text.contains("nothing is marked in the picture"))
  }

  @Test func hostileTextIsHarmless() {
    var chat = Harness()
    chat.talk("\u{1b}]0;title\u{7}?", "\u{1b}[2J\u{9b}1m bad \u{202E}")
    #expect(!chat.text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || (0x7f..<0xa0).contains($0.value) })
    #expect(chat.text.contains("^[[2J"))
  }

  @Test func recordedAndRestored() throws {
    var chat = Harness()
    var turn = ChatTurn(task: .refer, question: "the dog", adapter: "two", picture: "/a.png")
    turn.append("<p>dog</p>{<10><20><50><60>}")
    turn.end(.done)
    chat.send(
      .restored(
        StoredConversation(
          name: "s1", picture: "/a.png", turns: [turn], adapter: "two", task: .refer, template: "tinygptv",
          sampling: SamplingChoice(seed: 3))))
    #expect(chat.effects == [.attach(path: "/a.png", adapter: "two")])
    #expect(chat.text.contains("dog[1]") && chat.text.contains("adapter: two"))
    chat.ask("again")
    let request = try #require(chat.asked).request
    #expect(request.earlier.count == 1 && request.sampling.seed == 3 && request.task == .refer)
  }

  @Test func completesCommandsAndPaths() {
    let completer = Completer(adapters: ["one", "two"]) { folder in
      folder.isEmpty ? ["pic one.png", "pics/", ".hidden"] : folder == "/" ? ["home/", "tmp/"] : ["Bus.PNG"]
    }
    #expect(completer.completions(of: "/im").map(\.line) == ["/image "])
    #expect(completer.completions(of: "/s").count == 4)
    #expect(completer.completions(of: "/image pi").map(\.line) == ["/image pic\\ one.png", "/image pics/"])
    #expect(completer.completions(of: "/image pics/b").map(\.line) == ["/image pics/Bus.PNG"])
    #expect(completer.completions(of: "/adapter t").map(\.line) == ["/adapter two"])
    #expect(completer.completions(of: "/ho").map(\.line) == ["/home/"])
    #expect(completer.completions(of: "hello").isEmpty)
    #expect(completer.completions(of: "[re").map(\.line) == ["[refer] "])
    #expect(completer.completions(of: "[").map(\.shown) == VisionTask.allCases.map(\.tag))
    #expect(completer.completions(of: "[refer] the").isEmpty && completer.completions(of: "see [re").isEmpty)
  }

  @Test func choicesThatDoNotFitAreCounted() {
    let all = ["one", "two", "three", "four"]
    #expect(Completer.listed(all, width: 21) == "one  two  three  four")
    #expect(Completer.listed(all, width: 20) == "one  two  … 2 more")
    #expect(Completer.listed(all, width: 5) == "one  … 3 more")
    #expect(Completer.listed([], width: 20).isEmpty)
    var chat = Harness(columns: 40)
    chat.send(.completions((1...30).map { "thing\($0)" }))
    #expect(chat.text.contains("thing1  thing2  thing3  … 27 more"))
  }

  @Test func templatesAreListed() {
    var chat = Harness()
    chat.ask("/template")
    #expect(chat.text.contains("The template is tinygptv.") && chat.text.contains("minigpt-v2"))
  }
}
