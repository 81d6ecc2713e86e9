import Foundation
import Pictures

extension Scene {
  /// To be raised when a scene is drawn in another way: what was computed from older pictures is then not used again.
  public static let drawingVersion = 1

  /// Draws the scene at its own size; the same scene and style give the same pixels.
  ///
  /// - Parameter style: whether there are textured backgrounds and degradations; the rest of it does not matter here.
  public func picture(style: SceneStyle = SceneStyle()) -> Picture {
    picture(width: width, height: height, style: style)
  }

  /// Draws the scene at another size, each side stretched on its own as when a picture is squeezed for the model. Boxes
  /// grow by `width / self.width` and `height / self.height`. Only the patterns of backgrounds are not stretched.
  public func picture(width newWidth: Int, height newHeight: Int, style: SceneStyle = SceneStyle()) -> Picture {
    let scale = Point(Double(newWidth) / Double(width), Double(newHeight) / Double(height))
    let shades = objects.indices.map { shade(of: $0) }
    let background = Background(behind: shades, seed: seed, isTextured: style.hasTexturedBackgrounds)
    var canvas = background.canvas(width: newWidth, height: newHeight)
    for index in objects.indices {
      let isFaint = background.contrast(to: shades[index]) < Background.leastContrast
      draw(index, shades[index], needsLine: isFaint, scale: scale, on: &canvas)
    }
    guard style.hasDegradations else { return canvas.picture }
    let least = objects.map { min(max($0.size.x, $0.size.y), 256) * min(scale.x, scale.y) }.min() ?? 256
    return Degradation(seed: seed, smallestObject: least).applied(to: canvas)
  }

  /// What must differ from the background: a shape's colour, the colours near an icon's outline.
  func shade(of index: Int) -> Shade {
    guard let colour = objects[index].colour else { return IconLibrary.icon(objects[index].kind).rim }
    var random = SceneRandom(seed: seed, stream: .shades, index: index)
    return colour.shade(&random)
  }

  /// Draws one object; `needsLine` makes sure of a line around a shape, which others have by chance.
  func draw(_ index: Int, _ shade: Shade, needsLine: Bool, scale: Point, on canvas: inout Canvas) {
    let object = objects[index]
    guard object.kind.isShape else {
      let box = Extent(low: Point(object.x0, object.y0) * scale, high: Point(object.x1, object.y1) * scale)
      let icon = IconLibrary.icon(object.kind)
      return canvas.draw(icon, in: box, rotation: object.rotation, isMirrored: isMirrored(index))
    }
    var random = SceneRandom(seed: seed, stream: .paint, index: index)
    let outline = object.shapeOutline().map { $0 * scale }
    let box = Extent(outline)
    let mask = CoverageMask([outline], pictureWidth: canvas.width, pictureHeight: canvas.height)
    var paint = Paint(shade)
    if random.chance(0.25) {
      let change = Float(random.uniform(0.02...0.05))
      paint = Paint(
        from: shade.lightened(by: -change), to: shade.lightened(by: change), across: box,
        angle: random.uniform(0...(2 * .pi)))
    }
    canvas.fill(mask, with: paint)
    guard random.chance(0.15) || needsLine else { return }
    let width = max(1, random.uniform(0.015...0.035) * max(box.size.x, box.size.y))
    let line = shade.vector.x < 0.35 ? shade.lightened(by: 0.35) : Shade(lightness: 0.15, chroma: 0, hue: 0)
    // A line of twice the width, of which the inner half is on the shape.
    let stroke = CoverageMask(
      Scene.stroke(along: outline, halfWidth: width), pictureWidth: canvas.width, pictureHeight: canvas.height)
    canvas.fill(mask.intersected(with: stroke), with: Paint(line))
  }

  /// Polygons whose union is a line along a closed outline.
  static func stroke(along outline: [Point], halfWidth: Double) -> [[Point]] {
    var parts: [[Point]] = []
    for (index, from) in outline.enumerated() {
      let to = outline[(index + 1) % outline.count]
      let length = ((to - from) * (to - from)).sum().squareRoot()
      guard length > 0 else { continue }
      let along = (to - from) / length
      let aside = Point(-along.y, along.x) * halfWidth
      parts.append([from + aside, to + aside, to - aside, from - aside])
      let radius = along * halfWidth
      parts.append(
        (0..<8).map { corner in
          let angle = Double.pi / 4 * Double(corner)
          return from + radius.turned(cosine: cos(angle), sine: sin(angle))
        })
    }
    return parts
  }
}
