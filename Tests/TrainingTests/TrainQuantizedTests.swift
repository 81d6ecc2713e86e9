import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

/// LoRA on a frozen base that is stored in eight or four bits a weight.
struct TrainQuantizedTests {
  /// Against the same base decoded to f32. All that may differ is that quantised weights are multiplied with activations
  /// rounded to int8, 32 of them to a scale; the backward pass decodes the weights and rounds nothing.
  @Test(arguments: ["q8_0", "q4_0"])
  func lossAndGradientAreThoseOfTheDecodedBase(_ type: String) throws {
    try withTemporaryFolder { folder in
      let reference = try TrainingReference("tiny-q")
      let quantised = try TinyModel.path("tiny-q", type: type)
      let decoded = folder.appendingPathComponent("decoded.gguf").path
      let conversion = try ChildProcess.tinygptv([
        "convert", "--model", quantised, "--type", "f32", "--output", decoded,
      ])
      #expect(conversion.ending == .exited(0), "\(conversion.errorOutput)")
      func run(_ path: String, _ name: String) throws -> (metrics: [MetricsRecord], first: Checkpoint) {
        _ = try reference.run(
          in: folder, model: ["path: \(path)", "train: [lora]"], run: ["output_dir: \(name)"])
        let run = folder.appendingPathComponent(name).path
        return (
          try MetricsLog.read(path: run + "/metrics.jsonl"),
          try CheckpointStore.load(path: run + "/checkpoints/step-000001")
        )
      }
      let (ours, exact) = (try run(quantised, "ours"), try run(decoded, "exact"))
      let loss = try #require(ours.metrics[0].number("loss"))
      let exactLoss = try #require(exact.metrics[0].number("loss"))
      #expect(abs(loss - exactLoss) < 2e-3 * exactLoss)
      // It does compute with the weights as they are stored.
      #expect(loss != exactLoss)
      let names = ours.first.tensors.keys.filter { $0.hasPrefix("optimizer.mean.") }
      #expect(names.count >= 4 && names.allSatisfy { $0.contains(".lora_") })
      for name in names {
        let gradient = try #require(ours.first.tensors[name]).floatArray()
        let expected = try #require(exact.first.tensors[name]).floatArray()
        let size = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let error = zip(gradient, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        #expect(size > 0 && error < 0.03 * size, "\(name): \(error) of \(size)")
      }
      // And it learns.
      let last = try #require(ours.metrics[9].number("loss"))
      #expect(last < 0.9 * loss)
      let exactLast = try #require(exact.metrics[9].number("loss"))
      #expect(abs(last - exactLast) < 0.02 * exactLast)
    }
  }
}
