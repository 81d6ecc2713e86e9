import Foundation
import TestSupport
import Testing

@testable import Training

/// Records that cannot be used, through the program.
struct TrainBrokenRecordTests {
  private static func good(_ answer: String) -> String { #"{"instruction": "what?", "answer": "\#(answer)"}"# }

  /// A run on these lines in their order, one a step.
  private func configuration(in folder: URL, _ lines: [String], limit: Int, run: [String]) throws -> String {
    let path = try TrainingReference("tiny-a").write(
      in: folder, dataset: "batch_size: 1, shuffle: false, max_broken: \(limit)", run: run)
    try lines.joined(separator: "\n").write(
      to: folder.appendingPathComponent("data.jsonl"), atomically: true, encoding: .utf8)
    return path
  }

  private func train(_ configuration: String, _ more: [String] = []) throws -> ChildProcess.Result {
    try ChildProcess.tinygptv(["train", "--config", configuration, "--quiet"] + more)
  }

  @Test func asManyAsMayBeAreSkippedAndNamed() throws {
    try withTemporaryFolder { folder in
      // No JSON, and no picture there.
      let lines = [Self.good("a"), "{", Self.good("b"), #"{"image": "none.png", "instruction": "", "answer": "c"}"#]
      let steps = ["iters_per_epoch: 6"]
      let within = try train(configuration(in: folder, lines, limit: 2, run: steps))
      #expect(within.ending == .exited(0), "\(within.errorOutput)")
      // Each once, though they came by thrice.
      #expect(within.errorOutput.components(separatedBy: "data.jsonl:2").count == 2, "\(within.errorOutput)")
      #expect(within.errorOutput.components(separatedBy: "none.png").count == 2)
      #expect(try MetricsLog.read(path: folder.path + "/run/metrics.jsonl").count == 6)

      let beyond = try train(configuration(in: folder, lines, limit: 1, run: steps + ["output_dir: second"]))
      #expect(beyond.ending == .exited(65))
      #expect(
        beyond.errorOutput.contains("Dataset pair has more than 1 broken records: mend it, or raise its max_broken"))
      #expect(CheckpointStore(directory: folder.path + "/second/checkpoints").loadLatest().checkpoint?.step == 2)
    }
  }

  @Test func theBudgetGoesOnWithTheRun() throws {
    try withTemporaryFolder { folder in
      let lines = [Self.good("a"), "{", Self.good("b"), Self.good("c"), "}", Self.good("d")]
      let short = try train(configuration(in: folder, lines, limit: 1, run: ["iters_per_epoch: 3"]))
      #expect(short.ending == .exited(0), "\(short.errorOutput)")
      #expect(short.errorOutput.contains("data.jsonl:2"))
      // The first is spent already; the second is one too many.
      let longer = try configuration(in: folder, lines, limit: 1, run: ["iters_per_epoch: 8"])
      let resumed = try train(longer, ["--resume", folder.path + "/run"])
      #expect(resumed.ending == .exited(65))
      #expect(resumed.errorOutput.contains("data.jsonl:5"))
      #expect(resumed.errorOutput.contains("Dataset pair has more than 1 broken records"), "\(resumed.errorOutput)")
      // With one more it ends like a run that was never stopped, and does not tell again of the first.
      let wider = try configuration(in: folder, lines, limit: 2, run: ["iters_per_epoch: 8"])
      let ended = try train(wider, ["--resume", folder.path + "/run/checkpoints/step-000003"])
      #expect(ended.ending == .exited(0), "\(ended.errorOutput)")
      #expect(!ended.errorOutput.contains("data.jsonl:2") && ended.errorOutput.contains("data.jsonl:5"))
    }
  }

  @Test func validationHasABudgetToo() throws {
    try withTemporaryFolder { folder in
      let held =
        "batch_size: 1, shuffle: false}\n  held: {path: held.jsonl, split: validation, batch_size: 1, max_broken: "
      try [Self.good("a"), "{", Self.good("b")].joined(separator: "\n").write(
        to: folder.appendingPathComponent("held.jsonl"), atomically: true, encoding: .utf8)
      let reference = try TrainingReference("tiny-a")
      let refused = try train(reference.write(in: folder, dataset: held + "0"))
      #expect(refused.ending == .exited(65))
      #expect(refused.errorOutput.contains("held.jsonl:2") && refused.errorOutput.contains("in dataset held"))
      let taken = try train(reference.write(in: folder, dataset: held + "1"))
      #expect(taken.ending == .exited(0), "\(taken.errorOutput)")
      let last = try #require(MetricsLog.read(path: folder.path + "/run/metrics.jsonl").last)
      #expect(last.number("validation_loss")?.isFinite == true)
    }
  }
}
