import ArgumentParser
import Benchmarking
import Diagnostics
import Foundation
import TinyGPTV

/// `tinygptv bench`: how fast a model is here, and how near that comes to what the machine can do.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure how fast a model is, and how near that comes to what the machine can do.",
    discussion: """
      Every quantity is measured --repeats times; the table has the median, and as spread how far the middle half of the \
      measurements lies apart. Its last column is the share of what loops that do nothing else reached in the same run: \
      of the machine's operations a second for a prompt or a picture, of its memory's speed for decoding. \
      For that the weights are also only read, between one token and the next, where limits are measured too.

      decode: tokens one by one, from an empty context, without an adapter. boxes: given answers with boxes, token by \
      token and with several guessed tokens checked in one pass. first token: from a picture's pixels, or \
      from a second question about it, to the logits behind the prompt. peak memory: the most that was resident, the \
      model's file included, before adapters are measured.

      Parts: \(BenchmarkPlan.Part.allCases.map(\.rawValue).joined(separator: ", ")).
      """)

  @Option(name: [.short, .long], help: ArgumentHelp("The model file (default: the bundled one).", valueName: "file"))
  var model: String?

  @Option(help: ArgumentHelp("Numbers of threads, as in 1,2 (default: 1 and one a core).", valueName: "list"))
  var threads: NumberList?

  @Option(help: "How often each quantity is measured.")
  var repeats = 5

  @Option(help: ArgumentHelp("Lengths of prompts in tokens (default: 128,512).", valueName: "list"))
  var prompt: NumberList?

  @Option(help: ArgumentHelp("How many tokens are decoded.", valueName: "tokens"))
  var decode = 64

  @Option(help: ArgumentHelp("Sides of pictures in pixels (default: 224,448).", valueName: "list"))
  var pictures: NumberList?

  @Option(help: ArgumentHelp("Only these parts, as in limits,decode.", valueName: "list"))
  var only: PartList?

  @Option(help: "table, json or csv.")
  var format = BenchmarkReport.Format.table

  func validate() throws {
    guard (1...1000).contains(repeats) else {
      throw ValidationError("--repeats: expected 1 to 1000, found \(repeats).")
    }
    guard decode >= 1 else { throw ValidationError("--decode: expected at least 1, found \(decode).") }
    if let wrong = threads?.numbers.first(where: { $0 > 1024 }) {
      throw ValidationError("--threads: expected 1 to 1024, found \(wrong).")
    }
  }

  func run() throws {
    var plan = BenchmarkPlan()
    if let only { plan.parts = only.parts }
    if let threads { plan.threads = threads.numbers }
    plan.repeats = repeats
    plan.prompts = prompt?.numbers
    plan.decodedTokens = decode
    plan.pictures = pictures?.numbers
    StopSignal.install()
    let line = StatusLine()
    let benchmark = try ModelBenchmark(
      path: model ?? BundledModel.path, plan: plan, isStopped: { StopSignal.wasSent }, onProgress: line.show)
    let report = try benchmark.run()
    line.remove()
    try FileHandle.standardOutput.write(contentsOf: Data(report.text(format).utf8))
    if StopSignal.wasSent {
      note("stopped: not everything was measured")
      throw ExitCode(StopSignal.exitStatus)
    }
  }
}

/// `1,2`: numbers of at least 1.
struct NumberList: ExpressibleByArgument {
  let numbers: [Int]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    numbers = parts.compactMap { Int($0) }
    guard numbers.count == parts.count, numbers.allSatisfy({ (1...1_000_000).contains($0) }) else { return nil }
  }
}

/// `limits,decode`: some of a benchmark's parts.
struct PartList: ExpressibleByArgument {
  let parts: Set<BenchmarkPlan.Part>

  init?(argument: String) {
    let names = argument.split(separator: ",", omittingEmptySubsequences: false)
    let known = names.compactMap { BenchmarkPlan.Part(rawValue: String($0)) }
    guard known.count == names.count else { return nil }
    parts = Set(known)
  }
}

extension BenchmarkReport.Format: ExpressibleByArgument {}
