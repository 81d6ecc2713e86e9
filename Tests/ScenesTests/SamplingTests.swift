import Foundation
import Testing

@testable import Scenes

/// What scenes hold, and where it stands.
struct SamplingTests {
  private static let scenes = (0..<500).map { Scene(seed: Scene.seed(ofScene: $0, inSet: 11)) }

  @Test func theSameSeedGivesTheSameScene() {
    #expect(Scene(seed: 5) == Scene(seed: 5))
    #expect(Scene(seed: 5) != Scene(seed: 6))
  }

  @Test func seedsOfSetsDiffer() {
    let seeds =
      (0..<1000).map { Scene.seed(ofScene: $0, inSet: 7) } + (0..<1000).map { Scene.seed(ofScene: $0, inSet: 8) }
    #expect(Set(seeds).count == 2000)
  }

  @Test func everythingOccurs() {
    let objects = Self.scenes.flatMap(\.objects)
    #expect(Set(objects.map(\.kind)).count == ObjectKind.allCases.count)
    #expect(Set(objects.compactMap(\.colour)).count == SceneColour.allCases.count)
    #expect(objects.allSatisfy { $0.kind.isShape == ($0.colour != nil) })
    let shapes = Double(objects.count { $0.kind.isShape }) / Double(objects.count)
    #expect((0.42...0.58).contains(shapes))
    for count in 1...6 {
      let scenes = Self.scenes.count { $0.objects.count == count }
      #expect((50...120).contains(scenes), "\(count) objects in \(scenes) of 500 scenes")
    }
    // Something to count in many scenes, and nothing to count in many.
    let repeating = Self.scenes.count { Set($0.objects.map(\.kind)).count < $0.objects.count }
    #expect((100...350).contains(repeating))
  }

  @Test func picturesHaveTheirSizes() {
    for scene in Self.scenes {
      let (short, long) = (min(scene.width, scene.height), max(scene.width, scene.height))
      #expect(short >= 64 && long <= 1024 && long <= 2 * short, "\(scene.width) × \(scene.height)")
    }
  }

  @Test func objectsHaveTheirSizesAndStandInside() {
    for scene in Self.scenes {
      let side = Double(min(scene.width, scene.height))
      for object in scene.objects {
        #expect(object.x0 >= 0 && object.y0 >= 0)
        #expect(object.x1 <= Double(scene.width) && object.y1 <= Double(scene.height))
        let (longer, shorter) = (max(object.size.x, object.size.y), min(object.size.x, object.size.y))
        let least = Scene.minimumPixels(object.kind)
        #expect((object.kind.isShape ? shorter : longer) >= least - 1e-9)
        #expect(longer >= 0.08 * side - 1e-9)
        // Least sizes come first: a long rectangle must be 12 pixels wide.
        #expect(longer <= max(0.7 * side, 3.2 * least) + 1e-9)
        #expect(abs(object.rotation) <= 0.35)
      }
    }
  }

  @Test func objectsOverlapLittle() {
    var overlaps = 0
    for scene in Self.scenes {
      for (index, object) in scene.objects.enumerated() {
        for other in scene.objects[(index + 1)...] {
          let common = object.commonArea(other)
          guard common > 0 else { continue }
          overlaps += 1
          let union = object.size.x * object.size.y + other.size.x * other.size.y - common
          #expect(common / union <= Scene.maximumOverlap)
          #expect(!object.kind.isShape || object.colour != other.colour)
          #expect(object.kind.isShape || object.kind != other.kind)
        }
      }
    }
    #expect(overlaps > 10)
  }

  /// Measured on what is drawn, not on boxes.
  @Test func mostOfEveryObjectCanBeSeen() {
    for scene in Self.scenes where scene.objects.count > 1 {
      let scale = 200 / Double(max(scene.width, scene.height))
      let masks = scene.objects.indices.map { DrawnObject(scene, $0, scale: Point(scale, scale)).alpha }
      for index in masks.indices {
        var (whole, seen) = (Float(0), Float(0))
        for pixel in masks[index].indices where masks[index][pixel] > 0 {
          whole += masks[index][pixel]
          seen += masks[(index + 1)...].reduce(masks[index][pixel]) { $0 * (1 - $1[pixel]) }
        }
        #expect(seen >= 0.8 * whole, "seed \(scene.seed), object \(index): \(seen / whole)")
      }
    }
  }

  @Test func aStyleLimitsWhatOccurs() {
    var style = SceneStyle()
    style.objectCount = 2...3
    style.kinds = [.circle, .star, .cat]
    style.colours = [.red, .blue]
    style.sidePixels = 224...224
    style.size = 0.3...0.4
    for seed in 0..<100 {
      let scene = Scene(seed: UInt64(seed), style: style)
      #expect(scene.width == 224 && scene.height == 224)
      #expect((2...3).contains(scene.objects.count))
      for object in scene.objects {
        #expect(style.kinds.contains(object.kind) && (object.colour.map(style.colours.contains) ?? true))
        #expect((0.2999...0.4001).contains(max(object.size.x, object.size.y) / 224))
      }
    }
  }

  @Test func crowdedScenesEndWithFewerObjects() {
    var style = SceneStyle()
    style.objectCount = 12...12
    style.kinds = [.dog]
    style.sidePixels = 64...64
    let scene = Scene(seed: 3, style: style)
    #expect((2...8).contains(scene.objects.count))
  }

  @Test func stylesAreReadAndChecked() throws {
    let style = try JSONDecoder().decode(SceneStyle.self, from: Data(#"{"kinds": ["dog"], "size": [0.2, 0.3]}"#.utf8))
    #expect(style.kinds == [.dog] && style.size == 0.2...0.3 && style.objectCount == 1...6)
    try style.check(file: "x")
    var bad = style
    bad.kinds = []
    #expect(throws: (any Error).self) { try bad.check(file: "x") }
    bad = style
    bad.sidePixels = 8...64
    #expect(throws: (any Error).self) { try bad.check(file: "x") }
  }
}
