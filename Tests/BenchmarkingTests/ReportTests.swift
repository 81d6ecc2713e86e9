import ModelFiles
import Testing

@testable import Benchmarking

struct ReportTests {
  private let report = BenchmarkReport(
    model: "a.gguf", matrixType: "q4_0", processor: "CPU, fast", kernels: "scalar",
    results: [
      .init(
        name: "prompt 128", threads: 2, unit: "tokens/s", samples: Samples([99, 100, 103]),
        share: .init(of: "int8 peak", value: 0.284)),
      .init(name: "cost", threads: 2, unit: "%", samples: Samples([1, 2, 3, 4, 5])),
      .init(name: "say \"a\", b", threads: 1, unit: "s", samples: Samples([0.001234])),
    ])

  @Test func theTableLinesUp() throws {
    #expect(
      try report.text(.table) == """
        a.gguf, q4_0; CPU, fast, scalar kernels

        | work       | threads |  median |          |      spread | share of the limit |
        |------------|--------:|--------:|----------|------------:|--------------------|
        | prompt 128 |       2 |     100 | tokens/s |       2.0 % | 28 % of int8 peak  |
        | cost       |       2 |    3.00 | %        | 2.00 points |                    |
        | say "a", b |       1 | 0.00123 | s        |             |                    |

        """)
  }

  @Test func commasAndQuotesAreQuotedInCSV() throws {
    #expect(
      try report.text(.csv) == """
        work,threads,unit,median,spread,least,most,samples,limit,share
        prompt 128,2,tokens/s,100.0,0.02,99.0,103.0,3,int8 peak,0.284
        cost,2,%,3.0,0.6666666666666666,1.0,5.0,5,,
        "say ""a"", b",1,s,0.001234,0.0,0.001234,0.001234,1,,

        """)
  }

  @Test func jsonHasEverySample() throws {
    let json = try JSONValue.parse(bytes: Array(report.text(.json).utf8), file: "report")
    #expect(json["model"]?.string == "a.gguf" && json["matrices"]?.string == "q4_0")
    #expect(json["processor"]?.string == "CPU, fast" && json["kernels"]?.string == "scalar")
    let results = try #require(json["results"]?.array)
    #expect(results.count == 3)
    #expect(results[0]["samples"]?.array?.compactMap(\.double) == [99, 100, 103])
    #expect(results[0]["limit"]?.string == "int8 peak" && results[0]["share"]?.double == 0.284)
    #expect(results[2]["share"] == nil && results[2]["median"]?.double == 0.001234)
  }

  @Test(arguments: [(1234.5, "1234"), (99.96, "100.0"), (12.34, "12.3"), (0.5, "0.500"), (0, "0.0"), (-4.32, "-4.32")])
  func threeDigitsCount(_ value: Double, _ text: String) { #expect(BenchmarkReport.digits(value) == text) }
}
