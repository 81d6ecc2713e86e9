import Diagnostics
import Scenes
import TinyGPTV
import Tensors

/// Scenes drawn when they are wanted, and talk about them that is new in every pass.
struct SceneSource: ConversationSource {
  let settings: SceneSettings
  private let style: SceneStyle

  init(_ settings: SceneSettings) {
    self.settings = settings
    style = SceneStyle(settings)
  }

  var count: Int { settings.count }

  /// The scene with this number. Scenes of different seeds have nothing in common.
  func scene(_ record: Int) -> Scene {
    var generator = SplitMix64(state: UInt64(bitPattern: Int64(settings.seed)) &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(record))
    return Scene(seed: generator.next(), style: style)
  }

  func conversation(_ reference: SampleReference) throws(InputError) -> Conversation {
    let scene = scene(reference.record)
    let talk = SceneTalk(
      scene: scene, style: TalkStyle(settings.style), seed: reference.seed, aspects: settings.talkAspects)
    return Conversation(
      picture: RecordPicture(key: ContentDigest(of: Array("\(scene) \(style)".utf8))) { scene.picture() },
      turns: talk.turns(count: settings.turns).map { ($0.instruction, $0.answer, $0.aspect.rawValue) },
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
