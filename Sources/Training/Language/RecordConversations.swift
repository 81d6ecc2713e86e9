import Diagnostics
import Dialogue
import Foundation
import ModelFiles
import Pictures

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
      let decoded = try Picture(encoded: bytes, name: path)
      if settings.augment.isOff {
        picture = RecordPicture(key: ContentDigest(of: bytes)) { decoded }
      } else {
        let changed = Augmentation(settings.augment).apply(decoded, record.turns, seed: reference.seed)
        turns = changed.turns
        picture = RecordPicture(key: nil) { changed.picture }
      }
    }
    // A turn that makes sense only behind another one is no question by itself.
    if settings.independentTurns { turns.removeAll(where: \.followsPrevious) }
    return Conversation(
      picture: picture, turns: turns.map { ($0.instruction, $0.answer, $0.aspect ?? Self.label($0.instruction)) },
      origin: record.origin.description)
  }

  /// What the log calls questions like this: their task, or `chat`.
  private static func label(_ instruction: String) -> String {
    VisionTask.allCases.first { instruction.contains($0.tag) }?.rawValue ?? "chat"
  }
}
