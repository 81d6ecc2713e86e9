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
      // Dropout draws random numbers, which must be drawn again alike.
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
      var generator = SeededGenerator(state: 7)
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

  /// Everything that a step's outcome depends on besides the weights: the order of several datasets, changed pictures,
  /// dropout, accumulated batches, moments of two optimisers, what was unfrozen when, and pruning.
  @Test func everyCheckpointLeadsToTheSameEnd() throws {
    try withTemporaryFolder { folder in
      let configuration = try TrainingReference("tiny-a").write(
        in: folder,
        model: ["lora_dropout: 0.1", "unfreeze: [{step: 10, train: [\"blk.*.ffn_up.weight\", qformer]}]"],
        dataset: "batch_size: 1, augment: {flip: 0.5, colour: 0.5}}\n  other: {path: data.jsonl, batch_size: 3",
        run: [
          "iters_per_epoch: 40", "accum_grad_iters: 2", "optimizer: muon", "save_every: 5", "keep_checkpoints: 9",
          "prune: {sparsity: 0.3, begin_step: 8, end_step: 18}",
        ])
      let run = folder.appendingPathComponent("run").path
      func end() throws -> ([MetricsRecord], [String: [UInt8]]) {
        let tensors = try CheckpointStore.load(path: run + "/checkpoints/step-000020").tensors
        return (
          try MetricsLog.read(path: run + "/metrics.jsonl").map(\.withoutTiming), tensors.mapValues { Array($0.bytes) }
        )
      }
      let whole = try ChildProcess.tinygptv(["train", "--config", configuration, "--quiet"])
      #expect(whole.ending == .exited(0), "\(whole.errorOutput)")
      let expected = try end()
      #expect(expected.0.count == 20)
      // The one at step 10 was written before that step's parts were unfrozen.
      for step in [15, 10, 5] {
        let resumed = try ChildProcess.tinygptv([
          "train", "--config", configuration, "--quiet", "--resume",
          run + "/checkpoints/step-" + String(format: "%06d", step),
        ])
        #expect(resumed.ending == .exited(0), "\(resumed.errorOutput)")
        let found = try end()
        #expect(found.0 == expected.0, "from step \(step)")
        #expect(found.1 == expected.1, "from step \(step)")
      }
    }
  }

  /// A signal ends a run behind a checkpoint of what was done, whenever it comes.
  @Test(arguments: [("INT", 130), ("TERM", 143)] as [(String, Int32)])
  func aSignalSavesAndStops(_ signal: String, _ status: Int32) throws {
    try withTemporaryFolder { folder in
      let reference = try TrainingReference("tiny-a")
      // Nothing is saved before the end but by the signal.
      let lines = ["iters_per_epoch: 300", "save_every: 100000", "warmup_steps: 20"]
      let model = ["lora_dropout: 0.1"]
      _ = try reference.run(in: folder, model: model, run: lines + ["output_dir: whole"])
      let whole = folder.appendingPathComponent("whole").path
      let run = folder.appendingPathComponent("run").path
      let configuration = try reference.write(in: folder, model: model, run: lines)
      let script = """
        "$0" train --config "$1" --quiet & child=$!
        until [ "$(cat "$2/metrics.jsonl" 2>/dev/null | wc -l)" -ge 5 ]; do
          kill -0 $child || exit 99
          sleep 0.01
        done
        kill -\(signal) $child
        wait $child
        """
      let stopped = try ChildProcess.run(["/bin/sh", "-c", script, ChildProcess.executable, configuration, run])
      #expect(stopped.ending == .exited(status), "\(stopped.errorOutput)")
      #expect(stopped.errorOutput.contains("stopped; continue with --resume \(run)"), "\(stopped.errorOutput)")
      let done = try MetricsLog.read(path: run + "/metrics.jsonl").count
      #expect((5..<300).contains(done))
      #expect(CheckpointStore(directory: run + "/checkpoints").steps() == [done])

      let resumed = try ChildProcess.tinygptv(["train", "--config", configuration, "--quiet", "--resume", run])
      #expect(resumed.ending == .exited(0), "\(resumed.errorOutput)")
      func end(_ run: String) throws -> ([MetricsRecord], [String: [UInt8]]) {
        let tensors = try CheckpointStore.load(path: run + "/checkpoints/step-000300").tensors
        return (
          try MetricsLog.read(path: run + "/metrics.jsonl").map(\.withoutTiming), tensors.mapValues { Array($0.bytes) }
        )
      }
      let (found, expected) = (try end(run), try end(whole))
      #expect(found.0 == expected.0)
      #expect(found.1 == expected.1)
    }
  }

  @Test func otherDataIsNotResumed() throws {
    try withTemporaryFolder { folder in
      let reference = try TrainingReference("tiny-a")
      let run = try reference.run(in: folder)
      let other = try reference.write(in: folder, dataset: "batch_size: 1, shuffle: false", run: ["max_epoch: 2"])
      let result = try ChildProcess.tinygptv(["train", "--config", other, "--quiet", "--resume", run])
      #expect(result.ending == .exited(65))
      #expect(result.errorOutput.contains("dataset pair: expected"), "\(result.errorOutput)")
    }
  }

  @Test func anotherRunsFolderIsLeftAlone() throws {
    try withTemporaryFolder { folder in
      let reference = try TrainingReference("tiny-a")
      let first = try reference.run(in: folder)
      _ = try reference.run(in: folder, run: ["output_dir: second"])
      let metrics = URL(fileURLWithPath: first + "/metrics.jsonl")
      let before = try Data(contentsOf: metrics)
      let configuration = try reference.write(in: folder)
      let result = try ChildProcess.tinygptv([
        "train", "--config", configuration, "--quiet", "--resume",
        folder.path + "/second/checkpoints/step-000005",
      ])
      #expect(result.ending == .exited(65))
      #expect(result.errorOutput.contains("What is resumed is another run"))
      #expect(try Data(contentsOf: metrics) == before)
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
