import Foundation
import TestSupport
import Testing

extension RealTerminal {
  @Suite(.serialized) struct Input {
    /// Point 11.
    @Test func pastesLandUnsent() throws {
      let terminal = try TmuxTerminal()
      try terminal.open()
      let process = try terminal.chatProcess()
      try terminal.send("\u{1b}[200~first line\rsecond line\r\u{1b}[201~")
      let text = try terminal.wait(for: "second line")
      #expect(text.contains("> first line") && !text.contains("You"))
      func seconds() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8).split(separator: " ")
        return (Int(fields[13]) ?? 0) + (Int(fields[14]) ?? 0)
      }
      let before = try seconds()
      usleep(300_000)
      #expect(try seconds() - before <= 3)
    }

    /// Point 15.
    @Test func cursorStandsWhereTextEnds() throws {
      let terminal = try TmuxTerminal(columns: 60)
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
      try terminal.wait(for: "answer to 日本語é🐶")
    }

    /// Point 20.
    @Test func imageTakesPathsAsPeopleWriteThem() throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40)
      try terminal.makePicture("A bus.PNG", width: 50, height: 50)
      try terminal.makePicture("upper.PNG", width: 60, height: 50)
      try terminal.open()
      for line in ["/image 'A bus.PNG'", "/image A\\ bus.PNG", "/image ~/A\\ bus.PNG", "/image \"~/A bus.PNG\""] {
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
    @Test func tasksHaveAKeyAndAHint() throws {
      let terminal = try TmuxTerminal(columns: 100)
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
      try terminal.wait(for: "answer to  from one")
    }

    /// Point 22.
    @Test func regionsByArrowsMouseAndHand() throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40)
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
      // A drag from the 70th to the 80th column, as a terminal tells it (both from 1).
      try terminal.send("\u{1b}[<0;70;4M\u{1b}[<32;75;6M\u{1b}[<32;80;9M\u{1b}[<0;80;9m")
      try terminal.wait(for: "╔")
      try terminal.press("Escape")
      try terminal.wait("the picker to close") { !$0.contains("╔") }
      try terminal.enter("{<1><2><30><40>} this?")
      try terminal.wait(for: "this? from one")
    }

    /// Point 26.
    @Test func historyLasts() throws {
      let terminal = try TmuxTerminal()
      try terminal.open()
      try terminal.enter("größe des hündchens?")
      try terminal.wait(for: "answer to größe")
      try terminal.enter("second")
      try terminal.wait(for: "answer to second")
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
      try terminal.wait(for: "answer to größe des hündchens?")
      try terminal.quit()
      let before = try String(contentsOfFile: file, encoding: .utf8)
      try terminal.press("C-l")
      try terminal.open("--no-history")
      try terminal.enter("kept nowhere")
      try terminal.wait(for: "answer to kept")
      try terminal.quit()
      #expect(try String(contentsOfFile: file, encoding: .utf8) == before)
    }

    /// Point 27.
    @Test func linesBreakAndEditorsOpen() throws {
      let terminal = try TmuxTerminal(environment: ["EDITOR": "false"])
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
      try terminal.wait("the answer") { $0.contains("answer to one") && $0.contains("two and more from") }
    }

    @Test func completionShowsChoices() throws {
      let terminal = try TmuxTerminal(columns: 100)
      try terminal.open()
      try terminal.type("/te")
      try terminal.press("Tab")
      try terminal.wait(for: "/temp  /template")
      try terminal.press("C-u")
      try terminal.type("/adapter t")
      try terminal.press("Tab", "Enter")
      try terminal.wait(for: "adapter: two")
    }

    @Test func inputrcIsObeyed() throws {
      let terminal = try TmuxTerminal()
      try Data("\"\\C-o\": \"bound by me\"\n".utf8).write(to: terminal.folder.appendingPathComponent(".inputrc"))
      try terminal.open()
      try terminal.press("C-o")
      try terminal.wait(for: "> bound by me")
    }
  }
}
