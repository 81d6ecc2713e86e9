import Diagnostics
import Dialogue
import ModelFiles
import Pictures
import Scenes
import Tensors
import TinyGPTV

/// Scenes drawn when they are wanted, and talk about them that is new in every pass.
struct SceneSource: ConversationSource {
  let settings: SceneSettings
  private let style: SceneStyle
  /// Whether no turn will see another, so that each must make sense alone.
  private let areIndependent: Bool

  private let aspects: Set<TalkAspect>?

  /// - Throws: ``InputError`` if such scenes cannot be drawn or talked about, or the icons cannot be found.
  init(_ settings: SceneSettings, areIndependent: Bool) throws(InputError) {
    self.areIndependent = areIndependent
    try Scene.loadIcons()
    self.settings = settings
    style = SceneStyle(settings)
    try style.check(file: "configuration: scenes")
    aspects = try settings.talkAspects()
  }

  var count: Int { settings.count }

  /// A scene's picture.
  func picture(_ scene: Scene) -> Picture { scene.picture(style: style) }

  /// The scene with this number. Scenes of different seeds have nothing in common.
  func scene(_ record: Int) -> Scene {
    Scene(seed: Scene.seed(ofScene: record, inSet: UInt64(settings.seed)), style: style)
  }

  func conversation(_ reference: SampleReference) throws(InputError) -> Conversation {
    let scene = scene(reference.record)
    let talk = SceneTalk(
      scene: scene, style: settings.style, seed: reference.seed, aspects: aspects)
    let turns = talk.turns(count: settings.turns).filter { !(areIndependent && $0.followsPrevious) }
    let origin = "scene \(reference.record) of seed \(settings.seed)"
    guard !turns.isEmpty else {
      throw InputError(
        file: origin, expected: "a question about it", found: "none that its aspects allow",
        remedy: "Name more aspects, ask for more objects, or raise max_broken.")
    }
    let key = "\(Scene.drawingVersion) \(scene.seed) \(style)"
    return Conversation(
      picture: RecordPicture(key: ContentDigest(of: Array(key.utf8))) { [style] in scene.picture(style: style) },
      turns: turns.map { ($0.instruction, $0.answer, $0.aspect.rawValue) }, origin: origin)
  }
}

extension SceneStyle {
  /// What the configuration wants to see. Pictures are drawn at sizes around the one at which they will be looked at:
  /// larger ones would only take longer to draw and to shrink.
  fileprivate init(_ settings: SceneSettings) {
    self.init()
    objectCount = settings.objects
    size = min(settings.smallest, settings.largest)...settings.largest
    hasTexturedBackgrounds = settings.isTextured
    hasDegradations = settings.isDegraded
    if let size = settings.imageSize { sidePixels = 64...max(128, size + size / 2) }
  }
}

extension SceneSettings {
  /// nil for all.
  fileprivate func talkAspects() throws(InputError) -> Set<TalkAspect>? {
    guard !aspects.isEmpty else { return nil }
    var known: Set<TalkAspect> = []
    for name in aspects {
      guard let aspect = TalkAspect(rawValue: name) else {
        let names = TalkAspect.allCases.map(\.rawValue)
        throw InputError(
          file: "configuration", field: "datasets.scenes.aspects", expected: names.joined(separator: ", "),
          found: name, remedy: Spelling.nearest(to: name, in: names).map { "The nearest is \($0)" })
      }
      known.insert(aspect)
    }
    return known
  }
}
