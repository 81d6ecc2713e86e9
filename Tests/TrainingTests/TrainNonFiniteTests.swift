import Foundation
import ModelFiles
import Tensors
import TestSupport
import Testing
import TinyGPTV

@testable import Training

/// Steps whose loss or gradient is no number.
struct TrainNonFiniteTests {
  /// A run on three records, the second of which has a word whose embedding is infinite.
  private func configuration(in folder: URL, records: [String] = ["a cat", "a zebra", "a dog"], run: [String]) throws
    -> String
  {
    let reference = try TrainingReference("tiny-a")
    let path = try reference.write(
      in: folder, model: ["checkpoint: poisoned.safetensors"], dataset: "batch_size: 1, shuffle: false", run: run)
    try records.map { #"{"instruction": "what is it?", "answer": "\#($0)"}"# }.joined(separator: "\n").write(
      to: folder.appendingPathComponent("data.jsonl"), atomically: true, encoding: .utf8)
    let tokenizer = reference.model.tokenizer
    let sound = Set(["###Human: what is it? ###Assistant: ", "a cat###", "a dog###"].flatMap(tokenizer.encode))
    let poisoned = try #require(tokenizer.encode("a zebra###").first { !sound.contains($0) })
    let embeddings = try #require(reference.model.parameters["token_embd.weight"]).base
    let changed = Tensor(embeddings.floatArray(), shape: embeddings.shape)
    changed.floats[poisoned * changed.width] = .infinity
    let writer = try SafetensorsWriter(
      path: folder.appendingPathComponent("poisoned.safetensors").path,
      tensors: [TensorDescription(name: "token_embd.weight", shape: changed.shape, type: .f32)])
    try writer.append(changed.bytes)
    try writer.finish()
    return path
  }

  @Test func suchAStepIsSkippedAndLoggedWithItsRecords() throws {
    try withTemporaryFolder { folder in
      let configuration = try configuration(in: folder, run: ["iters_per_epoch: 6", "max_nonfinite: 1"])
      let result = try ChildProcess.tinygptv(["train", "--config", configuration, "--quiet"])
      #expect(result.ending == .exited(0), "\(result.errorOutput)")
      #expect(result.errorOutput.contains("step 1: expected a finite loss and gradient"))
      #expect(result.errorOutput.contains("from records pair: 2. The step is left out."), "\(result.errorOutput)")
      let run = folder.appendingPathComponent("run").path
      let metrics = try MetricsLog.read(path: run + "/metrics.jsonl")
      #expect(metrics.count == 6)
      for (step, record) in metrics.enumerated() {
        let isSkipped = step % 3 == 1
        #expect((record["skipped"] != nil) == isSkipped, "step \(step)")
        #expect((record["batch"]?.string == "pair: 2") == isSkipped, "step \(step)")
        #expect(record.number("loss")?.isNaN == isSkipped, "step \(step)")
      }
      // It changes nothing: neither values nor what the optimiser keeps.
      func tensors(_ step: Int) throws -> [String: [UInt8]] {
        try CheckpointStore.load(path: run + "/checkpoints/step-00000\(step)").tensors.mapValues { Array($0.bytes) }
      }
      #expect(try tensors(1) == tensors(2))
      #expect(try tensors(2) != tensors(3))
    }
  }

  @Test func aFewInARowEndTheRun() throws {
    try withTemporaryFolder { folder in
      let configuration = try configuration(
        in: folder, records: ["a cat", "a dog"] + [String](repeating: "a zebra", count: 5),
        run: ["iters_per_epoch: 9", "max_nonfinite: 3"])
      let result = try ChildProcess.tinygptv(["train", "--config", configuration, "--quiet"])
      #expect(result.ending == .exited(65))
      #expect(result.errorOutput.contains("4 steps in a row. Lower init_lr"), "\(result.errorOutput)")
      #expect(result.errorOutput.contains("from records pair: 6"))
      let run = folder.appendingPathComponent("run").path
      #expect(try MetricsLog.read(path: run + "/metrics.jsonl").count == 6)
      // The one before is whole, and still counts the three that were skipped.
      let (last, broken) = CheckpointStore(directory: run + "/checkpoints").loadLatest()
      #expect(last?.step == 5 && broken.isEmpty)
      let resumed = try ChildProcess.tinygptv(["train", "--config", configuration, "--quiet", "--resume", run])
      #expect(resumed.ending == .exited(65))
      #expect(resumed.errorOutput.contains("4 steps in a row"), "\(resumed.errorOutput)")
    }
  }
}
