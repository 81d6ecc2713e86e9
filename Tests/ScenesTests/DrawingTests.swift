import Foundation
import Pictures
import Testing

@testable import Scenes

/// An object drawn alone on black and on white, which together tell how much of each pixel is the object.
struct DrawnObject {
  let width, height: Int
  /// From 0 to 1, row by row.
  let alpha: [Float]

  init(_ scene: Scene, _ index: Int, scale: Point = Point(1, 1)) {
    let (width, height) = (Int(Double(scene.width) * scale.x), Int(Double(scene.height) * scale.y))
    (self.width, self.height) = (width, height)
    let grounds = [UInt8(0), 255].map { level in
      var canvas = Canvas(width: width, height: height, pixels: [UInt8](repeating: level, count: 3 * width * height))
      scene.draw(index, scene.shade(of: index), needsLine: false, scale: scale, on: &canvas)
      return canvas.pixels
    }
    alpha = (0..<width * height).map { 1 - (Float(grounds[1][3 * $0]) - Float(grounds[0][3 * $0])) / 255 }
  }

  /// The edges of the pixels that are covered at least so much: left, upper, right, lower.
  func edges(coverage: Float) -> [Int] {
    let seen = alpha.indices.filter { alpha[$0] >= coverage }
    let (columns, rows) = (seen.map { $0 % width }, seen.map { $0 / width })
    return [columns.min() ?? 0, rows.min() ?? 0, (columns.max() ?? 0) + 1, (rows.max() ?? 0) + 1]
  }
}

/// How scenes look.
struct DrawingTests {
  @Test func theSameSeedGivesTheSamePixels() async {
    let scenes = (0..<40).map { Scene(seed: UInt64($0)) }
    let first = scenes.map { $0.picture(width: 96, height: 80) }
    let second = await withTaskGroup(of: (Int, Picture).self) { group in
      for (index, scene) in scenes.enumerated() { group.addTask { (index, scene.picture(width: 96, height: 80)) } }
      return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    for (index, picture) in first.enumerated() { #expect(second[index] == picture, "scene \(index)") }
    #expect(first[0] != first[1])
  }

  @Test(arguments: [Point(1, 1), Point(0.7, 1.2)]) func boxesAreTight(scale: Point) {
    var style = SceneStyle()
    style.sidePixels = 64...400
    style.objectCount = 1...1
    for seed in 0..<6 * ObjectKind.allCases.count {
      style.kinds = [ObjectKind.allCases[seed % ObjectKind.allCases.count]]
      let scene = Scene(seed: UInt64(seed), style: style)
      let object = scene.objects[0]
      // Shapes are exact. Icons have edges a few pixels soft, and whiskers and spokes that grow pale when they shrink.
      let (coverage, tolerance): (Float, Double) = object.kind.isShape ? (0.05, 1.01) : (0.3, 2)
      let edges = DrawnObject(scene, 0, scale: scale).edges(coverage: coverage).map { Double($0) }
      let box = [object.x0 * scale.x, object.y0 * scale.y, object.x1 * scale.x, object.y1 * scale.y]
      for (edge, expected) in zip(edges, box) {
        #expect(abs(edge - expected) <= tolerance, "\(object.kind) of seed \(seed): \(edges) for \(box)")
      }
    }
  }

  /// A scene drawn at another size is the same scene: it resembles the large one made small.
  @Test func otherSizesShowTheSame() {
    var style = SceneStyle()
    style.hasTexturedBackgrounds = false
    style.hasDegradations = false
    style.sidePixels = 200...400
    for seed in 0..<30 {
      let scene = Scene(seed: UInt64(seed), style: style)
      let direct = scene.picture(width: 112, height: 112, style: style)
      let reduced = scene.picture(style: style).resized(width: 112, height: 112)
      let difference = zip(direct.pixels, reduced.pixels).reduce(0.0) { $0 + abs(Double($1.0) - Double($1.1)) }
      #expect(difference / Double(direct.pixels.count) < 4, "seed \(seed)")
    }
  }

  @Test func shapesDifferFromTheirBackground() {
    var faint = 0
    for seed in 0..<500 {
      let scene = Scene(seed: UInt64(seed))
      let shades = scene.objects.indices.map { scene.shade(of: $0) }
      let background = Background(behind: shades, seed: scene.seed, isTextured: true)
      if shades.contains(where: { background.contrast(to: $0) < 0.15 }) { faint += 1 }
    }
    // Those few have a line around them.
    #expect(faint <= 25)
  }

  /// No shade of a colour is nearer to the middle of another colour than to its own.
  @Test func shadesKeepTheirNames() {
    func middle(_ colour: SceneColour) -> Shade {
      let range = colour.range
      func mean(_ range: ClosedRange<Double>) -> Double { (range.lowerBound + range.upperBound) / 2 }
      return Shade(lightness: mean(range.lightness), chroma: mean(range.chroma), hue: mean(range.hue))
    }
    var random = SceneRandom(seed: 1, stream: .shades)
    for colour in SceneColour.allCases {
      for _ in 0..<200 {
        let shade = colour.shade(&random)
        let nearest = SceneColour.allCases.min { shade.distance(to: middle($0)) < shade.distance(to: middle($1)) }
        #expect(nearest == colour)
      }
    }
  }

  @Test func simpleStylesAreSimple() {
    var style = SceneStyle()
    style.hasTexturedBackgrounds = false
    style.hasDegradations = false
    style.objectCount = 1...1
    for seed in 0..<40 {
      let picture = Scene(seed: UInt64(seed), style: style).picture(width: 100, height: 100, style: style)
      let corner = Array(picture.pixels[0..<3])
      let plain = stride(from: 0, to: picture.pixels.count, by: 3).count {
        Array(picture.pixels[$0..<$0 + 3]) == corner
      }
      #expect(plain > 4000, "seed \(seed)")
    }
  }

  @Test func iconsAreThere() throws {
    try Scene.loadIcons()
    for kind in ObjectKind.icons {
      let icon = IconLibrary.icon(kind)
      #expect(max(icon.levels[0].width, icon.levels[0].height) > 100 && icon.levels.count > 3)
      #expect((0.2...1).contains(icon.filledPart), "\(kind) fills \(icon.filledPart)")
    }
  }

  @Test func coverageIsExact() {
    let square = [Point(1.25, 2.5), Point(4.5, 2.5), Point(4.5, 5), Point(1.25, 5)]
    let mask = CoverageMask([square], pictureWidth: 10, pictureHeight: 10)
    #expect(mask.left == 1 && mask.top == 2 && mask.width == 4 && mask.height == 3)
    #expect(mask.values[0..<4].elementsEqual([0.375, 0.5, 0.5, 0.25]))
    #expect(mask.values[4..<8].elementsEqual([0.75, 1, 1, 0.5]))
    // Polygons that overlap cover once, whichever way round they go; what is outside is cut off.
    let union = CoverageMask([square, square.reversed()], pictureWidth: 3, pictureHeight: 4)
    #expect(union.values.elementsEqual([0.375, 0.5, 0.75, 1]))
  }
}
