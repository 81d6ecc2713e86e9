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
      let start = ContinuousClock.now
      try terminal.press(key)
      try terminal.wait(for: "stopped")
      #expect(ContinuousClock.now - start < .milliseconds(1000))
      let text = try terminal.screen()
      #expect(text.contains("word word"))
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
        try terminal.wait("\(columns)×\(rows)") { text in
          let lines = text.components(separatedBy: "\n")
          return lines.count >= rows && lines[rows - 1].contains("demo") && text.contains("word word")
            && text.showsPicture
        }
      }
      try terminal.resize(columns: 15, rows: 4)
      try terminal.wait("the message") { $0.contains("Too small") }
      try terminal.resize(columns: 80, rows: 24)
      try terminal.wait(for: "demo │")
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
    @Test func conversationsAreKept() throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40)
      try terminal.makePicture("bus.png", width: 400, height: 300)
      try terminal.open("bus.png")
      try terminal.press("F4")
      try terminal.wait(for: "adapter: two")
      try terminal.enter("pair")
      try terminal.wait(for: "a dog[2]")
      try terminal.enter("/export talk.md")
      try terminal.wait(for: "Wrote ")
      let file = try String(contentsOf: terminal.folder.appendingPathComponent("talk.md"), encoding: .utf8)
      #expect(file.contains("a dog") && file.contains("# "))
      try terminal.quit()
      try terminal.press("C-l")
      try terminal.open("--continue")
      let text = try terminal.wait("picture and boxes") { $0.contains("┌2 a dog") && $0.contains("400×300") }
      #expect(text.contains("adapter: two") && text.contains("a dog[2]") && text.contains("400×300"))
      try terminal.enter("more")
      try terminal.wait(for: "from two with seed 0 at 0.0 after 1")
      // A crash loses nothing that was answered.
      kill(try terminal.chatProcess(), SIGKILL)
      try terminal.wait("the shell") { $0.contains("Killed") }
      try terminal.enter("reset")
      try terminal.wait("a clean screen") { !$0.contains("demo │") && $0.contains("SHELL>") }
      try terminal.open("--continue")
      try terminal.wait(for: "answer to more")
      try terminal.enter("/new")
      try terminal.enter("/sessions")
      try terminal.wait(for: "2 turns  pair")
    }
  }
}
