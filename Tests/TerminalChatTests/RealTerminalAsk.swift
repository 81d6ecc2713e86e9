import Foundation
import TestSupport
import Testing

extension RealTerminal {
  /// Point 16: `ask` on a terminal whose pipe goes elsewhere.
  @Suite(.serialized) struct AskInAPipeline {
    private func run(_ terminal: TmuxTerminal, _ line: String) throws -> (output: Data, screen: String) {
      try terminal.enter("clear; \(line); echo status ${PIPESTATUS[@]}")
      try terminal.wait("the end of the pipeline") { $0.contains("\nstatus 0 0") || $0.hasPrefix("status 0 0") }
      let output = try Data(contentsOf: terminal.folder.appendingPathComponent("out"))
      return (output, try terminal.screen(withEscapes: true))
    }

    @Test func noEscapeByteGoesThroughAPipe() throws {
      let terminal = try TmuxTerminal(columns: 250)
      let ask = "\(ChildProcess.executable) ask -m \(try TinyModel.path("tiny-a")) --max-tokens 8 --ignore-stop"
      let picture = Fixtures.path("tiny-a/images/gray.jpg")
      let named = try run(terminal, "\(ask) -i \(picture) -t vqa 'what is it?' | cat >out")
      #expect(!named.output.isEmpty && !named.output.contains(0x1b))
      #expect(!named.screen.contains("\u{1b}"))
      let piped = try run(terminal, "\(ask) -i - -t vqa 'what is it?' <\(picture) | cat >out")
      #expect(piped.output == named.output && !piped.screen.contains("\u{1b}"))
    }

    /// The bundled model, since the tiny ones never point at anything.
    @Test func boxesAreInTheJSON() throws {
      struct Report: Decodable {
        struct Box: Decodable {
          struct Pixels: Decodable { var x0, y0, x1, y1: Int }
          var x0, y0, x1, y1: Int
          var pixels: Pixels
        }
        var text: String
        var boxes: [Box]
      }
      let assets = Fixtures.directory.appendingPathComponent("../../assets").standardized.path
      let terminal = try TmuxTerminal(columns: 250)
      let result = try run(
        terminal,
        "\(ChildProcess.executable) ask -m \(assets)/tinygptv-demo.gguf -i \(assets)/pictures/animals.png -t refer "
          + "'the bird' --json | cat >out")
      #expect(!result.output.contains(0x1b))
      let report = try JSONDecoder().decode(Report.self, from: result.output)
      let written = report.text.matches(of: /<([0-9]+)><([0-9]+)><([0-9]+)><([0-9]+)>/).map { match in
        [match.1, match.2, match.3, match.4].map { Int($0) }
      }
      try #require(!written.isEmpty)
      #expect(report.boxes.map { [$0.x0, $0.y0, $0.x1, $0.y1] } == written)
      // The picture is 628 pixels wide and 592 high.
      for box in report.boxes {
        #expect(abs(box.pixels.x0 - 628 * box.x0 / 100) <= 7 && abs(box.pixels.y1 - 592 * box.y1 / 100) <= 7)
      }
    }
  }
}
