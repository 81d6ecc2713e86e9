import Foundation
import TestSupport
import Testing

extension RealTerminal {
  @Suite(.serialized) struct Answers {
    /// Points 7 and 9: text comes while it is made; Escape and Ctrl-C stop it at once.
    @Test(arguments: ["Escape", "C-c"])
    func answersStreamAndStop(key: String) throws {
      let terminal = try TmuxTerminal()
      try terminal.open()
      try terminal.enter("slow")
      try terminal.wait(for: "word word")
      // A word comes every 50 ms, so that words tell the time, however slow the machine that looks at the screen.
      func words(_ text: String) -> Int { text.components(separatedBy: "word").count - 1 }
      let before = try words(terminal.screen(pressing: key))
      let text = try terminal.wait(for: "stopped")
      #expect(text.contains("word word") && !text.contains(" stops"))
      #expect(words(text) - before <= 6)
      if key == "C-c" {
        try terminal.press("C-c")
        try terminal.wait(for: "Ctrl-D or /quit leaves")
      }
      try terminal.enter("next")
      try terminal.wait(for: "answer to next from one with seed 0 at 0.0 after 1")
      try terminal.press("C-d")
      try terminal.waitForShell()
      try terminal.enter("echo status $?")
      try terminal.wait(for: "status 0")
    }

    @Test func rawMarkupIsAKeyAway() throws {
      let terminal = try TmuxTerminal()
      try terminal.open()
      try terminal.enter("pair")
      try terminal.wait(for: "a cat[1]")
      try terminal.press("F5")
      try terminal.wait(for: "<p>a cat</p>{<0><0><40><40>}")
      try terminal.press("F5")
      try terminal.wait("the plain text") { !$0.contains("<p>") }
    }

