import Foundation
import TestSupport
import Testing

extension RealTerminal {
  @Suite(.serialized) struct Start {
    /// Point 1 of the acceptance list: picture, prompt and status line.
    @Test func paintsPicturePromptAndStatus() throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40)
      try terminal.makePicture("bus.png", width: 400, height: 300)
      let start = ContinuousClock.now
      try terminal.start("--task vqa bus.png")
      try terminal.wait("all of it") {
        $0.contains("bus.png  400×300") && $0.contains("[vqa] >") && $0.contains("demo │ adapter: one │ task: vqa")
          && $0.showsPicture
      }
      #expect(ContinuousClock.now - start < .seconds(3))
    }

    @Test func showsHowModelsLoad() throws {
      let terminal = try TmuxTerminal()
      try terminal.start(script: #"{"model": {"name": "big", "seconds": 2, "steps": 20}}"#)
      try terminal.wait(for: "loading the model 5")
      try terminal.type("typed meanwhile")
      let text = try terminal.wait(for: "> typed meanwhile")
      #expect(text.contains("loading the model"))
    }

    /// Point 2.
    @Test func aModelThatWillNotOpenIsAnError() throws {
      let terminal = try TmuxTerminal()
      try terminal.enter("\(ChildProcess.executable) chat --model missing.gguf; echo status $?")
      var text = try terminal.wait(for: "status 65")
      #expect(text.contains("missing.gguf: expected a readable file, found No such file"))
      try terminal.press("C-l")
      try Data("GGUFxxxx".utf8).write(to: terminal.folder.appendingPathComponent("cut.gguf"))
      try terminal.enter("\(ChildProcess.executable) chat --model cut.gguf; echo status $?")
      text = try terminal.wait("the error") { $0.contains("cut.gguf: ") && $0.contains("status 65") }
      #expect(text.contains("expected"))
    }

    /// Point 17.
    @Test func dumbTerminalsAndPipesGetLines() throws {
      let terminal = try TmuxTerminal(environment: ["TERM": "dumb"])
      try terminal.start()
      try terminal.wait("the prompt") { $0.contains("\n>") }
      try terminal.enter("corners")
      try terminal.wait(for: "box 1: from 10% to 50% of the width, from 20% to 60% of the height")
      #expect(try terminal.value("alternate_on") == "0")
      try terminal.press("C-d")
      try terminal.waitForShell()

      let script = terminal.folder.appendingPathComponent("script.json").path
      let result = try ChildProcess.tinygptv(
        ["chat", "--scripted-engine", script, "--no-history"], input: Data("pair\n/imgae x\nhello\n".utf8),
        environment: ["TERM": "xterm-256color", "HOME": terminal.folder.path, "LC_ALL": "C.UTF-8"])
      #expect(result.ending == .exited(0))
      #expect(!result.output.contains(0x1b))
      #expect(result.text.contains("a cat a dog") && result.text.contains("box 2: a dog: from 50% to 90%"))
      #expect(result.text.contains("Did you mean /image?") && result.text.contains("answer to hello"))
    }

    @Test(arguments: [("1", false), ("", true)])
    func noColorCountsWhenNotEmpty(value: String, hasColor: Bool) throws {
      let terminal = try TmuxTerminal(environment: ["NO_COLOR": value])
      try terminal.makePicture("bus.png", width: 100, height: 100)
      try terminal.open("bus.png")
      try terminal.enter("pair")
      try terminal.wait(for: "a dog[2]")
      let text = try terminal.screen(withEscapes: true)
      #expect(text.contains("\u{1b}[38;5;") == hasColor || text.contains(";38;5;") == hasColor)
    }

    /// Point 29.
    @Test func leavingAtOnceLeavesNoBytes() throws {
      let terminal = try TmuxTerminal(columns: 200)
      for keys in [["C-d"], ["/quit", "Enter"], ["Escape", "C-d"]] {
        try terminal.start()
        try terminal.wait("the screen") { _ in try terminal.value("alternate_on") == "1" }
        for key in keys { try terminal.press(key) }
        try terminal.wait("the shell") {
          $0.trimmingCharacters(in: .whitespacesAndNewlines).hasSuffix("SHELL>")
        }
        #expect(try terminal.value("alternate_on") == "0")
      }
      let left = try terminal.lines().filter {
        !$0.isEmpty && !$0.hasPrefix("SHELL>") && !$0.contains("scripted-engine")
      }
      #expect(left.isEmpty)
      try terminal.enter("echo $((6*7))")
      try terminal.wait(for: "42")
    }

    /// Point 30.
    @Test func accessibleIsAppendOnly() throws {
      let terminal = try TmuxTerminal(environment: ["ACCESSIBLE": "1"])
      try terminal.makePicture("bus.png", width: 100, height: 100)
      try terminal.start("bus.png")
      try terminal.enter("pair")
      let text = try terminal.wait(for: "box 2: a dog: from 50% to 90% of the width, from 50% to 90% of the height")
      #expect(text.contains("a cat a dog"))
      #expect(try terminal.value("alternate_on") == "0")
      #expect(!(try terminal.screen(withEscapes: true)).contains("\u{1b}"))
    }

    @Test(arguments: ["C", "C.UTF-8"])
    func asciiIsLegibleWithoutColour(locale: String) throws {
      let terminal = try TmuxTerminal(columns: 100, environment: ["NO_COLOR": "1"], locale: locale)
      try terminal.makePicture("bus.png", width: 300, height: 200)
      try terminal.open("--ascii bus.png")
      try terminal.enter("pair")
      let text = try terminal.wait(for: "+2 a dog-")
      #expect(text.utf8.allSatisfy { $0 < 0x80 } || locale != "C")
      #expect(!text.contains("─") && !text.contains("│"))
    }
  }
}
