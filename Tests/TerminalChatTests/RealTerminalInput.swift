import Foundation
import TestSupport
import Testing

extension RealTerminal {
  @Suite(.serialized) struct Input {
    /// Point 11.
    @Test(arguments: TestEngine.allCases)
    func pastesLandUnsent(engine: TestEngine) throws {
      let terminal = try TmuxTerminal(engine: engine)
      try terminal.open()
      try terminal.send("\u{1b}[200~first line\rsecond line\r\u{1b}[201~")
      let text = try terminal.wait(for: "second line")
      #expect(text.contains("> first line") && !text.contains("You"))
      let before = try terminal.processorTicks()
      usleep(300_000)
      #expect(try terminal.processorTicks() - before <= 3)
    }

    /// Point 15.
    @Test(arguments: TestEngine.allCases)
    func cursorStandsWhereTextEnds(engine: TestEngine) throws {
      let terminal = try TmuxTerminal(columns: 60, engine: engine)
      try terminal.open()
      for (text, columns) in [("日本é", 5), ("🐶x", 3), ("e\u{301}", 1)] {
        try terminal.type(text)
        try terminal.wait("the cursor") { _ in try terminal.value("cursor_x") == "\(2 + columns)" }
        try terminal.press("C-u")
        try terminal.wait("an empty line") { _ in try terminal.value("cursor_x") == "2" }
      }
      let long = String(repeating: "日本語é🐶 ", count: 12)
      try terminal.type(long)
      try terminal.wait("the wrapped line") { text in
        text.filter { $0 == "🐶" }.count == 12 && text.filter { $0 == "語" }.count == 12
      }
      try terminal.press("Enter")
      try terminal.waitForAnswer(to: "日本語é🐶")
    }

