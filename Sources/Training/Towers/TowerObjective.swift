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
    var size: Int
    var targets: SceneTargets
  }

  private let vision: VisionEncoder
  private let teacher: TowerTeacher
  private let datasets: [SceneSource]
  private let imageSize: Int

  /// - Throws: ``InputError`` if the model has no vision tower, or a dataset is not made of scenes.
  init(
    _ training: TrainingModel, teacher: TowerTeacher, datasets: [any ConversationSource]
  ) throws(InputError) {
    guard let vision = training.model.vision else {
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
    imageSize = training.settings.imageSize ?? vision.configuration.imageSize
  }

  func sample(_ reference: SampleReference) throws(InputError) -> Sample {
    let source = datasets[reference.dataset]
    let scene = source.scene(reference.record)
    let size = source.settings.imageSize ?? imageSize
    return Sample(pixels: scene.picture().normalized(size: size), size: size, targets: SceneTargets(scene))
  }

  func weight(_ sample: Sample) -> Float { 1 }

  func loss(_ sample: Sample, seed: UInt64?, tally: inout Tally) -> Tensor {
    let pixels = Tensor(sample.pixels, shape: [3, sample.size, sample.size])
    let tokens = vision.pictureTokens(pixels)
    var loss = teacher.patchLoss(tokens, sample.targets, tally: &tally)
    let outputs = vision.queryLayerOutputs(tokens)
    guard let last = outputs.last else { return loss }
    let answers = teacher.queryHead(last)
    let queryOfObject = teacher.assignment(answers, sample.targets, tally: &tally)
    loss = loss.plus(teacher.queryLoss(answers, sample.targets, queryOfObject: queryOfObject))
    // Earlier layers are taught too, which a detector's queries need to settle.
    for layer in stride(from: 1, to: outputs.count - 1, by: 2) {
      let early = teacher.queryHead(outputs[layer])
      loss = loss.plus(teacher.queryLoss(early, sample.targets, queryOfObject: queryOfObject), times: 0.5)
    }
    return loss
  }
}
