import Foundation

extension SceneObject {
  /// The middle of the box.
  var middle: Point { Point(x0 + x1, y0 + y1) / 2 }
  /// The width and height of the box.
  var size: Point { Point(x1 - x0, y1 - y0) }

  /// A shape's outline in pixels of the scene; it touches every edge of the box.
  func shapeOutline() -> [Point] {
    let (cosine, sine) = (cos(rotation), sin(rotation))
    let rectangle = ShapeOutline.rectangle(filling: size, cosine: cosine, sine: sine) ?? size
    let turned = ShapeOutline.points(kind, rectangle: rectangle).map { $0.turned(cosine: cosine, sine: sine) }
    let extent = Extent(turned)
    let scale = size / extent.size
    return turned.map { Point(x0, y0) + ($0 - extent.low) * scale }
  }
}

extension Scene {
  /// Whether the icon of this object is drawn with left and right exchanged.
  func isMirrored(_ index: Int) -> Bool { Scene.isMirrored(index, seed: seed) }

  static func isMirrored(_ index: Int, seed: UInt64) -> Bool {
    var random = SceneRandom(seed: seed, stream: .mirroring, index: index)
    return random.chance(0.5)
  }
}
