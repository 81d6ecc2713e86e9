import Foundation
import TestSupport
import Testing

extension RealTerminal {
  @Suite(.serialized) struct Restore {
    /// Point 12.
    @Test(arguments: [SIGSEGV, SIGILL, SIGTRAP, SIGABRT, SIGHUP, SIGTERM, SIGQUIT, SIGBUS, SIGUSR1])
    func signalsGiveTheTerminalBack(signal: Int32) throws { try giveBack(after: signal, engine: .script) }

    @Test(arguments: [SIGSEGV, SIGHUP])
    func modelsGiveTheTerminalBack(signal: Int32) throws { try giveBack(after: signal, engine: .model) }

    private func giveBack(after signal: Int32, engine: TestEngine) throws {
      let terminal = try TmuxTerminal(engine: engine)
      try terminal.open()
      #expect(try terminal.value("alternate_on") == "1")
      #expect(try terminal.value("mouse_sgr_flag") == "1")
      kill(try terminal.chatProcess(), signal)
      try terminal.wait("the shell") { _ in try terminal.value("alternate_on") == "0" }
      try terminal.wait(for: "SHELL>")
      #expect(try terminal.value("cursor_flag") == "1")
      #expect(try terminal.value("mouse_any_flag") == "0")
      try terminal.press("Enter")
      try terminal.enter("stty -a | tr ' ;' '\\n\\n' | grep -cx -e echo -e icanon -e isig")
      try terminal.wait(for: "\n3")
    }

    /// Point 13.
    @Test(arguments: TestEngine.allCases)
    func suspendsAndComesBack(engine: TestEngine) throws {
      let terminal = try TmuxTerminal(engine: engine)
      try terminal.open()
      try terminal.ask("hello")
      try terminal.type("a draft")
      try terminal.wait(for: "> a draft")
      try terminal.press("C-z")
      try terminal.wait(for: "Stopped")
      #expect(try terminal.value("alternate_on") == "0")
      try terminal.resize(columns: 100, rows: 30)
      try terminal.enter("fg")
      try terminal.wait("the chat") { text in
        let lines = text.components(separatedBy: "\n")
        return lines.count >= 30 && lines[29].contains("demo") && text.contains("> a draft")
          && text.contains("hello\n TinyGPT-V with one")
      }
      #expect(try terminal.value("alternate_on") == "1")
      try terminal.press("Enter")
      try terminal.waitForAnswer(to: "a draft")
    }
  }
}
