import Foundation
import TestSupport
import Testing
import Tensors

@testable import Training

/// Options of a run, through the program.
struct TrainOptionsTests {
  @Test func validatesAfterEachEpoch() throws {
    // Nothing moves, and what is held out is what is trained on: both losses must agree.
    let metrics = try metrics(
      dataset: "batch_size: 2, shuffle: false}\n  held: {path: data.jsonl, split: validation, batch_size: 1",
      run: ["init_lr: 1.0e-12", "min_lr: 1.0e-12", "warmup_lr: 1.0e-12", "iters_per_epoch: 5", "max_epoch: 2"])
    #expect(metrics.indices.filter { metrics[$0].number("validation_loss") != nil } == [4, 9])
    for record in [metrics[4], metrics[9]] {
      let (loss, held) = (try #require(record.number("loss")), try #require(record.number("validation_loss")))
      #expect(abs(loss - held) < 1e-5 * loss)
      #expect(record.number("validation_token_accuracy") == record.number("token_accuracy"))
    }
  }

  @Test func validatesAsOftenAsTold() throws {
    let metrics = try metrics(
      dataset: "batch_size: 2, shuffle: false}\n  held: {path: data.jsonl, split: validation, batch_size: 1",
      run: ["validate_every: 4"])
    #expect(metrics.indices.filter { metrics[$0].number("validation_loss") != nil } == [3, 7, 9])
  }

  @Test func halfPrecisionLearnsAlmostAlike() throws {
    let reference = try TrainingReference("tiny-a")
    let metrics = try metrics(run: ["amp: true"])
    for (step, record) in metrics.enumerated() {
      let loss = try #require(record.number("loss"))
      #expect(abs(loss - reference.losses[step]) < 0.01 * reference.losses[step], "step \(step)")
    }
    // It is less precise indeed.
    let first = try #require(metrics[0].number("loss"))
    #expect(abs(first - reference.losses[0]) > 1e-6 * reference.losses[0])
  }

  /// What one run has trained another one may keep frozen.
  @Test func checkpointsOfOtherPartsCount() throws {
    try withTemporaryFolder { folder in
      let reference = try TrainingReference("tiny-a")
      let still = ["init_lr: 1.0e-12", "min_lr: 1.0e-12", "warmup_lr: 1.0e-12"]
      let matrices = "train: [\"blk.*.ffn_up.weight\"]"
      _ = try reference.run(in: folder, model: [matrices])
      let next = ["checkpoint: run"]
      _ = try reference.run(in: folder, model: next + [matrices], run: still + ["output_dir: same"])
      _ = try reference.run(in: folder, model: next + ["train: [norms]"], run: still + ["output_dir: other"])
      func firstLoss(_ run: String) throws -> Double? {
        try MetricsLog.read(path: folder.appendingPathComponent(run).path + "/metrics.jsonl")[0].number("loss")
      }
      let (before, same, other) = (try firstLoss("run"), try firstLoss("same"), try firstLoss("other"))
      #expect(same == other && same != before)
    }
  }

  @Test func muonLearns() throws {
    let options = ["train: [phi]", "lora: false"]
    let adamw = try metrics(model: options)
    let muon = try withTemporaryFolder { folder in
      let run = try TrainingReference("tiny-a").run(in: folder, model: options, run: ["optimizer: muon"])
      // A matrix that Muon moves has a momentum, and none of AdamW's variance.
      let kept = try CheckpointStore.load(path: run + "/checkpoints/step-000010").tensors
      for (name, hasVariance) in [("blk.0.ffn_up.weight", false), ("blk.0.attn_norm.weight", true)] {
        #expect(kept["optimizer.mean." + name] != nil)
        #expect((kept["optimizer.variance." + name] != nil) == hasVariance)
      }
      return try MetricsLog.read(path: run + "/metrics.jsonl")
    }
    #expect(adamw[0].number("loss") == muon[0].number("loss"))
    #expect(adamw[9].number("loss") != muon[9].number("loss"))
    let (first, last) = (try #require(muon[0].number("loss")), try #require(muon[9].number("loss")))
    #expect(last < first)
  }

  @Test func prunesAlongItsSchedule() throws {
    try withTemporaryFolder { folder in
      let run = try TrainingReference("tiny-a").run(
        in: folder, model: ["train: [\"blk.*.ffn_up.weight\", norms]"],
        run: ["prune: {sparsity: 0.5, begin_step: 2, end_step: 6}"])
      let metrics = try MetricsLog.read(path: run + "/metrics.jsonl")
      // 0.5·(1 − (1 − p)³) for p = 0, ¼, ½, ¾, 1.
      let expected = [0, 0, 0, 0.2890625, 0.4375, 0.4921875, 0.5, 0.5, 0.5, 0.5]
      #expect(metrics.map { $0.number("sparsity") } == expected)
      for (step, share) in [(5, 0.4375), (10, 0.5)] {
        let checkpoint = try CheckpointStore.load(
          path: run + "/checkpoints/step-" + String(format: "%06d", step))
        let weight = try #require(checkpoint.tensors["blk.0.ffn_up.weight"]).floatArray()
        #expect(Double(weight.count { $0 == 0 }) == (share * Double(weight.count)).rounded())
        let norm = try #require(checkpoint.tensors["blk.0.attn_norm.weight"]).floatArray()
        #expect(!norm.contains(0))
      }
    }
  }

  @Test func cutsTheSmallest() {
    let tensor = Tensor([3, -1, 2, 0.5, -2, 2], shape: [2, 3])
    MagnitudePruning.cut(tensor, share: 0.5)
    #expect(tensor.floatArray() == [3, 0, 0, 0, -2, 2])
    MagnitudePruning.cut(tensor, share: 0)
    #expect(tensor.floatArray() == [3, 0, 0, 0, -2, 2])
  }

  /// What is cut is what sorting would cut, equal values, zeros and all.
  @Test func cutsAsSortingWould() {
    var generator = SeededGenerator(state: 11)
    for count in [1, 2, 7, 1000] {
      // Few different values, so that many are equal.
      let values = (0..<count).map { _ in Float(Int(generator.next() % 41) - 20) * 0.125 }
      for share in [0.01, 0.3, 0.5, 0.999999, 1] {
        let tensor = Tensor(values, shape: [1, count])
        MagnitudePruning.cut(tensor, share: share)
        // Sorting keeps the order of equal ones.
        let order = values.indices.sorted { (abs(values[$0]), $0) < (abs(values[$1]), $1) }
        var expected = values
        for index in order.prefix(Int((share * Double(count)).rounded())) { expected[index] = 0 }
        #expect(tensor.floatArray() == expected, "\(count) values, \(share)")
      }
    }
  }

  @Test func pruningNeedsMatrices() throws {
    try withTemporaryFolder { folder in
      let configuration = try TrainingReference("tiny-a").write(
        in: folder, run: ["prune: {sparsity: 0.5, begin_step: 2, end_step: 6}"])
      let result = try ChildProcess.tinygptv(["train", "--config", configuration, "--quiet"])
      #expect(result.ending == .exited(65))
      #expect(result.errorOutput.contains("run.prune: expected matrices inside blocks among what trains"))
    }
  }

  /// Upstream counts batches; a step that averages two of them counts for two, and takes the second one's rate.
  @Test func accumulationCountsBatches() throws {
    let single = try metrics(dataset: "batch_size: 1, shuffle: false")
    let double = try metrics(dataset: "batch_size: 1, shuffle: false", run: ["accum_grad_iters: 2"])
    #expect(double.count == 5)
    for (step, record) in double.enumerated() {
      #expect(record.number("learning_rate") == single[2 * step + 1].number("learning_rate"))
    }
  }

  @Test(arguments: [
    ("adapter: none", "expected low-rank pairs to train"),
    ("unfreeze: [{step: 5, train: [\"blk.*.nowhere\"]}]", "model.unfreeze: expected groups and patterns"),
    ("max_txt_len: 100000", "model.max_txt_len: expected at most"),
    ("image_size: 57", "model.image_size: expected a multiple of"),
  ])
  func refusesWhatCannotBe(_ model: String, _ message: String) throws {
    try withTemporaryFolder { folder in
      let configuration = try TrainingReference("tiny-a").write(in: folder, model: [model])
      let result = try ChildProcess.tinygptv(["train", "--config", configuration, "--quiet"])
      #expect(result.ending == .exited(65))
      #expect(result.errorOutput.contains(message), "\(result.errorOutput)")
    }
  }

  /// What a checkpoint holds and the run has no place for is no detail.
  @Test func checkpointsMustFit() throws {
    try withTemporaryFolder { folder in
      let reference = try TrainingReference("tiny-a")
      _ = try reference.run(in: folder)
      let configuration = try reference.write(
        in: folder, model: ["checkpoint: run", "adapter: none", "train: [norms]"], run: ["output_dir: next"])
      let result = try ChildProcess.tinygptv(["train", "--config", configuration, "--quiet"])
      #expect(result.ending == .exited(65))
      #expect(result.errorOutput.contains("lora_A: expected a model with a low-rank pair there"))
    }
  }

  @Test func messagesNamePathsAsTheyWereWritten() throws {
    try withTemporaryFolder { folder in
      _ = try TrainingReference("tiny-a").write(in: folder, model: ["path: nowhere/base.gguf"])
      let result = try ChildProcess.run([
        "/bin/sh", "-c", "cd \"$1\" && exec \"$0\" train --config stage4.yaml --quiet", ChildProcess.executable,
        folder.path,
      ])
      #expect(result.ending == .exited(65))
      #expect(result.errorOutput.hasPrefix("tinygptv: nowhere/base.gguf: "), "\(result.errorOutput)")
    }
  }

  /// Two processes have the two halves of what one would have.
  @Test func ranksShareTheRecords() throws {
    let still = ["init_lr: 1.0e-12", "min_lr: 1.0e-12", "warmup_lr: 1.0e-12"]
    let dataset = "batch_size: 1, shuffle: false"
    let whole = try metrics(dataset: dataset, run: still)
    #expect(whole[0].number("loss") != whole[1].number("loss"))
    for rank in 0..<2 {
      let part = try metrics(dataset: dataset, run: still + ["world_size: 2", "rank: \(rank)"])
      #expect(part.count == 10)
      let own = try #require(whole[rank].number("loss"))
      for record in part { #expect(try abs(#require(record.number("loss")) - own) < 1e-5) }
    }
    // A pass is over when both halves are.
    let passes = try metrics(dataset: dataset, run: still + ["world_size: 2", "rank: 1", "iters_per_epoch:"])
    #expect(passes.count == 1)
  }

  @Test func scenesHaveAspectsThatAreKnown() throws {
    try withTemporaryFolder { folder in
      let reference = try TrainingReference("tiny-a")
      let scenes = "batch_size: 1}\n  made: {scenes: {seed: 1, count: 2, aspects: [colr]}, batch_size: 1"
      let configuration = try reference.write(in: folder, dataset: scenes)
      let result = try ChildProcess.tinygptv(["train", "--config", configuration, "--quiet"])
      #expect(result.ending == .exited(65))
      #expect(result.errorOutput.contains("found colr. The nearest is colour"), "\(result.errorOutput)")
    }
  }

  private func metrics(
    model: [String] = [], dataset: String = "batch_size: 2, shuffle: false", run: [String] = []
  ) throws -> [MetricsRecord] {
    try withTemporaryFolder { folder in
      let path = try TrainingReference("tiny-a").run(in: folder, model: model, dataset: dataset, run: run)
      return try MetricsLog.read(path: path + "/metrics.jsonl")
    }
  }
}
