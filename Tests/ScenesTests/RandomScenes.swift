import Scenes
import TestSupport

/// A scene that nobody draws: one to six things of few kinds, so that names repeat, anywhere, overlapping a little.
func randomScene(_ seed: UInt64) -> Scene {
  var generator = SeededGenerator(state: seed)
  let (width, height) = (Int.random(in: 64...300, using: &generator), Int.random(in: 64...300, using: &generator))
  let shorter = Double(min(width, height))
  var objects: [SceneObject] = []
  for _ in 0..<Int.random(in: 1...6, using: &generator) {
    for _ in 0..<20 {
      let kinds = Bool.random(using: &generator) ? ObjectKind.shapes : ObjectKind.icons
      var kind = kinds.randomElement(using: &generator) ?? .star
      var colour = kind.isShape ? SceneColour.allCases.randomElement(using: &generator) : nil
      if let other = objects.randomElement(using: &generator), Int.random(in: 0..<3, using: &generator) == 0 {
        kind = other.kind
        if colour == nil || !kind.isShape || Bool.random(using: &generator) { colour = other.colour }
      }
      let side = shorter * Double.random(in: 0.08...0.5, using: &generator)
      let tall = side * Double.random(in: 0.7...1.3, using: &generator)
      let x = Double.random(in: 0...max(Double(width) - side, 0.1), using: &generator)
      let y = Double.random(in: 0...max(Double(height) - tall, 0.1), using: &generator)
      let object = SceneObject(
        kind: kind, colour: colour, x0: x, y0: y, x1: min(x + side, Double(width)), y1: min(y + tall, Double(height)),
        rotation: 0)
      let overlaps = objects.contains { other in
        let width = min(object.x1, other.x1) - max(object.x0, other.x0)
        let height = min(object.y1, other.y1) - max(object.y0, other.y0)
        return width > 0 && height > 0 && width * height > 0.1 * side * tall
      }
      if overlaps { continue }
      objects.append(object)
      break
    }
  }
  return Scene(width: width, height: height, objects: objects, seed: seed)
}
