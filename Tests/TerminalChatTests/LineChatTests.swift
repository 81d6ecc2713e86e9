import Foundation
import TestSupport
import Testing

/// The chat of lines, as a program that writes them sees it.
@Suite(.serialized) struct LineChatTests {
  private func run(
    _ lines: [String], _ arguments: [String] = [], in folder: URL
  ) throws -> (output: String, error: String, ending: ChildProcess.Ending) {
    let script = folder.appendingPathComponent("script.json").path
    try Data(TmuxTerminal.script.utf8).write(to: URL(fileURLWithPath: script))
    let result = try ChildProcess.tinygptv(
      ["chat", "--scripted-engine", script, "--no-history"] + arguments,
      input: Data(lines.map { $0 + "\n" }.joined().utf8),
      environment: [
        "HOME": folder.path, "XDG_CONFIG_HOME": folder.path, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color",
      ])
    return (result.text, result.errorOutput, result.ending)
  }

  @Test func pipesEndWithAStatus() throws {
    try withTemporaryFolder { folder in
      #expect(try run(["hello"], in: folder).ending == .exited(0))
      let fake = folder.appendingPathComponent("fake.png").path
      try Data("no picture".utf8).write(to: URL(fileURLWithPath: fake))
      // A picture that is none is the end: answers would be about nothing.
      let bad = try run(["hello"], [fake], in: folder)
      #expect(
        bad.ending == .exited(65) && bad.error.contains("found a text file") && !bad.output.contains("answer to hello"))
      #expect(bad.error.split(separator: "\n").count == 1 && !bad.output.contains("fake.png"))
      // Later faults leave their mark, and the rest goes on.
      for line in ["/image \(fake)", "/image nowhere.png", "/imgae x", "fault", "/temp 3"] {
        let result = try run([line, "hello"], in: folder)
        #expect(result.ending == .exited(65), "\(line)")
        #expect(result.error.hasPrefix("tinygptv: ") && result.output.contains("answer to hello"), "\(line)")
        #expect(result.error.split(separator: "\n").count == 1 && !result.output.contains("Error"), "\(line)")
      }
    }
  }

  /// What ends the program is told once, and on standard error; so is what was to begin with and is not there.
  @Test func faultsAreToldOnceAndApart() throws {
    try withTemporaryFolder { folder in
      let model = try ChildProcess.tinygptv(
        ["chat", "--model", "nothere.gguf", "--no-history"], input: Data(),
        environment: ["HOME": folder.path, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"])
      #expect(model.ending == .exited(65) && !model.text.contains("nothere"), "\(model.text)")
      #expect(model.errorOutput.components(separatedBy: "nothere.gguf").count == 2, "\(model.errorOutput)")
      let adapter = try run(["hello"], ["--adapter", "nope"], in: folder)
      #expect(adapter.ending == .exited(65) && !adapter.output.contains("nope"))
      #expect(adapter.error.components(separatedBy: "There is no adapter nope").count == 2)
    }
  }

  /// A picture that is none is not said to be attached.
  @Test func picturesAreAnnouncedWhenTheyAreSome() throws {
    try withTemporaryFolder { folder in
      let lines = ["hello", "/image nothere.png", "/image \(Fixtures.path("pictures/gray.jpg"))", "hello"]
      let result = try run(lines, in: folder)
      #expect(!result.output.contains("nothere") && result.error.contains("nothere.png: expected"))
      let parts = result.output.components(separatedBy: "Picture: ")
      #expect(parts.count == 2 && parts[0].contains("answer to hello") && parts[1].contains("answer to hello"))
    }
  }

  @Test(arguments: [
    ["--temperature", "3"], ["--temperature", "0.05"], ["--temperature=-1"], ["--top-p", "0.01"], ["--top-p", "2"],
    ["--max-tokens", "0"],
  ])
  func optionsOutOfRangeAreErrors(option: [String]) throws {
    try withTemporaryFolder { folder in
      let result = try run([], option, in: folder)
      #expect(result.ending == .exited(64) && result.error.contains("expected"))
    }
  }

  @Test func settingsOutOfRangeAreTold() throws {
    try withTemporaryFolder { folder in
      let settings = folder.appendingPathComponent("tinygptv")
      try FileManager.default.createDirectory(at: settings, withIntermediateDirectories: true)
      try Data("temperature: 3\ntop_p: 0.01\n".utf8).write(to: settings.appendingPathComponent("config.yaml"))
      let result = try run(["hello"], in: folder)
      #expect(
        result.error.contains("temperature: expected 0.1 to 1.5") && result.error.contains("top_p: expected 0.05"))
      #expect(result.output.contains("answer to hello from one with seed 0 at 0.0") && result.ending == .exited(65))
    }
  }

  @Test func whatIsForScreensSaysWhatToUse() throws {
    try withTemporaryFolder { folder in
      let lines = ["/zoom", "/hide", "/boxes", "\u{1b}OP", "\u{1b}[12~", "\u{1b}[17~", "/help", "/tasks"]
      let text = try run(lines, in: folder).output
      #expect(text.components(separatedBy: "/save-picture writes the picture with its boxes").count == 3)
      #expect(text.contains("Every answer says its boxes in words"))
      #expect(text.contains("in place of F1 write /help.") && text.contains("in place of F2 write /tasks."))
      #expect(text.contains("/stats:") && !text.contains("/zoom:") && text.contains("Choose one as in /tasks identify"))
    }
  }

  /// The end of the lines waits for what is being written.
  @Test func picturesAreWrittenBeforeTheEnd() throws {
    try withTemporaryFolder { folder in
      let picture = Fixtures.path("pictures/gray.jpg")
      let target = folder.appendingPathComponent("out.png").path
      let result = try run(["/save-picture \(target)"], [picture], in: folder)
      #expect(result.output.contains("Wrote ~/out.png with 0 boxes.") && result.ending == .exited(0))
      #expect(FileManager.default.fileExists(atPath: target))
    }
  }

  @Test func ourOwnSignsAreASCIIWhereThatIsWanted() throws {
    try withTemporaryFolder { folder in
      let lines = ["/tasks vqa", "one?", "/undo", "/help", "/tasks", "/image none", "[reffer] x"]
      let plain = try run(lines, ["--ascii"], in: folder).output
      let usual = try run(lines, in: folder).output
      #expect(plain.utf8.allSatisfy { $0 < 0x80 } && usual.contains("“"))
    }
  }
}
