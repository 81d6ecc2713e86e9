import Foundation
import TestSupport
import Testing

@testable import Training

/// What saves memory and time changes no number.
struct TrainEfficiencyTests {
  @Test func checkpointingAndCachesChangeNothing() throws {
    let reference = try TrainingReference("tiny-a")
    let plain = try outcome(reference)
    for (model, run) in [
      (["blocks_per_checkpoint: 1"], []), (["blocks_per_checkpoint: 2"], []), (["blocks_per_checkpoint: 3"], []),
      ([], ["feature_cache: true"]), (["blocks_per_checkpoint: 1"], ["feature_cache: true"]), ([], ["threads: 1"]),
    ] as [([String], [String])] {
      let other = try outcome(reference, model: model, run: run)
      #expect(other.metrics == plain.metrics, "\(model + run)")
      #expect(other.tensors == plain.tensors, "\(model + run)")
    }
    // Dropout is recomputed alike.
    let dropped = try outcome(reference, model: ["lora_dropout: 0.2"])
    #expect(dropped.metrics != plain.metrics)
    let again = try outcome(reference, model: ["lora_dropout: 0.2", "blocks_per_checkpoint: 2"])
    #expect(again.metrics == dropped.metrics && again.tensors == dropped.tensors)
  }

  @Test func accumulatedLossIsAMean() throws {
    let reference = try TrainingReference("tiny-a")
    // Nothing moves, so that the steps of one run tell the losses of the parts of the other's.
    let still = ["init_lr: 1.0e-12", "min_lr: 1.0e-12", "warmup_lr: 1.0e-12"]
    let single = try outcome(reference, dataset: "batch_size: 1, shuffle: false", run: still).metrics
    let summed = try outcome(
      reference, dataset: "batch_size: 1, shuffle: false",
      run: still + ["iters_per_epoch: 20", "accum_grad_iters: 2"]
    ).metrics
    let parts = try [0, 1].map { try #require(single[$0].number("loss")) }
    let mean = try #require(summed[0].number("loss"))
    #expect(abs(parts[0] - parts[1]) > 0.01)
    #expect(abs(mean - (parts[0] + parts[1]) / 2) < 1e-5)
  }

  private func outcome(
    _ reference: TrainingReference, model: [String] = [], dataset: String = "batch_size: 2, shuffle: false",
    run: [String] = []
  ) throws -> (metrics: [MetricsRecord], tensors: [String: [UInt8]]) {
    try withTemporaryFolder { folder in
      let path = try reference.run(in: folder, model: model, dataset: dataset, run: run)
      let checkpoint = try CheckpointStore.load(path: path + "/checkpoints/step-000010")
      return (
        try MetricsLog.read(path: path + "/metrics.jsonl").map(\.withoutTiming),
        checkpoint.tensors.mapValues { Array($0.bytes) }
      )
    }
  }
}
