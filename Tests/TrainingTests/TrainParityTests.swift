import Foundation
import ModelFiles
import Tensors
import TestSupport
import Testing

@testable import TinyGPTV
@testable import Training

/// A run of the program changes what upstream's program changes, by as much.
struct TrainParityTests {
  @Test(arguments: ["tiny-a", "tiny-b", "tiny-q"])
  func tenStepsAgree(_ fixture: String) throws {
    try withTemporaryFolder { folder in
      let reference = try TrainingReference(fixture)
      let run = try reference.run(in: folder)
      let metrics = try MetricsLog.read(path: run + "/metrics.jsonl")
      #expect(metrics.count == 10)
      for (record, step) in zip(metrics, 0..<10) {
        let loss = try #require(record.number("loss"))
        #expect(abs(loss - reference.losses[step]) <= 1e-4 * reference.losses[step], "loss of step \(step)")
        let rate = try #require(record.number("learning_rate"))
        #expect(abs(rate - reference.rates[step]) <= 1e-9, "rate of step \(step)")
        let norm = try #require(record.number("gradient_norm"))
        #expect(abs(norm - reference.norms[step]) <= 1e-3 * reference.norms[step], "norm of step \(step)")
      }

      // AdamW's mean of the gradient starts at 0: after one step it is a tenth of the first gradient.
      let first = try CheckpointStore.load(path: run + "/checkpoints/step-000001")
      let last = try CheckpointStore.load(path: run + "/checkpoints/step-000010")
      let names = reference.tensors.tensorNames.filter { $0.hasPrefix("train/grad/") }
      #expect(names.count > 20)
      for name in names {
        let upstream = String(name.dropFirst("train/grad/".count))
        let ours = try #require(reference.name(of: upstream), "\(upstream)")
        let mean = try #require(first.tensors["optimizer.mean." + ours], "\(ours)")
        let gradient = try reference.values(name, as: ours)
        #expect(relativeError(mean.floatArray().map { $0 * 10 }, gradient) <= 1e-3, "gradient of \(ours)")
        let value = try #require(last.tensors[ours])
        let after = try reference.values("train/after10/" + upstream, as: ours)
        #expect(relativeError(value.floatArray(), after) <= 1e-4, "\(ours) after ten steps")
      }
      // Nothing else was trained.
      let trained = last.tensors.keys.filter { !$0.hasPrefix("optimizer.") }
      #expect(Set(trained) == Set(names.compactMap { reference.name(of: String($0.dropFirst("train/grad/".count))) }))
    }
  }
}

/// The largest difference, as a part of the largest expected value.
private func relativeError(_ values: [Float], _ expected: [Float]) -> Float {
  guard values.count == expected.count else { return .infinity }
  let largest = expected.reduce(0) { max($0, abs($1)) }
  return zip(values, expected).reduce(0) { max($0, abs($1.0 - $1.1)) } / max(largest, .leastNormalMagnitude)
}

/// A fixture's training case, and how to repeat it.
struct TrainingReference {
  let fixture: String
  let model: TinyGPTVModel
  let tensors: any TensorFile
  let losses, rates, norms: [Double]
  private let images, questions, answers: [String]

  init(_ fixture: String) throws {
    self.fixture = fixture
    model = try TinyGPTVModel(path: TinyModel.path(fixture))
    tensors = try SafetensorsFile(path: Fixtures.path("\(fixture)/expected.safetensors"))
    struct Expected: Decodable {
      struct Train: Decodable {
        let images: [String]
        let instruction_input, answer: [String]
        let losses, lrs, grad_norms: [Double]
      }
      let train: Train
    }
    let file = URL(fileURLWithPath: Fixtures.path("\(fixture)/expected.json"))
    let train = try JSONDecoder().decode(Expected.self, from: Data(contentsOf: file)).train
    (losses, rates, norms) = (train.losses, train.lrs, train.grad_norms)
    images = train.images.map { Fixtures.path("\(fixture)/images/\($0)") }
    (questions, answers) = (train.instruction_input, train.answer)
  }

  /// Trains with `tinygptv train` and returns the run's folder, `run` in this one.
  func run(
    in folder: URL, model: [String] = [], dataset: String = "batch_size: 2, shuffle: false", run: [String] = []
  ) throws -> String {
    let configuration = try write(in: folder, model: model, dataset: dataset, run: run)
    let result = try ChildProcess.tinygptv(["train", "--config", configuration, "--quiet"])
    #expect(result.ending == .exited(0), "\(result.errorOutput)")
    return folder.appendingPathComponent("run").path
  }

  /// Writes the case's data and configuration and returns the latter's path.
  ///
  /// - Parameters:
  ///   - model: lines of the configuration's section of that name, in place of those of the same key.
  ///   - run: likewise.
  func write(
    in folder: URL, model modelLines: [String] = [], dataset: String = "batch_size: 2, shuffle: false",
    run runLines: [String] = []
  ) throws -> String {
    var records: [String] = []
    for index in images.indices {
      let record = ["image": images[index], "instruction": questions[index], "answer": answers[index]]
      records.append(String(decoding: try JSONEncoder().encode(record), as: UTF8.self))
    }
    try records.joined(separator: "\n").write(
      to: folder.appendingPathComponent("data.jsonl"), atomically: true, encoding: .utf8)
    func merged(_ lines: [String], _ others: [String]) -> String {
      func key(_ line: String) -> Substring { line.prefix { $0 != ":" } }
      let kept = lines.filter { line in !others.contains { key($0) == key(line) } }
      return (kept + others).map { "  \($0)" }.joined(separator: "\n")
    }
    let adapter = try #require(model.adapters.first?.name)
    let yaml = """
      model:
      \(merged(
        ["path: \(model.path)", "adapter: \(adapter)", "lora_dropout: 0", "train: [projections, norms, lora]"],
        modelLines))
      datasets:
        pair: {path: data.jsonl, \(dataset)}
      run:
      \(merged(
        [
          "init_lr: 0.001", "min_lr: 0.0001", "warmup_lr: 0.000001", "warmup_steps: 3", "max_epoch: 1",
          "iters_per_epoch: 10", "save_every: 1", "keep_checkpoints: 10", "output_dir: run",
        ], runLines))
      """
    let configuration = folder.appendingPathComponent("stage4.yaml").path
    try yaml.write(toFile: configuration, atomically: true, encoding: .utf8)
    return configuration
  }

  /// What a checkpoint of ours calls a tensor of upstream's.
  func name(of upstream: String) -> String? {
    for part in ["lora_A", "lora_B"] {
      if let range = upstream.range(of: ".\(part).default.weight") {
        return UpstreamNames.languageModel(upstream[..<range.lowerBound] + ".weight")
          .map { $0.dropLast("weight".count) + part }
      }
    }
    return UpstreamNames.languageModel(upstream)
  }

  /// A tensor of the reference with its rows in the order of ours.
  func values(_ name: String, as ours: String) throws -> [Float] {
    let tensor = try #require(tensors.tensor(named: name))
    guard ours.hasSuffix("attn_qkv.lora_B") else { return tensor.floatArray() }
    return RowSource(tensor).inModelFileOrder(model.configuration.phi).tensor().floatArray()
  }
}
