import Diagnostics
import Foundation
import FoundationXML
import Testing

@testable import Training

struct CurvePlotTests {
  static func run(
    _ name: String, _ values: [(step: Int, metrics: [(String, Double)])]
  ) -> (name: String, file: String, records: [MetricsRecord]) {
    let records = values.map { value in
      var record = MetricsRecord(step: value.step, epoch: 0)
      for (key, number) in value.metrics { record.append(key, number) }
      return record
    }
    return (name, "\(name)/metrics.jsonl", records)
  }

  static let falling = run("one", (1...20).map { ($0, [("loss", $0 == 12 ? .nan : 10 / Double($0))]) })
  static let slow = run("two", (1...10).map { ($0, [("loss", 5 - Double($0) / 4)]) })
  static let dots = CurvePlot.TerminalStyle(isUnicode: true, hasColor: false)
  static let colors = CurvePlot.TerminalStyle(isUnicode: true, hasColor: true)
  static let ascii = CurvePlot.TerminalStyle(isUnicode: false, hasColor: false)

  @Test func oneCurveInDots() throws {
    let plot = try CurvePlot(runs: [Self.falling], metrics: ["loss"])
    #expect(
      plot.text(width: 50, height: 12, style: Self.dots) == """
        10 ┤⢣
           │⠘⡄
           │ ⢱
           │  ⡇
         5 ┤  ⠘⢄
           │    ⠣⡀
           │     ⠈⠒⠤⣀
           │         ⠉⠉⠒⠒⠢⠤⠤⣀⣀⣀⣀⣀⣀⣀
         0 ┤                       ⠉⠁   ⠈⠉⠉⠉⠑⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒
           └─────────┬───────────┬───────────┬───────────┬
                     5          10          15          20
          ── loss
        """)
  }

  @Test func withoutColorTwoCurvesHaveSigns() throws {
    let plot = try CurvePlot(runs: [Self.falling, Self.slow], metrics: ["loss"])
    let expected = """
      10 +*
         | *
         | *
         |  *
       5 +oooo
         |    oooooooooooo
         |      *****     oooooo
         |           **************   *********
       0 +                                     *********
         +---------+-----------+-----------+-----------+
                   5          10          15          20
        * one   o two
      """
    #expect(plot.text(width: 50, height: 12, style: Self.ascii) == expected)
    let signs = plot.text(width: 50, height: 12, style: Self.dots)
    #expect(signs.contains("* one   o two") && signs.contains("┤"))
    let colored = plot.text(width: 50, height: 12, style: Self.colors)
    #expect(colored.contains("\u{1b}[34m──\u{1b}[0m one   \u{1b}[31m──\u{1b}[0m two"))
    #expect(colored.unicodeScalars.contains { (0x2801...0x28ff).contains($0.value) })
  }

  @Test func sizesAreKept() throws {
    let plot = try CurvePlot(runs: [Self.falling, Self.slow], metrics: ["loss"], isLogarithmic: true)
    for width in [30, 31, 80, 200] {
      for height in [8, 24, 60] {
        let lines = plot.text(width: width, height: height, style: Self.ascii).split(
          separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == height)
        #expect(lines.allSatisfy { $0.unicodeScalars.count <= width }, "\(width)")
      }
    }
    // However small.
    #expect(!plot.text(width: 0, height: 0, style: Self.dots).isEmpty)
  }

  @Test func gapsDivideCurves() throws {
    let plot = try CurvePlot(runs: [Self.falling], metrics: ["loss"])
    #expect(plot.segments(plot.curves[0].points).map(\.count) == [11, 8])
    let signs = Self.run("r", zip(1..., [1, -1, 0, 4, .infinity, 1e301, 3]).map { ($0, [("v", $1)]) })
    let logarithmic = try CurvePlot(runs: [signs], metrics: ["v"], isLogarithmic: true)
    #expect(logarithmic.segments(logarithmic.curves[0].points).map { $0.map(\.y) } == [[1], [4], [3]])
  }

  @Test func smoothingFollowsStepsAndKeepsGaps() throws {
    let run = Self.run("r", [(1, [("v", 1)]), (2, [("v", 3)]), (3, [("v", .nan)]), (1000, [("v", 7)])])
    let plot = try CurvePlot(runs: [run], metrics: ["v"], smoothing: 0.5)
    let values = plot.curves[0].smoothed.map(\.y)
    #expect(values[0] == 1 && abs(values[1] - 3.5 / 1.5) < 1e-12 && values[2].isNaN && abs(values[3] - 7) < 1e-9)
    #expect(plot.curves[0].points[1].y == 3)
  }

  @Test(arguments: [
    ([0.0, 1], false, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ([3, 3], false, ["2.6", "2.8", "3.0", "3.2", "3.4"]),
    ([0, 0], false, ["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
    ([-2.3, 900], false, ["-200", "0", "200", "400", "600", "800", "1000"]),
    ([1e-5, 4e-5], false, ["1e-05", "2e-05", "3e-05", "4e-05"]),
    ([1e-4, 1e4], true, ["0.0001", "0.01", "1", "100", "10000"]),
    ([0.5, 20], true, ["0.5", "1", "2", "5", "10", "20"]), ([2.1, 2.4], true, ["2.1", "2.2", "2.3", "2.4"]),
  ])
  func ticksAreRoundNumbers(_ values: [Double], _ isLogarithmic: Bool, _ labels: [String]) {
    let axis =
      isLogarithmic
      ? PlotAxis(logarithms: values, maximumTicks: 5) : PlotAxis(values: values, maximumTicks: 5)
    #expect(axis.ticks.map(\.label) == labels)
    #expect(axis.ticks.allSatisfy { (-1e-9...1 + 1e-9).contains(axis.fraction($0.value)) })
    #expect(axis.fraction(axis.lower) == 0 && axis.fraction(axis.upper) == 1)
  }

  @Test func extremeValuesAreDrawn() throws {
    for values in [[1e299, -1e299], [1e-307, 1e-300], [1, 1 + 1e-15], [1e15, 1e15 + 1]] {
      let run = Self.run("r", zip([1, Int.max], values).map { ($0, [("v", $1)]) })
      for isLogarithmic in [false, true] {
        let plot = try CurvePlot(runs: [run], metrics: ["v"], isLogarithmic: isLogarithmic)
        #expect(plot.text(width: 60, height: 20, style: Self.dots).split(separator: "\n").count == 20)
        #expect(plot.svg(width: 500, height: 300).contains("nan") == false)
      }
    }
  }

  @Test func whatCannotBeDrawnIsAnError() {
    let error = #expect(throws: InputError.self) { try CurvePlot(runs: [Self.falling], metrics: ["los"]) }
    #expect(error?.field == "los" && error?.file == "one/metrics.jsonl" && error?.found.contains("loss") == true)
    let empty = Self.run("e", [(1, [("v", .nan)]), (2, [("v", -1)])])
    #expect(throws: InputError.self) { try CurvePlot(runs: [empty], metrics: ["v"], isLogarithmic: true) }
  }

  // MARK: SVG

  private final class Elements: NSObject, XMLParserDelegate {
    var names: [String] = []
    var paths: [String] = []
    var texts: [String] = []
    private var text: String?

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      names.append(name)
      if let path = attributes["d"] { paths.append(path) }
      text = name == "text" ? "" : nil
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text?.append(string) }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
      if name == "text", let text { texts.append(text) }
    }
  }

  @Test func svgIsWellFormed() throws {
    let hostile = Self.run("<a href=\"x\">&'\u{1b}[31m", (1...10).map { ($0, [("loss", Double($0)), ("v", 1)]) })
    let plot = try CurvePlot(runs: [Self.falling, hostile], metrics: ["loss"], smoothing: 0.9)
    let parser = XMLParser(data: Data(plot.svg(width: 900, height: 500).utf8))
    let elements = Elements()
    parser.delegate = elements
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    #expect(elements.names.first == "svg")
    // Two curves, each faint as logged and again smoothed; the gap begins a new stretch.
    #expect(elements.paths.count == 4)
    #expect(elements.paths.map { $0.filter { $0 == "M" }.count } == [2, 1, 2, 1])
    for text in ["one", "<a href=\"x\">&'\\u{1b}[31m", "step", "loss", "10", "20"] {
      #expect(elements.texts.contains(text), "\(text)")
    }
  }

  @Test func longRunsMakeSmallSVGs() throws {
    let run = Self.run("long", (1...50_000).map { ($0, [("v", Double($0 &* 7919 % 1000))]) })
    let svg = try CurvePlot(runs: [run], metrics: ["v"]).svg(width: 900, height: 500)
    #expect(svg.utf8.count < 100_000)
    let top = try CurvePlot(runs: [run], metrics: ["v"]).verticalAxis(maximumTicks: 5)
    #expect(top.lower == 0 && top.upper == 1000)
  }
}
