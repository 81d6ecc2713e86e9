import Foundation
import Scenes
import Tensors
import TestSupport
import Testing
import TinyGPTV

@testable import Training

/// The towers' own objective: what they should tell about scenes, before there is language.
struct TrainTowersTests {
  /// Loss and slope of a tiny model with random weights, for three scenes.
  private final class Case {
    let training: TrainingModel
    let objective: TowerObjective
    let samples: [TowerObjective.Sample]

    init(in folder: URL) throws {
      var settings = ModelSettings()
      settings.path = try TrainTowersTests.model(in: folder)
      settings.train = [.group(.vision), .group(.qformer)]
      settings.imageSize = 56
      var teacher: TowerTeacher?
      training = try TrainingModel(
        settings,
        others: { model in
          guard let vision = model.configuration.vision else { return [] }
          let made = TowerTeacher(pictureWidth: vision.width, queryWidth: vision.qFormer.width, seed: 5)
          teacher = made
          return made.parameters
        }, seed: 5)
      var scenes = SceneSettings()
      (scenes.seed, scenes.count, scenes.objects, scenes.imageSize) = (7, 3, 1...3, 56)
      let objective = try TowerObjective(
        training, teacher: teacher, datasets: [SceneSource(scenes, areIndependent: false)])
      samples = try (0..<3).map {
        try objective.sample(SampleReference(dataset: 0, record: $0, pass: 0, seed: UInt64($0)))
      }
      self.objective = objective
    }

    func loss() -> Tensor {
      var tally = Tally()
      return objective.loss(samples, shares: [0.2, 0.3, 0.5], seed: nil, tally: &tally)
    }
  }

  /// A few million random weights.
  private static func model(in folder: URL) throws -> String {
    let path = folder.appendingPathComponent("tiny.gguf").path
    try RandomModel(size: .tiny, seed: 3).write(to: path, type: .f32)
    return path
  }

  /// A step along a tensor's gradient must change the loss by as much as the gradient says.
  @Test func gradientsAreTheLosssSlopes() throws {
    try withTemporaryFolder { folder in
      let made = try Case(in: folder)
      let gradients = made.loss().gradients()
      var steepest: [(entry: TrainedParameters.Entry, gradient: [Float], norm: Float)] = []
      for entry in made.training.trained.entries {
        guard let gradient = gradients[entry.master]?.floatArray() else { continue }
        steepest.append((entry, gradient, gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()))
      }
      #expect(Double(steepest.count) > 0.9 * Double(made.training.trained.entries.count))
      steepest.sort { $0.norm > $1.norm }
      for part in ["v.", "qf.", "teacher.patch", "teacher.query"] {
        let own = steepest.filter { $0.entry.name.hasPrefix(part) }.prefix(5)
        #expect(own.count >= 2, "\(part)")
        for (entry, gradient, norm) in own {
          // So far that the loss changes by some thousandths: more than its rounding, less than its curvature.
          let length = 0.004 / norm
          let before = entry.master.floatArray()
          func loss(_ sign: Float) -> Float {
            for index in before.indices {
              entry.master.floats[index] = before[index] + sign * length * gradient[index] / norm
            }
            return Tensor.withoutHistory { made.loss().floats[0] }
          }
          let slope = (loss(1) - loss(-1)) / (2 * length)
          for index in before.indices { entry.master.floats[index] = before[index] }
          #expect(abs(slope - norm) < 0.03 * norm, "\(entry.name): \(slope) for \(norm)")
        }
      }
    }
  }

  @Test func theLossFalls() throws {
    try withTemporaryFolder { folder in
      let yaml = """
        model: {path: "\(try Self.model(in: folder))", train: [vision, qformer], image_size: 56}
        datasets:
          made:
            scenes: {seed: 7, count: 4, objects: [1, 2], smallest: 0.3, textured: false, degraded: false, image_size: 56}
            batch_size: 4
        run: {objective: towers, init_lr: 1e-3, min_lr: 1e-3, max_epoch: 1, iters_per_epoch: 40, output_dir: run}
        """
      let configuration = folder.appendingPathComponent("towers.yaml").path
      try yaml.write(toFile: configuration, atomically: true, encoding: .utf8)
      let result = try ChildProcess.tinygptv(["train", "--config", configuration, "--quiet"])
      #expect(result.ending == .exited(0), "\(result.errorOutput)")
      let metrics = try MetricsLog.read(path: folder.path + "/run/metrics.jsonl")
      func mean(_ key: String, _ records: ArraySlice<MetricsRecord>) throws -> Double {
        try records.reduce(0) { try $0 + #require($1.number(key)) } / Double(records.count)
      }
      #expect(try mean("loss", metrics.suffix(5)) < 0.6 * mean("loss", metrics.prefix(2)))
      #expect(try mean("box_error_percent", metrics.suffix(5)) < mean("box_error_percent", metrics.prefix(2)))
      #expect(FileManager.default.fileExists(atPath: folder.path + "/run/model.gguf"))
    }
  }
}