    /// Point 8.
    @Test func encodingShowsStageAndTimeWhileTypingEchoes() throws {
      let terminal = try TmuxTerminal(columns: 100)
      try terminal.makePicture("bus.png", width: 40, height: 30)
      try terminal.open(
        "bus.png",
        script: #"{"model": {"name": "demo"}, "picture": {"seconds": 3, "steps": 30}, "answers": [{"text": "done"}]}"#)
      try terminal.wait(for: "encoding the picture")
      try terminal.type("typed meanwhile")
      let text = try terminal.wait(for: "> typed meanwhile")
      #expect(text.contains("encoding the picture") && text.contains(" s"))
      try terminal.press("Enter")
      try terminal.wait(for: "  done")
    }

    /// Point 10: the adapter's key on a model, whose answers are those of processes that knew no other adapter.
    @Test func adapterKeyCountsForModels() throws {
      let terminal = try TmuxTerminal(columns: 100, engine: .model)
      try terminal.open()
      var answers: Set<String> = []
      for name in ["one", "two", "none"] {
        try terminal.wait(for: "adapter: \(name)")
        try terminal.enter("asked of it")
        let head = name == "none" ? "without adapter" : "with \(name)"
        let text = try terminal.wait("the answer of \(name)") {
          try $0.contains("asked of it\n TinyGPT-V \(head)")
            && TmuxTerminal.modelAnswer(to: "asked of it", on: $0) != nil
        }
        let answer = try #require(try TmuxTerminal.modelAnswer(to: "asked of it", on: text))
        let fresh = try ChildProcess.tinygptv(
          ["chat", "--model", "demo.gguf", "--adapter", "one.gguf", "--adapter", "two"].map {
            $0.contains(".") || $0 == "two" ? terminal.folder.path + "/" + $0 : $0
          } + ["--adapter", name, "--max-tokens", "8", "--no-history"],
          input: Data("asked of it\n".utf8), environment: ["LC_ALL": "C.UTF-8", "TERM": "dumb"])
        #expect(fresh.text.hasPrefix(answer), "\(name)")
        answers.insert(answer)
        try terminal.enter("/clear")
        try terminal.wait(for: "A new beginning")
        try terminal.press("C-l", "F4")
      }
      #expect(answers.count == 3)
    }

    /// Point 10: the adapter's key, and its answer.
    @Test func adapterKeyCounts() throws {
      let terminal = try TmuxTerminal()
      try terminal.open()
      try terminal.enter("a")
      try terminal.wait(for: "answer to a from one")
      try terminal.press("F4")
      try terminal.wait(for: "adapter: two")
      try terminal.enter("b")
      try terminal.wait(for: "answer to b from two")
      try terminal.press("F3")
      try terminal.wait(for: "the bare model")
      try terminal.press("n", "Enter")
      try terminal.enter("c")
      try terminal.wait(for: "answer to c from none")
      try terminal.enter("/compare d")
      try terminal.wait("all answers") {
        $0.contains("d from one") && $0.contains("d from two") && $0.contains("d from none")
      }
    }

    /// Point 14.
    @Test func resizingLaysOutAnew() throws {
      let terminal = try TmuxTerminal(columns: 80, rows: 24)
      try terminal.makePicture("bus.png", width: 400, height: 300)
      try terminal.open("bus.png")
      try terminal.wait(for: "400×300")
      try terminal.enter("corners")
      try terminal.wait(for: "┘")
      try terminal.enter("slow")
      try terminal.wait(for: "word word")
      for (columns, rows) in [(40, 10), (120, 40), (80, 24)] {
        try terminal.resize(columns: columns, rows: rows)
        try terminal.wait("\(columns)×\(rows)") { $0.isLaidOut(rows: rows) && $0.contains("word word") }
      }
      try terminal.resize(columns: 15, rows: 4)
      try terminal.wait("the message") { $0.contains("Too small") }
      try terminal.resize(columns: 80, rows: 24)
      try terminal.wait(for: "demo │")
    }

    /// Point 14 on a model, while long answers are written. A fast machine may have written one before its screen has the
    /// new size; that words still come then is what the script of the test above sees to.
    @Test func resizingLaysOutAnewWhileModelsAnswer() throws {
      let terminal = try TmuxTerminal(columns: 80, rows: 24, engine: .model, environment: Self.slow)
      try terminal.makePicture("bus.png", width: 400, height: 300)
      try terminal.open("\(Self.longAnswers) bus.png")
      try terminal.wait(for: "400×300")
      for (columns, rows) in [(40, 10), (120, 40), (80, 24), (40, 10), (120, 40), (80, 24)] {
        try Self.askForMuch(terminal)
        try terminal.resize(columns: columns, rows: rows)
        try terminal.wait("\(columns)×\(rows)") { $0.isLaidOut(rows: rows) }
      }
      try terminal.wait("the end of the answer") { !$0.contains("· Esc stops") }
    }

    /// Point 9 on a model: what is stopped says so, keeps no core busy, and the next question has its answer.
    @Test(arguments: ["Escape", "C-c"])
    func modelsStop(key: String) throws {
      let terminal = try TmuxTerminal(columns: 200, rows: 60, engine: .model, environment: Self.slow)
      try terminal.open(Self.longAnswers)
      var text = ""
      for _ in 0..<40 where !text.contains("· stopped") {
        try Self.askForMuch(terminal)
        try terminal.press(key)
        text = try terminal.wait("the end of the answer") { !$0.contains("· Esc stops") }
      }
      let before = try terminal.processorTicks()
      usleep(300_000)
      #expect(try terminal.processorTicks() - before <= 4)
      #expect(text.contains("· stopped"), "\(text)")
      try terminal.enter("/clear")
      try terminal.ask("and now")
    }

    /// As long as the model's context allows, and never twice the same words, which would come at once.
    private static let longAnswers = "--max-tokens 500 --temperature 1.5"

    /// A small model may have answered before anybody looks; the plain C takes its time.
    private static let slow = ["TINYGPTV_KERNELS": "scalar"]

    /// Waits until a long answer is being written, and asks again if it was missed.
    private static func askForMuch(_ terminal: TmuxTerminal) throws {
      for _ in 0..<10 where !TmuxTerminal.isAnswering(try terminal.screen()) {
        try terminal.wait("the answer before") { !$0.contains("· Esc stops") }
        try terminal.enter("much")
        let asked = ContinuousClock.now
        try terminal.wait("an answer") {
          TmuxTerminal.isAnswering($0) || ContinuousClock.now - asked > .seconds(2) && !$0.contains(" stops")
        }
      }
    }

    /// Points 23 and 28.
    @Test func commandsWork() throws {
      let terminal = try TmuxTerminal(columns: 140, rows: 40)
      try terminal.makePicture("a.png", width: 40, height: 30)
      try terminal.makePicture("b.png", width: 50, height: 30)
      try terminal.open("a.png")
      try terminal.enter("first")
      try terminal.wait(for: "answer to first from one with seed 0 at 0.0 after 0")
      try terminal.enter("/temp 0.5")
      try terminal.enter("/seed 7")
      try terminal.enter("second")
      try terminal.wait(for: "after 1")
      try terminal.wait(for: "seed 7 at 0.5")
      try terminal.enter("/regen")
      try terminal.wait("the same answer") {
        $0.contains("after 1") && !$0.contains("reading") && !$0.contains("answering")
      }
      #expect(try terminal.screen().contains("seed 7 at 0.5"))
      try terminal.enter("/stats")
      try terminal.wait(for: "tokens at")
      try terminal.enter("/clear")
      try terminal.wait(for: "with the same picture")
      try terminal.enter("third")
      try terminal.wait("the third") { $0.contains("answer to third") && $0.contains("after 0") }
      try terminal.enter("/image b.png")
      try terminal.wait(for: "starts anew")
      try terminal.enter("/temp 9")
      try terminal.wait(for: "0.1 to 1.5")
      try terminal.enter("fault")
      try terminal.wait(for: "a value is not a number. Try another picture")
    }

    /// Point 25.
    @Test(arguments: TestEngine.allCases)
    func conversationsAreKept(engine: TestEngine) throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40, engine: engine)
      try terminal.makePicture("bus.png", width: 400, height: 300)
      try terminal.open("bus.png")
      try terminal.press("F4")
      try terminal.wait(for: "adapter: two")
      if engine == .script {
        try terminal.enter("pair")
        try terminal.wait(for: "a dog[2]")
      } else {
        try terminal.ask("pair")
      }
      try terminal.quit()
      try terminal.press("C-l")
      try terminal.open("--continue")
      let text = try terminal.wait("the conversation") {
        $0.contains("adapter: two") && $0.contains("400×300") && $0.contains("   pair ") && $0.showsPicture
      }
      if engine == .script { #expect(text.contains("┌2 a dog") && text.contains("a dog[2]")) }
      try terminal.ask("more")
      if engine == .script { #expect(try terminal.screen().contains("from two with seed 0 at 0.0 after 1")) }
      // A crash loses nothing that was answered.
      kill(try terminal.chatProcess(), SIGKILL)
      try terminal.wait("the shell") { $0.contains("Killed") }
      try terminal.enter("reset")
      try terminal.wait("a clean screen") { !$0.contains("demo │") && $0.contains("SHELL>") }
      try terminal.open("--continue")
      try terminal.wait("the last turn") { $0.contains("   more ") && $0.contains("TinyGPT-V with two") }
      try terminal.enter("/new")
      try terminal.enter("/sessions")
      try terminal.wait(for: "bus.png  pair  (2 turns)")
      try terminal.press("Enter")
      try terminal.wait(for: "Going on with the conversation of 20")
      try terminal.enter("/new")
      try terminal.enter("/sessions 1")
      try terminal.wait("the conversation by its number") {
        $0.contains("Going on with the conversation of 20") && $0.contains("   more ")
      }
    }

    /// Point 25: a picture that is not the one of then, or gone, is told.
    @Test func changedPicturesAreTold() throws {
      let terminal = try TmuxTerminal(columns: 300, rows: 40)
      let path = try terminal.makePicture("bus.png", width: 400, height: 300)
      try terminal.open("bus.png")
      try terminal.wait(for: "400×300")
      try terminal.ask("what")
      try terminal.quit()
      try FileManager.default.removeItem(atPath: path)
      try terminal.makePicture("bus.png", width: 30, height: 90)
      try terminal.press("C-l")
      try terminal.open("--continue")
      try terminal.wait("the remark") {
        $0.contains("is not the same picture as it was then") && $0.contains("30×90") && $0.contains("answer to what")
      }
      // It is another conversation then.
      try terminal.enter("again")
      try terminal.wait(for: "answer to again from one with seed 0 at 0.0 after 0")
      try terminal.quit()
      try FileManager.default.removeItem(atPath: path)
      try terminal.press("C-l")
      try terminal.open("--continue")
      try terminal.wait("the other remark") { $0.contains("The picture is not there any more") }
    }

    /// Point 25: what is exported is what was said.
    @Test func exportsHaveTurnsAndBoxes() throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40)
      let picture = try terminal.makePicture("bus.png", width: 400, height: 300)
      try terminal.open("--task grounding bus.png")
      try terminal.enter("pair")
      try terminal.wait(for: "a dog[2]")
      for name in ["talk.md", "talk.json"] {
        try terminal.enter("/export \(name)")
        try terminal.wait("the file") {
          $0.contains("Wrote ") && FileManager.default.fileExists(atPath: terminal.folder.path + "/" + name)
        }
      }
      let text = try String(contentsOf: terminal.folder.appendingPathComponent("talk.md"), encoding: .utf8)
      #expect(text.contains("Picture: `\(picture)`") && text.contains("## pair `[grounding]`"))
      #expect(text.contains("a cat\\[1\\] a dog\\[2\\]"))
      #expect(text.contains("- \\[2\\] a dog: left 50 %, top 50 %, right 90 %, bottom 90 %"))

