import Foundation
import TestSupport
import Testing

extension RealTerminal {
  /// What goes wrong around the chat, and what users do to it.
  @Suite(.serialized) struct Troubles {
    @Test func foldersThatCannotBeWrittenAreTold() throws {
      let terminal = try TmuxTerminal(
        columns: 100, environment: ["XDG_DATA_HOME": "/proc", "XDG_STATE_HOME": "/proc", "XDG_CONFIG_HOME": "/proc"])
      try terminal.open()
      try terminal.ask("first")
      try terminal.wait(for: "! /proc/tinygptv")
      try terminal.ask("second")
      // Told once, and whatever is lost is not the conversation.
      let text = try terminal.screen()
      #expect(text.components(separatedBy: "! /proc").count == 2 && text.contains("after 1"))
      try terminal.quit()
    }

    /// A full disk, as far as a limit for files is one.
    @Test func fullDisksLoseNothingOfTheScreen() throws {
      let terminal = try TmuxTerminal(columns: 300, rows: 40)
      // In KiB.
      try terminal.enter("ulimit -f 1")
      try terminal.open()
      for number in 1...6 { try terminal.ask("number \(number)") }
      let text = try terminal.wait(for: "File too large")
      #expect(text.contains("answer to number 6 from one with seed 0 at 0.0 after 5"))
      try terminal.quit()
      let folder = terminal.folder.path + "/.local/share/tinygptv/sessions"
      let name = try #require(FileManager.default.contentsOfDirectory(atPath: folder).first)
      let kept = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
      #expect(kept.utf8.count <= 1024 && kept.hasSuffix("}\n"))
    }

    @Test func hugePastesLand() throws {
      let terminal = try TmuxTerminal()
      try terminal.open()
      let path = terminal.folder.appendingPathComponent("paste").path
      try Data((String(repeating: "x", count: 100_000) + "\n" + String(repeating: "word ", count: 20_000)).utf8)
        .write(to: URL(fileURLWithPath: path))
      try terminal.tmux(["load-buffer", path])
      try terminal.tmux(["paste-buffer", "-p"])
      try terminal.type("the whole of it")
      try terminal.wait(for: "the whole of it")
      try terminal.press("Enter")
      try terminal.wait(for: "as a whole")
      try terminal.press("Home")
      try terminal.wait("the beginning") { $0.contains("You\n") && $0.contains("   xxxx") }
    }

    @Test func emptyLinesAskNothing() throws {
      let terminal = try TmuxTerminal()
      try terminal.open()
      for line in ["", "   "] {
        try terminal.enter(line)
        try terminal.wait(for: "Write a question, or choose a task with Shift-Tab.")
        try terminal.press("C-u")
        try terminal.wait("no hint") { !$0.contains("Write a question, or") }
      }
      #expect(!(try terminal.screen()).contains("You\n"))
    }

    /// Ctrl-C closes, stops, empties; it never leaves.
    @Test func interruptsNeverLeave() throws {
      let terminal = try TmuxTerminal(columns: 100)
      try terminal.makePicture("bus.png", width: 300, height: 200)
      try terminal.open("bus.png")
      try terminal.wait(for: "300×200")
      for (keys, open) in [
        (["F1"], "any other key closes"), (["F2"], "talk without a task"), (["F3"], "the bare model"),
        (["F8"], "region {<"), (["C-r"], "search"), (["a", "b"], "> ab"),
      ] {
        for key in keys { try terminal.press(key) }
        try terminal.wait(for: open)
        try terminal.press("C-c")
        try terminal.wait("\(keys) to close") { !$0.contains(open) }
      }
      try terminal.press("F7")
      try terminal.wait("the zoomed picture") { !$0.contains("Ask about the picture") }
      try terminal.press("C-c", "F7")
      try terminal.wait(for: "Ask about the picture")
      try terminal.ask("still here?")
    }

    @Test func tinyWindowsComeBack() throws {
      let terminal = try TmuxTerminal()
      try terminal.open()
      try terminal.resize(columns: 20, rows: 5)
      try terminal.wait(for: "Too small")
      try terminal.type("typed blind")
      try terminal.resize(columns: 20, rows: 6)
      try terminal.wait(for: "> typed blind")
      try terminal.resize(columns: 80, rows: 24)
      try terminal.press("Enter")
      try terminal.waitForAnswer(to: "typed blind")
    }
  }
}
