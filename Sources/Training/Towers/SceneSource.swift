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
    style = settings.sceneStyle
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
      scene: scene, style: settings.talkStyle, seed: reference.seed, aspects: settings.talkAspects)
    return Conversation(
      picture: RecordPicture(key: ContentDigest(of: Array("\(scene) \(style)".utf8))) { scene.picture() },
      turns: talk.turns(count: settings.turns).map { ($0.instruction, $0.answer, $0.aspect.rawValue) },
      origin: "scene \(reference.record) of seed \(settings.seed)")
  }
}
