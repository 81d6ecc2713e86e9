import Foundation
import TestSupport
import Testing

/// The chat on a model: a tiny one with random weights.
@Suite(.serialized) struct RealEngineTests {
  private func talk(_ model: String, _ lines: [String], _ arguments: [String] = []) throws -> [String] {
    let result = try ChildProcess.tinygptv(
      ["chat", "--model", model, "--max-tokens", "12", "--no-history", Fixtures.path("tiny-q/images/wide.jpg")]
        + arguments,
      input: Data(lines.map { $0 + "\n" }.joined().utf8), environment: ["LC_ALL": "C.UTF-8", "TERM": "dumb"])
    #expect(result.ending == .exited(0))
    return result.text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("(") && !$0.hasPrefix("Picture") }
  }

  /// Point 10: after a switch the answer is that of a process that has never known another adapter.
  @Test func switchedAdaptersAnswerAsFreshOnes() throws {
    let model = try TinyModel.path("tiny-q", type: "q8_0")
    let own = try talk(model, ["what is it?"])
    let bare = try talk(model, ["what is it?"], ["--adapter", "none"])
    #expect(!own.isEmpty && !bare.isEmpty && own != bare)
    let both = try talk(model, ["what is it?", "/clear", "/adapter none", "what is it?"])
    let notices = both.filter { !$0.hasPrefix("A new beginning") }
    #expect(notices == own + bare)
  }

  @Test func answersOnTheScreen() throws {
    let model = try TinyModel.path("tiny-q", type: "q8_0")
    let terminal = try TmuxTerminal(columns: 100, rows: 30)
    let arguments = "chat --model \(model) --max-tokens 30 \(Fixtures.path("tiny-q/images/wide.jpg"))"
    try terminal.enter("\(ChildProcess.executable) \(arguments)")
    try terminal.wait("the chat") { $0.contains("F1 help") && $0.showsPicture }
    try terminal.enter("what is it?")
    try terminal.wait("the answer") { try TmuxTerminal.modelAnswer(to: "what is it?", on: $0) != nil }
    try terminal.wait(for: "context ")
    try terminal.press("F4")
    try terminal.wait(for: "adapter: none")
    try terminal.enter("and now?")
    try terminal.wait("the second answer") {
      try $0.contains("TinyGPT-V without adapter") && TmuxTerminal.modelAnswer(to: "and now?", on: $0) != nil
    }
    try terminal.enter("/image nowhere.png")
    try terminal.wait(for: "! nowhere.png: expected")
    try terminal.quit()
  }
}
