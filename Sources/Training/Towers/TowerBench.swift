import Foundation
import Scenes
import TinyGPTV
import Tensors

public enum TowerBench {
  public static func run(path: String, size: Int, batch: Int, steps: Int) throws {
    let model = try TinyGPTVModel(path: path)
    guard let vision = model.vision else { return }
    let teacher = TowerTeacher(
      pictureWidth: vision.configuration.width, queryWidth: vision.configuration.qFormer.width, seed: 1)
    let objective = TowerObjective(vision: vision, teacher: teacher)
    let parameters = TrainedParameters()
    for (name, parameter) in model.parameters.sorted(by: { $0.key < $1.key })
    where name.hasPrefix("v.") || name.hasPrefix("qf.") { parameters.add(parameter) }
    for parameter in teacher.parameters { parameters.add(parameter) }
    var generator = SplitMix64(state: 3)
    let samples = (0..<batch).map { _ in
      let pixels = (0..<3 * size * size).map { _ in Float(generator.nextUnit() * 2 - 1) }
      let scene = Scene(
        width: 100, height: 100,
        objects: (0..<3).map { i in
          SceneObject(
            kind: ObjectKind.allCases[Int(generator.next() % UInt64(ObjectKind.allCases.count))], colour: .red, x0: Double(i * 30), y0: 20,
            x1: Double(i * 30) + 25, y1: 50, rotation: 0)
        }, seed: 1)
      return TowerObjective.Sample(pixels: pixels, size: size, targets: SceneTargets(scene))
    }
    print("parameters", parameters.count)
    for step in 1...steps {
      let clock = ContinuousClock()
      let start = clock.now
      let result = BatchGradient.compute(samples: batch, parameters: parameters) { index in
        objective.loss(samples[index]).0.scaled(by: 1 / Float(batch))
      }
      let middle = clock.now
      AdamW().update(parameters, with: result.gradients, scale: 1, step: step, learningRate: 3e-4)
      let end = clock.now
      print(step, result.loss, result.gradients.norm, middle - start, end - middle)
    }
  }
}
