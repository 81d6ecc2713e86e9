import Foundation
import TestSupport
import Testing

@testable import Training

/// A run that is stopped, however rudely, goes on as if it had not been.
struct TrainResumeTests {
  @Test func aKilledRunEndsLikeOneThatWasNot() throws {
    let reference = try TrainingReference("tiny-a")
    try withTemporaryFolder { folder in
      let lines = ["iters_per_epoch: 400", "save_every: 7", "keep_checkpoints: 2", "warmup_steps: 20"]
      // Dropout and a shuffled order draw random numbers, which must be drawn again alike.
      let model = ["lora_dropout: 0.1"]
      let whole = folder.appendingPathComponent("whole")
      let killed = folder.appendingPathComponent("killed")
      for part in [whole, killed] {
        try FileManager.default.createDirectory(at: part, withIntermediateDirectories: true)
      }
      let configuration = try reference.write(in: whole, model: model, run: lines)
      let undisturbed = try ChildProcess.tinygptv(["train", "--config", configuration, "--quiet"])
      #expect(undisturbed.ending == .exited(0), "\(undisturbed.errorOutput)")

      let other = try reference.write(in: killed, model: model, run: lines)
      let run = killed.appendingPathComponent("run").path
      var generator = TestGenerator(state: 7)
      var kills = 0
      var isFinished = false
      for _ in 0..<200 where !isFinished {
        let hasCheckpoint = !CheckpointStore(directory: run + "/checkpoints").steps().isEmpty
        // After twenty kills it may end; before, it gets too little time for that.
        let share = Double(generator.next() % 1000) / 1000
        let seconds = kills < 20 ? undisturbed.seconds * (0.015 + 0.05 * share) : 60
        let result = try ChildProcess.tinygptv(
          ["train", "--config", other, "--quiet"] + (hasCheckpoint ? ["--resume", run] : []), seconds: seconds)
        if result.ending == .timedOut { kills += 1 }
        isFinished = result.ending == .exited(0)
        #expect(result.ending == .timedOut || isFinished, "\(result.errorOutput)")
      }
      #expect(isFinished)
      #expect(kills >= 20)
      let expected = whole.appendingPathComponent("run").path
      #expect(
        try MetricsLog.read(path: run + "/metrics.jsonl").map(\.withoutTiming)
          == MetricsLog.read(path: expected + "/metrics.jsonl").map(\.withoutTiming))
      let values = try CheckpointStore.load(path: expected + "/checkpoints/step-000400").tensors
      let resumed = try CheckpointStore.load(path: run + "/checkpoints/step-000400").tensors
      #expect(values.count == resumed.count)
      for (name, tensor) in values {
        #expect(resumed[name]?.bytes.elementsEqual(tensor.bytes) == true, "\(name)")
      }
    }
  }

  @Test func aFinishedRunIsNotOverwritten() throws {
    let reference = try TrainingReference("tiny-a")
    try withTemporaryFolder { folder in
      let run = try reference.run(in: folder)
      let before = try Data(contentsOf: URL(fileURLWithPath: run + "/metrics.jsonl"))
      let again = try ChildProcess.tinygptv(["train", "--config", folder.appendingPathComponent("stage4.yaml").path])
      #expect(again.ending == .exited(65))
      #expect(again.errorOutput.contains("--resume"))
      #expect(try Data(contentsOf: URL(fileURLWithPath: run + "/metrics.jsonl")) == before)
    }
  }
}
