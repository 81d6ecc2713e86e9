import Foundation
import TestSupport
import Testing

@testable import TerminalChat

extension RealTerminal {
  @Suite(.serialized) struct Start {
    /// Point 1 of the acceptance list: picture, prompt and status line. How soon, `Benchmarks/chat-response` measures.
    @Test(arguments: TestEngine.allCases)
    func paintsPicturePromptAndStatus(engine: TestEngine) throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40, engine: engine)
      try terminal.makePicture("bus.png", width: 400, height: 300)
      try terminal.start("--task vqa bus.png")
      try terminal.wait("all of it") {
        $0.contains("bus.png  400×300") && $0.contains("[vqa] >") && $0.contains("demo │ adapter: one │ task: vqa")
          && $0.showsPicture && $0.contains("Ask about the picture")
      }
    }

    @Test func showsHowModelsLoad() throws {
      let terminal = try TmuxTerminal()
      try terminal.start(script: #"{"model": {"name": "big", "seconds": 2, "steps": 20}}"#)
      try terminal.wait(for: "loading the model 5")
      try terminal.type("typed meanwhile")
      let text = try terminal.wait(for: "> typed meanwhile")
      #expect(text.contains("loading the model"))
    }

    /// Point 2: file, what was expected and found, what to do; and the exit status.
    @Test func modelsThatWillNotOpenAreErrors() throws {
      let terminal = try TmuxTerminal(columns: 500)
      let model = try Data(contentsOf: URL(fileURLWithPath: TinyModel.path("tiny-q", type: "q8_0")))
      func file(_ name: String, _ data: Data) throws {
        try data.write(to: terminal.folder.appendingPathComponent(name))
      }
      try file("cut.gguf", model.dropLast(1000))
      try file("header.gguf", model.prefix(100))
      try file("empty.gguf", Data())
      try file("photo.gguf", Data(contentsOf: URL(fileURLWithPath: Fixtures.path("pictures/gray.jpg"))))
      try file("whole.gguf", model)
      func checkpoint(_ stage: Int) -> String { Fixtures.path("tiny-q/TinyGPT-V_for_Stage\(stage).pth") }
      let bundled = Fixtures.directory.appendingPathComponent("../../assets/tinygptv-demo.gguf").standardized.path
      let cases: [(arguments: String, expected: String, found: String, remedy: String)] = [
        ("missing.gguf", "a readable file", "No such file", "Check that the path is right"),
        ("cut.gguf", "", "a file of", "not copied whole"),
        ("header.gguf", "", "", "whole"),
        ("empty.gguf", "\"GGUF\"", "a file of 0 bytes", "the file whole"),
        ("photo.gguf", "\"GGUF\"", "bytes ff d8", "tinygptv convert makes model files"),
        (checkpoint(1), "\"GGUF\"", "a zip archive", "makes a model file of the checkpoint of stage 4"),
        (checkpoint(4), "\"GGUF\"", "a zip archive", "makes a model file of the checkpoint of stage 4"),
        ("whole.gguf --adapter no/such.gguf", "a PEFT directory or a GGUF adapter", "no such file", "Check the path"),
        ("\(bundled) --adapter one.gguf", "lora_A [r, 256]", "[", "trained for another model"),
      ]
      _ = try TestEngine.model.arguments(in: terminal.folder)
      for (arguments, expected, found, remedy) in cases {
        let name = arguments.split(separator: "--adapter ").last.map(String.init) ?? arguments
        try terminal.press("C-l")
        try terminal.enter("\(ChildProcess.executable) chat --model \(arguments); echo status $?")
        let text = try terminal.wait("the end of \(arguments)") { $0.contains("status 6") }
        #expect(text.contains("tinygptv: \(name): ") && text.contains("status 65"), "\(text)")
        #expect(text.contains(": expected \(expected)") && text.contains(", found \(found)"), "\(text)")
        #expect(text.contains(remedy), "\(text)")
        #expect(try terminal.value("alternate_on") == "0")
      }
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
      // What went wrong is in the status.
      #expect(result.ending == .exited(65))
      #expect(!result.output.contains(0x1b))
      #expect(result.text.contains("a cat a dog") && result.text.contains("box 2: a dog: from 50% to 90%"))
      #expect(result.errorOutput.contains("Did you mean /image?") && result.text.contains("answer to hello"))
    }

    @Test(arguments: [("1", false), ("", true)])
    func noColorCountsWhenNotEmpty(value: String, hasColor: Bool) throws {
      let terminal = try TmuxTerminal(environment: ["NO_COLOR": value])
      try terminal.makePicture("bus.png", width: 100, height: 100)
      try terminal.open("bus.png")
      try terminal.enter("pair")
      try terminal.wait(for: "a dog[2]")
      let text = try terminal.screen(withEscapes: true)
      // Alone or behind other attributes.
      #expect(text.contains("38;5;") == hasColor)
    }

    /// Point 29.
    @Test(arguments: TestEngine.allCases)
    func leavingAtOnceLeavesNoBytes(engine: TestEngine) throws {
      let terminal = try TmuxTerminal(columns: 250, engine: engine)
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
        !$0.isEmpty && !$0.hasPrefix("SHELL>") && !$0.contains("/tinygptv chat ")
      }
      #expect(left.isEmpty)
      try terminal.enter("echo $((6*7))")
      try terminal.wait(for: "42")
    }

    /// Point 30: of all that the program writes no byte moves the cursor back or takes anything away.
    @Test func accessibleIsAppendOnly() throws {
      let terminal = try TmuxTerminal(columns: 120, environment: ["ACCESSIBLE": "1"])
      try terminal.makePicture("bus.png", width: 100, height: 100)
      let log = terminal.folder.path + "/written"
      try terminal.tmux(["pipe-pane", "cat >>'\(log)'"])
      try terminal.start("bus.png; echo e''nd", before: "echo begin''ning;")
      for (line, answer) in [
        ("pair", "box 2: a dog: from 50% to 90% of the width, from 50% to 90% of the height"),
        ("/tasks vqa", "[vqa] >"), ("a word", "answer to a word"), ("/imgae", "Did you mean /image?"),
      ] {
        try terminal.enter(line)
        try terminal.wait(for: answer)
      }
      #expect(try terminal.value("alternate_on") == "0")
      try terminal.enter("/quit")
      try terminal.wait("the end") { $0.contains("\nend\n") }
      try terminal.tmux(["pipe-pane"])
      let all = try terminal.wait(forFile: log) { $0.contains("\nend\r\n") }
      let start = try #require(all.range(of: "beginning\r\n")).upperBound
      let written = all[start..<(try #require(all.range(of: "\nend\r\n", range: start..<all.endIndex))).upperBound]
      #expect(written.contains("a cat a dog") && written.contains("answer to a word from one"))
      let lines = written.replacingOccurrences(of: "\r\n", with: "\n")
      let moving = lines.unicodeScalars.filter { $0 != "\n" && ($0.value < 0x20 || (0x7f..<0xa0).contains($0.value)) }
      #expect(moving.isEmpty, "\(lines.debugDescription)")
    }

    /// Point 30: colours differ by theme, and neither sets a background but that of the picture.
    @Test func themesLeaveTheBackgroundAlone() throws {
      var seen: [String: String] = [:]
      for theme in ["dark", "light"] {
        let terminal = try TmuxTerminal(columns: 100)
        let folder = terminal.folder.appendingPathComponent(".config/tinygptv")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data("theme: \(theme)\n".utf8).write(to: folder.appendingPathComponent("config.yaml"))
        try terminal.makePicture("bus.png", width: 300, height: 200)
        try terminal.open("bus.png")
        try terminal.enter("pair")
        let text = try terminal.wait(for: "a cat[1] a dog[2]")
        // Boxes have numbers, not colours alone.
        #expect(text.contains("┌1 a cat") && text.contains("┌2 a dog"))
        try terminal.press("F6")
        try terminal.wait("no picture") { !$0.contains("┌1") }
        for (key, sign) in [
          ("F5", "<p>a cat"), ("F5", "a cat[1]"), ("F1", "any other key closes"), ("F2", "talk without a task"),
          ("F3", "the bare model"),
        ] {
          try terminal.press("Escape", key)
          try terminal.wait(for: sign)
          let screen = try terminal.screen(withEscapes: true)
          #expect(!screen.contains(/\u{1b}\[[0-9;]*(?:4[0-7]|48;[0-9;]+|10[0-7])m/), "\(key)")
        }
        try terminal.press("Escape")
        try terminal.wait("the conversation") { $0.contains("a dog[2]") && !$0.contains("┌") }
        seen[theme] = try terminal.screen(withEscapes: true)
        for number in 1...2 {
          let style = Theme(Capabilities(isLight: theme == "light")).phrase(number)
          guard case .indexed(let color) = style.foreground else { Issue.record("no colour"); continue }
          #expect(seen[theme]?.contains("38;5;\(color)m") == true)
        }
      }
      #expect(seen["dark"] != seen["light"])
    }

    @Test(arguments: ["C", "C.UTF-8"])
    func asciiIsLegibleWithoutColour(locale: String) throws {
      let terminal = try TmuxTerminal(columns: 100, environment: ["NO_COLOR": "1"], locale: locale)
      try terminal.makePicture("bus.png", width: 300, height: 200)
      try terminal.open("--ascii bus.png")
      try terminal.enter("pair")
      let text = try terminal.wait(for: "+2 a dog-")
      #expect(text.utf8.allSatisfy { $0 < 0x80 }, "\(text)")
    }
  }
}
