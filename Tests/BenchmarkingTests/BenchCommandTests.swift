import Foundation
import ModelFiles
import Tensors
import TestSupport
import Testing

@testable import TinyGPTV

/// `tinygptv bench`, as its user meets it. No time is compared with anything.
struct BenchCommandTests {
  private func bench(_ arguments: [String]) throws -> ChildProcess.Result {
    try ChildProcess.tinygptv(["bench", "--model", TinyModel.path("tiny-a"), "--repeats", "2"] + arguments)
  }

  private let small = ["--threads", "2", "--prompt", "8,16", "--decode", "4", "--pictures", "28"]

  private func results(_ result: ChildProcess.Result) throws -> [(work: String, threads: Int?, json: JSONValue)] {
    let json = try JSONValue.parse(bytes: Array(result.output), file: "standard output")
    return try #require(json["results"]?.array).map { ($0["work"]?.string ?? "", $0["threads"]?.integer, $0) }
  }

  @Test func everyPartIsMeasured() throws {
    let result = try bench(small + ["--format", "json", "--only", "load,picture,prompt,decode,adapter"])
    #expect(result.ending == .exited(0))
    #expect(result.errorOutput == "")
    let found = try results(result)
    #expect(
      found.map(\.work) == [
        "load", "load and a first token", "picture 28", "first token, new picture 28", "first token, same picture 28",
        "prompt 8", "prompt 16", "decode 4", "peak memory", "adapter switch", "decode 4 with adapter", "adapter's cost",
      ])
    for (work, threads, json) in found {
      #expect(threads == 2, "\(work)")
      #expect(json["samples"]?.array?.count == (work == "peak memory" ? 1 : 2), "\(work)")
      #expect(json["share"] == nil)
      if work != "adapter's cost" { #expect(try #require(json["median"]?.double) > 0, "\(work)") }
    }
  }

  @Test func layingOutIsMeasuredWhereThereIsAny() throws {
    let path = try TinyModel.path("tiny-q", type: "q8_0")
    let result = try ChildProcess.tinygptv([
      "bench", "--model", path, "--repeats", "1", "--format", "json", "--only", "load", "--threads", "2",
    ])
    #expect(result.ending == .exited(0))
    let canBe = try TinyGPTVModel(path: path).phi.productWeights.contains(where: \.base.canBeInterleaved)
    #expect(try results(result).contains { $0.work == "weights laid out anew" } == canBe)
  }

  @Test func theLimitsAreThoseOfTheSameNumberOfThreads() throws {
    let result = try bench([
      "--threads", "1,2", "--prompt", "8", "--decode", "4", "--only", "limits,prompt,decode", "--format", "json",
    ])
    #expect(result.ending == .exited(0))
    let found = try results(result)
    for threads in [1, 2] {
      let own = found.filter { $0.threads == threads }
      let read = try #require(own.first { $0.work == "memory read" }?.json["most"]?.double)
      #expect(read > 0)
      #expect(own.contains { $0.work.hasPrefix("f32 peak (") })
      let decode = try #require(own.first { $0.work == "decode 4" }?.json)
      // The weights, read between one token and the next.
      let reading = try #require(own.first { $0.work == "memory read between tokens" }?.json["median"]?.double)
      #expect(decode["limit"]?.string == "memory read between tokens" && reading > 0)
      #expect(try #require(decode["share"]?.double) > 0)
      #expect(own.first { $0.work == "prompt 8" }?.json["limit"]?.string == "f32 peak")
    }
  }

  @Test func tableAndCSVHaveALineForEachResult() throws {
    let table = try bench(["--threads", "1", "--decode", "4", "--only", "decode"])
    #expect(table.ending == .exited(0))
    #expect(table.text.split(separator: "\n").count == 5)
    #expect(table.text.contains("| decode 4 "))
    let csv = try bench(["--threads", "1", "--decode", "4", "--only", "decode", "--format", "csv"])
    let lines = csv.text.split(separator: "\n")
    #expect(lines.count == 3 && lines[1].hasPrefix("decode 4,1,tokens/s,"))
  }

  @Test(
    arguments: [
      ["--threads", "0"], ["--threads", "1025"], ["--threads", "1,"], ["--prompt", "a"], ["--repeats", "0"],
      ["--decode", "0"], ["--format", "xml"], ["--only", "lunch"], ["--pictures", "-14"],
    ])
  func wrongOptionsAreUsageErrors(_ arguments: [String]) throws {
    let result = try bench(arguments)
    #expect(result.ending == .exited(64) && result.text == "")
    #expect(result.errorOutput.hasPrefix("tinygptv: "))
  }

  @Test(arguments: [("--prompt", "100000"), ("--decode", "100000"), ("--pictures", "15")])
  func whatDoesNotFitTheModelIsNamed(_ option: String, _ value: String) throws {
    let result = try bench([option, value])
    #expect(result.ending == .exited(65) && result.text == "")
    #expect(result.errorOutput.contains(option) && result.errorOutput.contains(value))
  }

  @Test func anInterruptEndsWithWhatWasMeasured() throws {
    // A shell sends the signal, as soon as the program catches it (bit 1 of the mask).
    let script = """
      "$0" bench --model "$1" --threads 1 --repeats 1000 --only prompt,decode --prompt 8 --decode 4 & child=$!
      until grep -q '^SigCgt:.*[2367abef]$' /proc/$child/status; do sleep 0.01; done
      kill -INT $child; wait $child
      """
    let result = try ChildProcess.run(
      ["/bin/bash", "-m", "-c", script, ChildProcess.executable, TinyModel.path("tiny-a")], seconds: 30)
    #expect(result.ending == .exited(130))
    #expect(result.text.contains("| work"))
    #expect(result.errorOutput.contains("stopped"))
  }
}
