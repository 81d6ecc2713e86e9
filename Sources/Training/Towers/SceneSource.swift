import Diagnostics
import Pictures
import Scenes
import TinyGPTV
import Tensors

/// Scenes drawn when they are wanted, and talk about them that is new in every pass.
struct SceneSource: ConversationSource {
  let settings: SceneSettings
  private let style: SceneStyle
  /// Whether no turn will see another, so that each must make sense alone.
  private let areIndependent: Bool

  /// - Throws: ``InputError`` if the icons cannot be found.
  init(_ settings: SceneSettings, areIndependent: Bool) throws(InputError) {
    self.areIndependent = areIndependent
    try Scene.loadIcons()
    self.settings = settings
    style = SceneStyle(settings)
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
      scene: scene, style: TalkStyle(settings.style), seed: reference.seed, aspects: settings.talkAspects)
    return Conversation(
      picture: RecordPicture(key: ContentDigest(of: Array("\(scene.seed) \(style)".utf8))) { [style] in
        scene.picture(style: style)
      },
      turns: talk.turns(count: settings.turns).filter { !(areIndependent && $0.followsPrevious) }
        .map { ($0.instruction, $0.answer, $0.aspect.rawValue) },
      origin: "scene \(reference.record) of seed \(settings.seed)")
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

extension TalkStyle {
  fileprivate init(_ style: SceneSettings.Style) {
    switch style {
    case .plain: self = .plain
    case .sentences: self = .sentences
    case .spanish: self = .spanish
    }
  }
}

extension SceneSettings {
  /// nil for all.
  fileprivate var talkAspects: Set<TalkAspect>? {
    aspects.isEmpty ? nil : Set(aspects.compactMap(TalkAspect.init(rawValue:)))
  }
}
