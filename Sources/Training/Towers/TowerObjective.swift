import Pictures
import Scenes
import Synchronization
import TinyGPTV
import Tensors

/// Teaches the vision tower and the Q-Former to tell what is where in made-up scenes.
final class TowerObjective {
  private let vision: VisionEncoder
  private let teacher: TowerTeacher

  /// A scene ready to be looked at.
  struct Sample: Sendable {
    /// Normalised pixels [3, S, S].
    var pixels: [Float]
    var size: Int
    var targets: SceneTargets
  }

  init(vision: VisionEncoder, teacher: TowerTeacher) {
    self.vision = vision
    self.teacher = teacher
  }

  /// The loss of one scene, and what was right.
  func loss(_ sample: Sample) -> (Tensor, TowerTeacher.Tally) {
    var tally = TowerTeacher.Tally()
    let pixels = Tensor(sample.pixels, shape: [3, sample.size, sample.size])
    let tokens = vision.pictureTokens(pixels)
    var loss = teacher.patchLoss(tokens, sample.targets, tally: &tally)
    let outputs = vision.queryLayerOutputs(tokens).map { teacher.queryHead($0) }
    guard let last = outputs.last else { return (loss, tally) }
    let queryOfObject = teacher.assignment(last, sample.targets, tally: &tally)
    for (layer, output) in outputs.enumerated() where layer % 2 == 1 || layer == outputs.count - 1 {
      let weight: Float = layer == outputs.count - 1 ? 1 : 0.5
      loss = loss.plus(teacher.queryLoss(output, sample.targets, queryOfObject: queryOfObject), times: weight)
    }
    return (loss, tally)
  }
}
