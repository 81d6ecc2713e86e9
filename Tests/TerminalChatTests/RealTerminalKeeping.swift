import Foundation
import TestSupport
import Testing

extension RealTerminal {
  /// What is kept when the chat ends.
  @Suite(.serialized) struct Keeping {
    /// An answer that is coming is kept as far as it has come, on the screen and in lines.
    @Test(arguments: [("Ctrl-D", true), ("TERM", true), ("HUP", true), ("TERM", false), ("HUP", false)])
    func halfAnAnswerIsKept(end: String, hasScreen: Bool) throws {
      let terminal = try TmuxTerminal(environment: hasScreen ? [:] : ["ACCESSIBLE": "1"])
      try terminal.start()
      try terminal.wait(for: hasScreen ? "F1 help" : "> ")
      try terminal.enter("slow")
      try terminal.wait(for: "word word")
      switch end {
      case "TERM": kill(try terminal.chatProcess(), SIGTERM)
      case "HUP": kill(try terminal.chatProcess(), SIGHUP)
      default: try terminal.press("C-d")
      }
      try terminal.waitForShell()
      let folder = terminal.folder.path + "/.local/share/tinygptv/sessions"
      let name = try #require(FileManager.default.contentsOfDirectory(atPath: folder).first)
      let kept = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
      #expect(kept.contains("\"kind\":\"turn\"") && kept.contains("\"answer\":\"word word"))
    }
  }
}
