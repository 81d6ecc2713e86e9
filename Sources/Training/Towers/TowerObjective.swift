import Diagnostics
import Pictures
import Scenes
import TinyGPTV
import Tensors

/// Teaches the vision tower and the Q-Former to tell what is where in made-up scenes, before any language is there.
///
/// Threads share the model: they only read it while a batch is computed, and it changes only between batches.
final class TowerObjective: TrainingObjective, @unchecked Sendable {
  /// A scene ready to be looked at.
  struct Sample: Sendable {
    /// Normalised pixels [3, S, S].
    var pixels: [Float]
    var targets: SceneTargets
  }

  private let vision: VisionEncoder
  private let teacher: TowerTeacher
  private let datasets: [SceneSource]
  private let imageSize: Int
  private let trained: TrainedParameters
  /// Whether the Q-Former is taught too, which costs a third of the time.
  private var teachesQueries: Bool { trained.contains(prefix: "qf.") }

  /// - Throws: ``InputError`` if the model has no vision tower, or a dataset is not made of scenes.
  init(
    _ training: TrainingModel, teacher: TowerTeacher?, datasets: [any ConversationSource]
  ) throws(InputError) {
    guard let vision = training.model.vision, let teacher else {
      throw InputError(
        file: training.model.path, expected: "a model with a vision tower", found: "a language model")
    }
    let scenes = datasets.compactMap { $0 as? SceneSource }
    guard scenes.count == datasets.count else {
      throw InputError(
        file: "configuration", field: "datasets", expected: "scenes alone, since the objective is towers",
        found: "a path", remedy: "Give a dataset the key scenes, or set run.objective to language.")
    }
    self.vision = vision
    self.teacher = teacher
    self.datasets = scenes
    trained = training.trained
    for source in scenes where source.settings.objects.upperBound > vision.configuration.qFormer.queries {
      throw InputError(
        file: "configuration", field: "datasets.scenes.objects",
        expected: "no more than the model's \(vision.configuration.qFormer.queries) queries",
        found: "\(source.settings.objects)")
    }
    imageSize = training.settings.imageSize ?? vision.configuration.imageSize
  }

  func sample(_ reference: SampleReference) throws(InputError) -> Sample {
    let source = datasets[reference.dataset]
    let scene = source.scene(reference.record)
    return Sample(pixels: source.picture(scene).normalized(size: imageSize), targets: SceneTargets(scene))
  }

  func weight(_ sample: Sample) -> Float { 1 }

  func packed(_ samples: [Sample]) -> [[Sample]] {
    // A few at a time, so that activations stay in the processor's cache.
    samples.chunked(by: 4)
  }

  func loss(_ samples: [Sample], shares: [Float], seed: UInt64?, tally: inout Tally) -> Tensor {
    let tokens = vision.pictureTokens(samples.map { Tensor($0.pixels, shape: [3, imageSize, imageSize]) })
    let patches = teacher.patchHead(tokens)
    let outputs = teachesQueries ? vision.queryLayerOutputs(tokens, pictures: samples.count) : []
    // Earlier layers are taught too, which a detector's queries need to settle.
    let taught = stride(from: outputs.count - 1, through: 0, by: -2).map { teacher.queryHead(outputs[$0]) }
    var losses: [Tensor] = []
    for (index, sample) in samples.enumerated() {
      func own(_ packed: Tensor) -> Tensor {
        let rows = packed.rows / samples.count
        return packed.rows(index * rows..<(index + 1) * rows)
      }
      var loss = teacher.patchLoss(own(patches), sample.targets, tally: &tally)
      if let last = taught.first {
        let queryOfObject = teacher.assignment(own(last), sample.targets, tally: &tally)
        for (layer, output) in taught.enumerated() {
          loss = loss.plus(
            teacher.queryLoss(own(output), sample.targets, queryOfObject: queryOfObject), times: layer == 0 ? 1 : 0.5)
        }
      }
      losses.append(loss.scaled(by: shares[index]))
    }
    return losses.dropFirst().reduce(losses[0]) { $0.plus($1) }
  }
}

extension Array {
  /// Neighbours in groups of up to `size`.
  func chunked(by size: Int) -> [[Element]] {
    stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min(count, $0 + size)]) }
  }
}
