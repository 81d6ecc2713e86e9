import ArgumentParser
import Diagnostics
import Foundation
import ModelFiles
import Training

/// `tinygptv plot`: the curves of training runs.
struct Plot: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw the curves of training runs.",
    discussion: """
      Reads the metrics.jsonl of each run's folder, also while the run goes on. Gaps are steps whose value was not \
      finite. Colours are left out where NO_COLOR is set, or the output is no terminal.
      """)

  @Argument(help: ArgumentHelp("Folders of runs, or files like metrics.jsonl.", valueName: "run"))
  var runs: [String]

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("What to draw (default: loss, and validation_loss where there is one).", valueName: "name,…"))
  var metric: String?

  @Option(help: "From 0 (none) to below 1: how much of the moving average each step keeps.")
  var smooth = 0.0

  @Flag(help: "A logarithmic axis.")
  var log = false

  @Option(help: ArgumentHelp("Write an SVG file instead of drawing in the terminal.", valueName: "file"))
  var svg: String?

  @Option(help: "Columns (default: the terminal's), or pixels of the SVG (default: 900).")
  var width: Int?

  @Option(help: "Lines (default: the terminal's), or pixels of the SVG (default: 500).")
  var height: Int?

  @Flag(help: "Draw with ASCII signs only.")
  var ascii = false

  func validate() throws {
    guard (0..<1).contains(smooth) else { throw ValidationError("--smooth: expected 0 to below 1, found \(smooth).") }
    for (name, value) in [("width", width), ("height", height)] {
      if let value, !(1...10000).contains(value) {
        throw ValidationError("--\(name): expected 1 to 10000, found \(value).")
      }
    }
    if let metric, metric.split(separator: ",").isEmpty {
      throw ValidationError("--metric: expected names with commas between them.")
    }
  }

  func run() throws {
    let logs = try Self.read(runs)
    let plot = try CurvePlot(runs: logs, metrics: metrics(in: logs), smoothing: smooth, isLogarithmic: log)
    if let svg {
      let writer = try AtomicFileWriter(path: svg)
      try writer.append(Array(plot.svg(width: width ?? 900, height: height ?? 500).utf8))
      try writer.finish()
      note("wrote \(svg)")
      return
    }
    let terminal = Terminal(descriptor: STDOUT_FILENO)
    let style = CurvePlot.TerminalStyle(isUnicode: terminal.isUnicode && !ascii, hasColor: terminal.hasColor)
    // The last line stays free for the shell's prompt; a curve higher than it is wide is hard to read.
    let columns = width ?? terminal.columns
    let lines = height ?? max(10, min(terminal.rows - 2, columns / 3))
    print(plot.text(width: columns, height: lines, style: style))
  }

  private func metrics(in logs: [(name: String, file: String, records: [MetricsRecord])]) -> [String] {
    if let metric {
      var names: [String] = []
      for name in metric.split(separator: ",").map({ $0.trimmingCharacters(in: .whitespaces) })
      where !names.contains(name) {
        names.append(name)
      }
      return names
    }
    let hasValidation = logs.contains { $0.records.contains { $0["validation_loss"] != nil } }
    return hasValidation ? ["loss", "validation_loss"] : ["loss"]
  }

  /// The runs' logs, named by their folders; by their whole paths where those are equal.
  private static func read(
    _ paths: [String]
  ) throws(InputError) -> [(name: String, file: String, records: [MetricsRecord])] {
    func name(_ path: String) -> String {
      var parts = path.split(separator: "/")
      if parts.count > 1, parts.last == "metrics.jsonl" { parts.removeLast() }
      return parts.last.map(String.init) ?? path
    }
    var logs: [(name: String, file: String, records: [MetricsRecord])] = []
    for path in paths {
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      let file = exists && isFolder.boolValue ? RunFolder.metricsPath(in: path) : path
      let records = try MetricsLog.read(path: file)
      guard !records.isEmpty else {
        throw InputError(
          file: file, expected: "at least one step", found: "none", remedy: "Wait until the run has logged one.")
      }
      let isTaken = paths.filter { name($0) == name(path) }.count > 1
      logs.append((isTaken ? path : name(path), file, records))
    }
    return logs
  }
}
