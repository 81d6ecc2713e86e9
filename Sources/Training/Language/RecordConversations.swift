import Diagnostics
import Foundation
import ModelFiles
import Pictures
import Scenes

/// Conversations from a file of JSON lines, with their pictures.
struct RecordConversations: ConversationSource {
  private let dataset: JSONLinesDataset
  private let settings: DatasetSettings

  init(path: String, settings: DatasetSettings) throws(InputError) {
    dataset = try JSONLinesDataset(path: path)
    self.settings = settings
  }

  var count: Int { dataset.count }

  func conversation(_ reference: SampleReference) throws(InputError) -> Conversation {
    let record = try dataset.record(at: reference.record)
    var turns = record.turns
    var picture: RecordPicture?
    if let path = record.imagePath {
      let bytes = try Picture.readFile(path)
      if settings.augment.isOff {
        // Decoded only if nobody knows its features.
        picture = RecordPicture(key: ContentDigest(of: bytes)) { () throws(InputError) in
          try Picture(encoded: bytes, name: path)
        }
      } else {
        // Which turns stay true depends on the picture.
        let decoded = try Picture(encoded: bytes, name: path)
        let changed = Augmentation(settings.augment).apply(decoded, record.turns, seed: reference.seed)
        turns = changed.turns
        picture = RecordPicture(key: nil) { changed.picture }
      }
    }
    // A turn that makes sense only behind another one is no question by itself.
    if settings.independentTurns { turns.removeAll(where: \.followsPrevious) }
    return Conversation(
      picture: picture,
      turns: turns.map { ($0.instruction, $0.answer, $0.aspect ?? $0.task?.rawValue ?? TalkAspect.chat.rawValue) },
      origin: record.origin.description)
  }
}