    /// Point 20.
    @Test(arguments: TestEngine.allCases)
    func imageTakesPathsAsPeopleWriteThem(engine: TestEngine) throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40, engine: engine)
      try terminal.makePicture("A bus.PNG", width: 50, height: 50)
      try terminal.makePicture("upper.PNG", width: 60, height: 50)
      try terminal.makePicture("Bob's bus.PNG", width: 70, height: 50)
      try terminal.open()
      try terminal.enter("/image Bob's bus.PNG")
      try terminal.wait(for: "70×50")
      try terminal.enter("\(terminal.folder.path)/Bob's bus.PNG")
      for line in [
        "/image A bus.PNG", "/image 'A bus.PNG'", "/image A\\ bus.PNG", "/image ~/A\\ bus.PNG",
        "/image \"~/A bus.PNG\"",
      ] {
        try terminal.enter("/image upper.PNG")
        try terminal.wait(for: "60×50")
        try terminal.enter(line)
        try terminal.wait(for: "50×50")
      }
      try terminal.enter("\(terminal.folder.path)/upper.PNG")
      try terminal.wait(for: "60×50")
      try terminal.type("/ima")
      try terminal.press("Tab")
      try terminal.wait(for: "> /image")
      try terminal.type("A")
      try terminal.press("Tab")
      try terminal.wait(for: "> /image A\\ bus.PNG")
      try terminal.press("Enter")
      try terminal.wait(for: "50×50")
    }

    /// Point 21.
    @Test(arguments: TestEngine.allCases)
    func tasksHaveAKeyAndAHint(engine: TestEngine) throws {
      let terminal = try TmuxTerminal(columns: 100, engine: engine)
      try terminal.open()
      for task in ["vqa", "caption", "grounding", "refer", "detection", "identify"] {
        try terminal.press("BTab")
        try terminal.wait("task \(task)") {
          $0.contains("[\(task)] >") && $0.contains("task: \(task)") && $0.contains("— ")
        }
      }
      try terminal.press("F2")
      let text = try terminal.wait(for: "describe the picture in a sentence")
      #expect(text.contains("find all things"))
      try terminal.press("3")
      try terminal.wait(for: "[caption] >")
      try terminal.press("Enter")
      try terminal.wait("the marked prompt") {
        guard $0.contains("You [caption]") else { return false }
        return engine == .script
          ? $0.contains("answer to  from one") : try TmuxTerminal.modelAnswer(to: "You [caption]", on: $0) != nil
      }
      // A tag that is typed marks this question alone.
      try terminal.enter("[vqa] which?")
      try terminal.wait("both marks") { $0.contains("You [vqa]\n   which?") && $0.contains("[caption] >") }
    }

    /// Point 22.
    @Test(arguments: TestEngine.allCases)
    func regionsByArrowsMouseAndHand(engine: TestEngine) throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40, engine: engine)
      try terminal.makePicture("bus.png", width: 400, height: 300)
      try terminal.open("bus.png")
      try terminal.wait(for: "400×300")
      try terminal.enter("/tasks identify")
      try terminal.wait(for: "region {<25><25><75><75>}")
      try terminal.press("Right", "Right", "Down", "S-Left")
      try terminal.wait(for: "region {<29><27><77><77>}")
      try terminal.press("Enter")
      try terminal.wait(for: "> {<29><27><77><77>}")
      try terminal.press("C-u")

      // A drag from the 70th column and 4th row to the 80th and 9th, as a terminal tells it (all from 1).
      try terminal.send("\u{1b}[<0;70;4M\u{1b}[<32;75;6M\u{1b}[<32;80;9M\u{1b}[<0;80;9m")
      try terminal.wait(for: "╔")
      var lines = try terminal.lines().map { Array($0) }
      #expect(lines[3][69] == "╔" && lines[3][79] == "╗" && lines[8][69] == "╚" && lines[8][79] == "╝")
      try terminal.press("Enter")
      let text = try terminal.wait("the region in the line") { $0.contains("> {<") && !$0.contains("╔") }
      let region = try #require(text.firstMatch(of: /> ({<[0-9]+><[0-9]+><[0-9]+><[0-9]+>})/)).1
      try terminal.enter(" what is here?")
      // The script says the question again: its region is a box in the cells that were dragged over.
      if engine == .script {
        try terminal.wait(for: "what is here? from one")
        lines = try terminal.lines().map { Array($0) }
        #expect(lines[3][69] == "┌" && lines[3][79] == "┐" && lines[8][69] == "└" && lines[8][79] == "┘")
      } else {
        try terminal.waitForAnswer(to: "\(region) what is here?")
      }

      // Typed coordinates close the picker and are what is asked about.
      try terminal.enter("/region")
      try terminal.wait(for: "region {<25><25><75><75>}")
      try terminal.enter("{<1><2><30><40>} this?")
      if engine == .script {
        try terminal.wait(for: "this? from one")
      }
      try terminal.wait(for: "   {<1><2><30><40>} this?")
      #expect(!(try terminal.screen()).contains("region {<25>"))
    }

    /// Point 26.
    @Test(arguments: TestEngine.allCases)
    func historyLasts(engine: TestEngine) throws {
      let terminal = try TmuxTerminal(engine: engine)
      try terminal.open()
      try terminal.ask("größe des hündchens?")
      try terminal.ask("second")
      try terminal.quit()
      let file = terminal.folder.appendingPathComponent(".local/state/tinygptv/history").path
      #expect(FileManager.default.fileExists(atPath: file))
      try terminal.press("C-l")
      try terminal.open()
      try terminal.press("Up")
      try terminal.wait(for: "> second")
      try terminal.press("Up")
      try terminal.wait(for: "> größe des hündchens?")
      try terminal.press("Down", "Down", "C-r")
      try terminal.type("hünd")
      try terminal.wait("the search") { $0.contains("hünd") && $0.contains("größe des hündchens?") }
      try terminal.press("Enter")
      try terminal.waitForAnswer(to: "größe des hündchens?")
      try terminal.quit()
      let before = try String(contentsOfFile: file, encoding: .utf8)
      try terminal.press("C-l")
      try terminal.open("--no-history")
      try terminal.ask("kept nowhere")
      try terminal.quit()
      #expect(try String(contentsOfFile: file, encoding: .utf8) == before)
    }

    @Test func withoutHistoryNothingIsKept() throws {
      let terminal = try TmuxTerminal(engine: .model)
      try terminal.makePicture("bus.png", width: 40, height: 30)
      try terminal.open("--no-history bus.png")
      try terminal.wait(for: "40×30")
      try terminal.ask("kept nowhere")
      try terminal.quit()
      for folder in [".local", ".cache", ".config"] {
        #expect(!FileManager.default.fileExists(atPath: terminal.folder.path + "/" + folder), "\(folder)")
      }
    }

    /// Point 27.
    @Test(arguments: TestEngine.allCases)
    func linesBreakAndEditorsOpen(engine: TestEngine) throws {
      let terminal = try TmuxTerminal(engine: engine, environment: ["EDITOR": "false"])
      let editor = terminal.folder.appendingPathComponent("editor").path
      try Data("#!/bin/sh\necho ' and more' >>\"$2\"\n".utf8).write(to: URL(fileURLWithPath: editor))
      chmod(editor, 0o755)
      try terminal.enter("export VISUAL='\(editor) -x'")
      try terminal.open()
      try terminal.type("one")
      try terminal.press("C-j")
      try terminal.type("two")
      var text = try terminal.wait("both lines") { $0.contains("> one\n  two") }
      #expect(!text.contains("You"))
      try terminal.press("F9")
      text = try terminal.wait(for: "and more")
      try terminal.press("Enter")
      try terminal.wait("the question") { $0.contains("You\n   one\n   two and more") }
      if engine == .script { try terminal.wait(for: "two and more from one") }
    }

    @Test(arguments: TestEngine.allCases)
    func completionShowsChoices(engine: TestEngine) throws {
      let terminal = try TmuxTerminal(columns: 100, engine: engine)
      try terminal.open()
      try terminal.type("/te")
      try terminal.press("Tab")
      try terminal.wait(for: "/temp  /template")
      try terminal.press("C-u")
      try terminal.type("/adapter t")
      try terminal.press("Tab", "Enter")
      try terminal.wait(for: "adapter: two")
    }

    @Test(arguments: TestEngine.allCases)
    func inputrcIsObeyed(engine: TestEngine) throws {
      let terminal = try TmuxTerminal(engine: engine)
      try Data("\"\\C-o\": \"bound by me\"\n".utf8).write(to: terminal.folder.appendingPathComponent(".inputrc"))
      try terminal.open()
      try terminal.press("C-o")
      try terminal.wait(for: "> bound by me")
    }
  }
}
