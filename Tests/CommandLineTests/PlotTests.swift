import Foundation
import TestSupport
import Testing

/// `plot`.
struct PlotTests {
  static let environment = ["LC_ALL": "C.UTF-8", "COLUMNS": "60", "LINES": "20", "TERM": "xterm-256color"]

  static func write(_ lines: [String], _ folder: URL, _ run: String) throws -> String {
    let directory = folder.appendingPathComponent(run)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let text = lines.map { $0 + "\n" }.joined()
    try Data(text.utf8).write(to: directory.appendingPathComponent("metrics.jsonl"))
    return directory.path
  }

  static func lines(_ count: Int) -> [String] {
    (1...count).map { "{\"step\":\($0),\"epoch\":0,\"loss\":\(8.0 / Double($0)),\"learning_rate\":0.1}" }
  }

  static func plot(_ arguments: [String], _ more: [String: String] = [:]) throws -> ChildProcess.Result {
    try ChildProcess.tinygptv(["plot"] + arguments, environment: environment.merging(more) { $1 })
  }

  @Test func curvesAreDrawn() throws {
    try withTemporaryFolder { folder in
      // The last line is being written.
      let one = try Self.write(Self.lines(30) + ["{\"step\":31,\"epoch\":0,\"lo"], folder, "one")
      let text = try Data(contentsOf: URL(fileURLWithPath: one + "/metrics.jsonl")).dropLast(1)
      try text.write(to: URL(fileURLWithPath: one + "/metrics.jsonl"))
      let result = try Self.plot([one])
      #expect(result.ending == .exited(0), "\(result.errorOutput)")
      let shown = result.text.split(separator: "\n")
      #expect(shown.count == 18 && shown.allSatisfy { $0.unicodeScalars.count <= 60 })
      #expect(result.text.unicodeScalars.contains { (0x2801...0x28ff).contains($0.value) })
      #expect(!result.text.contains("\u{1b}") && shown.last == "  ── loss")
      for (arguments, environment) in [(["--ascii"], [:]), ([], ["LC_ALL": "C"])] {
        let plain = try Self.plot([one] + arguments, environment)
        #expect(plain.ending == .exited(0) && plain.output.allSatisfy { $0 < 0x80 })
      }
      let small = try Self.plot([one, "--width", "40", "--height", "10", "--metric", "learning_rate"])
      #expect(small.text.split(separator: "\n").count == 10 && small.text.contains("learning_rate"))
    }
  }

  @Test func severalRunsAreNamedByTheirFolders() throws {
    try withTemporaryFolder { folder in
      let paths = [try Self.write(Self.lines(5), folder, "a/x"), try Self.write(Self.lines(9), folder, "b/y")]
      let result = try Self.plot(paths + ["--ascii", "--log"])
      #expect(result.text.split(separator: "\n").last == "  * x   o y")
      let same = try Self.plot([paths[0], paths[0] + "/metrics.jsonl", "--ascii", "--width", "300"])
      #expect(same.text.contains("a/x/metrics.jsonl"))
    }
  }

  @Test func svgIsWritten() throws {
    try withTemporaryFolder { folder in
      let run = try Self.write(Self.lines(30), folder, "one")
      let output = folder.appendingPathComponent("out.svg").path
      let result = try Self.plot([run, "--svg", output, "--smooth", "0.9", "--width", "640"])
      #expect(result.ending == .exited(0) && result.output.isEmpty && result.errorOutput.contains(output))
      #expect(try String(contentsOfFile: output, encoding: .utf8).contains("viewBox=\"0 0 640 500\""))
      #expect(try Self.plot([run, "--svg", folder.path + "/no/out.svg"]).ending == .exited(65))
    }
  }

  @Test func mistakesAreExplained() throws {
    try withTemporaryFolder { folder in
      let run = try Self.write(Self.lines(3), folder, "one")
      let empty = try Self.write([], folder, "empty")
      let broken = try Self.write(["{\"step\":1}", "nonsense"], folder, "broken")
      for (arguments, words) in [
        ([folder.path + "/none"], ["none"]), ([empty], ["empty/metrics.jsonl", "at least one step"]),
        ([folder.path], ["metrics.jsonl"]), ([broken], ["line 2"]), ([run, "--metric", "acc"], ["acc", "loss"]),
      ] {
        let result = try Self.plot(arguments)
        #expect(result.ending == .exited(65) && result.output.isEmpty)
        for word in words { #expect(result.errorOutput.contains(word), "\(result.errorOutput)") }
      }
      for arguments in [[], [run, "--smooth", "1"], [run, "--width", "0"], [run, "--metric", ","]] {
        #expect(try Self.plot(arguments).ending == .exited(64))
      }
    }
  }
}
