import Foundation
import TestSupport
import Testing

/// Options of a chat that goes on with a conversation.
@Suite(.serialized) struct ResumeOptionsTests {
  private static let script = """
    {"model": {"name": "demo", "adapters": [{"name": "one"}, {"name": "two"}], "default_adapter": "one"},
     "answers": [{"text": "{question} of {adapter} as {task}, seed {seed}, at {temperature}, after {turns}"}]}
    """

  private func run(_ lines: [String], _ arguments: [String], in folder: URL) throws -> ChildProcess.Result {
    let script = folder.appendingPathComponent("script.json").path
    try Data(Self.script.utf8).write(to: URL(fileURLWithPath: script))
    var environment = ["LC_ALL": "C.UTF-8", "TERM": "dumb"]
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"] {
      environment[name] = folder.path
    }
    return try ChildProcess.tinygptv(
      ["chat", "--scripted-engine", script] + arguments, input: Data(lines.map { $0 + "\n" }.joined().utf8),
      environment: environment)
  }

  @Test func optionsCountMoreThanTheConversation() throws {
    try withTemporaryFolder { folder in
      let first = try run(["a"], ["--task", "vqa", "--temperature", "0.5", "--seed", "3"], in: folder)
      #expect(first.text.contains("a of one as vqa, seed 3, at 0.5, after 0") && first.ending == .exited(0))
      // What nothing else is said about stays, and a seed that was chosen is kept where an answer is made anew.
      let second = try run(["b", "/regen"], ["--continue"], in: folder)
      #expect(second.text.components(separatedBy: "b of one as vqa, seed 3, at 0.5, after 1").count == 3)
      let options = ["--adapter", "two", "--task", "refer", "--temperature", "0.7", "--seed", "9"]
      #expect(
        try run(["c"], ["--continue"] + options, in: folder).text.contains("c of two as refer, seed 9, at 0.7, after 2")
      )
      #expect(
        try run(["d"], ["--session", "1", "--adapter", "none"], in: folder).text.contains("d of none as refer, seed 9"))
      // A list in a program's lines waits until it is there.
      let list = try run(["/sessions", "/sessions 1", "e"], [], in: folder)
      #expect(list.text.contains("1  20") && list.text.contains("e of none as refer, seed 9, at 0.7, after 4"))
    }
  }

  @Test func conversationsThatAreNotKeptAreNotGoneOnWith() throws {
    try withTemporaryFolder { folder in
      for option in [["--continue"], ["--session", "1"]] {
        let result = try run([], option + ["--no-history"], in: folder)
        #expect(result.ending == .exited(64))
        #expect(
          result.errorOutput.contains("\(option[0]) goes on with a kept conversation and --no-history keeps none"))
      }
      let settings = folder.appendingPathComponent("tinygptv")
      try FileManager.default.createDirectory(at: settings, withIntermediateDirectories: true)
      try Data("history: false\n".utf8).write(to: settings.appendingPathComponent("config.yaml"))
      let result = try run([], ["--continue"], in: folder)
      #expect(result.ending == .exited(65) && result.errorOutput.contains("config.yaml: history: expected true"))
    }
  }
}
