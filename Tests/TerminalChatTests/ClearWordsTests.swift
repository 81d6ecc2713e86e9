import Dialogue
import Testing

@testable import TerminalChat

/// What the chat says, and how much of it where there is little room.
@Suite struct ClearWordsTests {
  // MARK: menus

  @Test(arguments: [120, 80, 40])
  func menusSayTheirKeys(columns: Int) {
    var chat = Harness(columns: columns)
    for key in ["F2", "F3"] {
      chat.press("Escape", key)
      #expect(
        chat.lines[21].contains("Enter chooses, Esc closes") || chat.lines[21].contains("Enter or a number chooses"))
      #expect(chat.text.contains("> 1 ") && chat.text.contains("  2 "))
    }
  }

  @Test func conversationsAreListedAsPeopleKnowThem() {
    var chat = Harness()
    let line = SessionLine(
      name: "20261122-140501-123456", date: "2026-11-22 14:05", summary: "bus.jpg  what is it?  (2 turns)")
    chat.send(.sessions([line]))
    #expect(chat.text.contains("1 2026-11-22 14:05  bus.jpg  what is it?  (2 turns)") && !chat.text.contains("140501"))
    chat.press("Enter")
    #expect(chat.effects == [.openSession("20261122-140501-123456")])
  }

  // MARK: regions

  @Test func regionsAreAskedAboutInTheirTask() throws {
    var chat = Harness(columns: 100, rows: 30)
    chat.attach(width: 640, height: 480)
    chat.press("F8", "Enter")
    #expect(
      chat.state.draft.text == "[identify] {<25><25><75><75>}" && chat.text.contains("says what is in the region"))
    chat.ask(chat.state.draft.text)
    #expect(try #require(chat.asked).request.task == .identify && chat.state.task == nil)
    chat.reply("a bus")
    chat.ask("/tasks vqa")
    chat.send(.draft(Draft(text: "is it red? go", cursor: 10)))
    chat.press("F8", "Enter")
    #expect(chat.state.draft.text == "[identify] is it red? {<25><25><75><75>} go")
    // A task that was typed stays.
    chat.send(.draft(Draft(text: "[vqa] what is")))
    chat.press("F8", "Enter")
    #expect(chat.state.draft.text == "[vqa] what is {<25><25><75><75>}")
  }

  // MARK: questions

  @Test func undoSaysWhatIsLeft() {
    var chat = Harness()
    chat.talk("one?", "1")
    chat.talk("two?", "2")
    chat.ask("/undo")
    #expect(chat.text.contains("Took back “two?” and its answer; 1 turn is left."))
    chat.ask("/undo")
    #expect(chat.text.contains("Took back “one?” and its answer; no turn is left."))
  }

  @Test(arguments: [
    ("[reffer] the dog", "[reffer] is no task, so it was asked as text. Did you mean [refer]?"),
    ("[Caption]", "Did you mean [caption]?"), ("[unknown] what?", "F2 shows the tasks."),
  ])
  func unknownTasksAreTold(question: String, remark: String) throws {
    var chat = Harness(columns: 120)
    chat.ask(question)
    #expect(try #require(chat.asked).request.question == question && chat.text.contains(remark))
  }

  @Test(arguments: ["[1] what?", "[the dog] where?", "[] x", "what is [this]?", "[vqa] what?"])
  func bracketsAreNoTasks(question: String) {
    var chat = Harness(columns: 120)
    chat.ask(question)
    #expect(chat.asked != nil && !chat.text.contains("is no task"))
  }

  @Test(arguments: [
    ("/image my pictures/a b.png", "my pictures/a b.png", "/image my\\ pictures/a\\ b.png"),
    ("/image Bob's bus.png", "Bob's bus.png", "/image Bob\\'s\\ bus.png"),
    ("/image a b.png", "a", "/image a b.png"),
    ("/home/my pictures/a b.png what is it?", "/home/my pictures/a b.png", "/home/my\\ pictures/a\\ b.png what is it?"),
    ("/home/a.png what is it?", "/home/a.png", "/home/a.png what is it?"),
    ("what is /home/a b.png", "/home/a b.png", "what is /home/a b.png"),
  ])
  func pathsMayBeWrittenAsTheyAre(line: String, file: String, taken: String) {
    #expect(WrittenPath.literal(line) { $0 == file } == taken)
    guard taken != line else { return }
    var chat = Harness()
    chat.ask(taken)
    #expect(chat.effects.first == .attach(path: file, adapter: "one"))
  }

  @Test(arguments: [
    ("/temp", ["0", "0.1", "1.5"], ["0.05", "1.6", "-1", "nan"]), ("/top-p", ["0.05", "1"], ["0.04", "1.1", "nan"]),
  ])
  func settingsHaveTheirRanges(command: String, valid: [String], invalid: [String]) {
    for value in valid {
      var chat = Harness()
      chat.ask("\(command) \(value)")
      #expect(chat.effects == [.recordSettings], "\(value)")
    }
    for value in invalid {
      var chat = Harness()
      chat.ask("\(command) \(value)")
      #expect(chat.effects.isEmpty && chat.text.contains("! \(command) takes 0"), "\(value)")
    }
  }

  @Test(arguments: [
    ("hlep", "help"), ("imgae", "image"), ("IMAGE", "image"), ("sav", "save-picture"), ("adaptor", "adapter"),
    ("tepm", "temp"), ("zzzzzz", nil), ("", nil),
  ])
  func unknownCommandsGetTheNearest(word: String, nearest: String?) {
    #expect(CommandTable.nearest(to: word)?.name == nearest)
  }

  @Test func commandsHaveTheirNamesAlone() {
    #expect(CommandTable.find("open")?.name == "image" && CommandTable.find("hel") == nil)
  }

  // MARK: ASCII

  @Test func drawnInASCIIAllIsASCIIButTheTalk() {
    var chat = Harness(columns: 100, rows: 30, capabilities: Capabilities(isASCIIDrawing: true))
    func check(_ what: String) { #expect(chat.text.utf8.allSatisfy { $0 < 0x80 }, "\(what): \(chat.text)") }
    check("welcome")
    chat.attach(width: 640, height: 480)
    chat.attach(width: 640, height: 480, path: "/b.png")
    check("a picture")
    chat.ask("[grounding]")
    check("waiting")
    chat.send(.answer(id: chat.state.running ?? 0, .stage(.answering, fraction: nil)))
    check("answering")
    chat.reply("<p>a thing with a very long name indeed</p>{<0><0><20><20>}<p>b</p>{<50><50><90><90>}")
    check("an answer")
    chat.talk("one?", "1")
    for key in ["F1", "F2", "F3", "F8", "S-Tab", "S-Tab", "F4", "M-Up", "F5", "F7", "C-c"] {
      chat.press(key)
      check(key)
      if key.hasPrefix("F"), key != "F5" { chat.press("Escape") }
    }
    chat.press("F1", "PageDown")
    check("more help")
    chat.press("Escape")
    chat.ask("/undo")
    check("undo")
    for command in ["/stats", "/temp 9", "/tasks x", "/clear", "/new"] {
      chat.ask(command)
      check(command)
    }
    chat.send(.complaint(String(repeating: "very long words ", count: 60)))
    check("a long message")
    chat.talk("日本?", "é")
    #expect(chat.text.contains("日本?") && chat.text.contains("é"))
  }

  // MARK: little room

  @Test(arguments: [(40, 10), (40, 12), (50, 10), (60, 14), (40, 24)])
  func smallScreensShowPictureAndText(columns: Int, rows: Int) throws {
    var chat = Harness(columns: columns, rows: rows)
    chat.attach(width: 640, height: 480)
    let layout = ChatLayout(chat.state)
    let art = try #require(layout.art)
    #expect(art.columns * art.rows >= 48, "\(art)")
    #expect(layout.conversation.columns >= 20 && layout.conversation.rows >= 4)
  }

  @Test func noPictureIsBetterThanASpeck() {
    var chat = Harness(columns: 30, rows: 12)
    chat.attach(width: 100, height: 900)
    #expect(ChatLayout(chat.state).art == nil)
  }

  @Test func adapterAndTaskStayOnTheStatusLine() {
    var chat = Harness(columns: 120, adapters: ["multitask"])
    chat.ask("/temp 0.5")
    chat.ask("/tasks grounding")
    chat.talk("x", "y", statistics: ChatStatistics(tokensPerSecond: 12.34, contextUsed: 50, contextSize: 2048))
    func status(_ columns: Int) -> String {
      chat.send(.resized(columns: columns, rows: 24))
      return chat.lines[23]
    }
    #expect(
      status(100).hasPrefix(" demo │ adapter: multitask │ task: grounding │ 12.3 tok/s │ context 50/2048 │ temp 0.5"))
    #expect(!status(84).contains("tok/s") && status(84).contains("context") && status(84).hasSuffix("F1 help"))
    #expect(!status(66).contains("context") && status(66).contains("temp 0.5"))
    #expect(status(56).contains("adapter: multitask │ task: grounding") && !status(56).contains("temp"))
    #expect(status(40) == " demo │ multitask │ grounding   F1 help")
    #expect(status(30) == " demo │ multitask │ grounding")
    #expect(status(25) == " multitask │ grounding")
    for columns in 20...130 { #expect(status(columns).contains("multi"), "\(columns)") }
  }

  // MARK: wording

  @Test func bareBoxesHaveTheNameThatWasAskedFor() {
    var chat = Harness(columns: 120, rows: 40)
    chat.attach(width: 400, height: 300)
    chat.talk("[refer] the dog", "{<10><20><80><90>}")
    #expect(chat.text.contains("   the dog[1] "))
    chat.talk("where?", "{<10><20><80><90>}")
    #expect(chat.text.contains("   box 1 "))
    chat.talk("where?", "it is {<10><20><80><90>} there")
    #expect(chat.text.contains("it is [1] there") || chat.text.contains("it is[1] there"))
    chat.talk("[refer] the cow", "not there")
    #expect(chat.text.contains("nothing is marked in the picture"))
  }

  @Test func longMessagesAreShortened() {
    var chat = Harness(columns: 40)
    chat.send(.complaint("beginning " + String(repeating: "and so on ", count: 40) + "end"))
    #expect(chat.text.contains("! beginning") && chat.text.contains("more lines: F5"))
    #expect(chat.lines.filter { $0.contains("so on") }.count == 3)
    chat.press("F5")
    #expect(chat.text.contains("end") && !chat.text.contains("more lines"))
  }

  @Test func aPictureIsSavedUnderANameThatIsMade() {
    var chat = Harness()
    chat.attach(width: 40, height: 30)
    chat.press("M-s")
    #expect(chat.effects == [.savePicture(path: "/pictures/bus.jpg", to: nil, boxes: [])])
    chat.ask("/export")
    #expect(chat.effects == [.export(to: nil)])
  }

  @Test func linesNameCommandsInPlaceOfKeys() {
    var chat = Harness(columns: 120)
    chat.state.hasScreen = false
    chat.ask("")
    #expect(chat.text.contains("choose a task with /tasks"))
    for command in ["/zoom", "/hide"] {
      chat.ask(command)
      #expect(chat.text.contains("/save-picture writes the picture with its boxes"))
    }
    #expect(chat.state.pictureMode == .shown)
  }
}
