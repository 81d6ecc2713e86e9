import Pictures
import Testing

extension RealTerminal {
  /// What terminals say of themselves, and what is said where they are not known.
  @Suite(.serialized) struct Colors {
    /// A terminal that says so gets the picture's own colours, whatever its description says; GNU screen, which only
    /// hands on what the terminal around it says, does not.
    @Test(arguments: [
      ("xterm-256color", "truecolor", true), ("xterm-256color", "24bit", true), ("xterm-256color", "", false),
      ("screen-256color", "truecolor", false),
    ])
    func terminalsOfAnyColorShowThePicturesOwn(name: String, promise: String, isShown: Bool) throws {
      let terminal = try TmuxTerminal(columns: 100, environment: ["TERM": name, "COLORTERM": promise])
      let brown: [UInt8] = [64, 31, 0]
      let picture = Picture(width: 60, height: 40, pixels: (0..<60 * 40).flatMap { _ in brown })
      try picture.writePNG(to: terminal.folder.appendingPathComponent("brown.png").path)
      try terminal.open("brown.png")
      try terminal.enter("pair")
      try terminal.wait(for: "┌2 a dog")
      let text = try terminal.screen(withEscapes: true)
      #expect(text.contains("8;2;64;31;0") == isShown, "\(text)")
      // What is written in a theme's colours has them all the same.
      #expect(text.contains(isShown ? "38;2;" : "38;5;"))
      try terminal.quit()
      #expect(try terminal.value("alternate_on") == "0")
    }

    @Test func unknownTerminalsAreTold() throws {
      let terminal = try TmuxTerminal(columns: 120, environment: ["TERM": "nosuch"])
      try terminal.start()
      try terminal.wait(for: "this system does not know the terminal nosuch (TERM)")
      try terminal.enter("hello")
      try terminal.wait(for: "answer to hello")
    }
  }
}