      struct Export: Decodable {
        struct Entry: Decodable {
          struct Stored: Decodable { var path: String }
          struct Phrase: Decodable {
            struct Box: Decodable, Equatable { var x0, y0, x1, y1: Int }
            var text: String
            var boxes: [Box]
          }
          var kind: String
          var picture: Stored?
          var task, question, answer, text, adapter: String?
          var phrases: [Phrase]?
        }
        var model: String
        var entries: [Entry]
      }
      let export = try JSONDecoder().decode(
        Export.self, from: Data(contentsOf: terminal.folder.appendingPathComponent("talk.json")))
      try #require(export.model == "demo" && export.entries.map(\.kind) == ["picture", "turn"])
      #expect(export.entries[0].picture?.path == picture)
      let turn = export.entries[1]
      #expect(turn.task == "grounding" && turn.question == "pair" && turn.adapter == "one")
      #expect(turn.answer == "<p>a cat</p>{<0><0><40><40>}<p>a dog</p>{<50><50><90><90>}")
      #expect(turn.text == "a cat a dog" && turn.phrases?.map(\.text) == ["a cat", "a dog"])
      #expect(turn.phrases?.last?.boxes == [.init(x0: 50, y0: 50, x1: 90, y1: 90)])
    }
  }
}

extension String {
  /// Whether a screen of so many rows has its status line and its picture.
  fileprivate func isLaidOut(rows: Int) -> Bool {
    let lines = components(separatedBy: "\n")
    return lines.count >= rows && lines[rows - 1].contains("demo") && showsPicture
  }
}
