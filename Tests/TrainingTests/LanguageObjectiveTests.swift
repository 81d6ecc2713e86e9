import Diagnostics
import Foundation
import ModelFiles
import Pictures
import Synchronization
import Tensors
import TestSupport
import Testing
import TinyGPTV

@testable import Training

/// Conversations as they are written down here.
private struct WrittenConversations: ConversationSource {
  var conversations: [Conversation]
  var count: Int { conversations.count }
  func conversation(_ reference: SampleReference) throws(InputError) -> Conversation {
    conversations[reference.record]
  }
}

/// A grey picture, and how often somebody asked for it.
private final class CountedPicture: Sendable {
  let loads = Mutex(0)

  func picture(key: String?) -> RecordPicture {
    RecordPicture(key: key.map { ContentDigest(of: Array($0.utf8)) }) { [self] in
      loads.withLock { $0 += 1 }
      return Picture(width: 2, height: 2, pixels: [UInt8](repeating: 90, count: 12))
    }
  }
}

struct LanguageObjectiveTests {
  private func training() throws -> TrainingModel {
    var settings = ModelSettings()
    settings.path = try TinyModel.path("tiny-a")
    settings.adapter = .named(try #require(try TinyGPTVModel(path: settings.path).adapters.first?.name))
    return try TrainingModel(settings, seed: 1)
  }

  private func reference(_ dataset: Int, _ record: Int = 0) -> SampleReference {
    SampleReference(dataset: dataset, record: record, pass: 0, seed: 1)
  }

  /// Turns side by side, each as if it were the only question about the picture.
  @Test(arguments: [true, false])
  func independentTurnsAreAsIfEachStoodAlone(_ hasPicture: Bool) throws {
    let turns = [
      ("[vqa] what colour is the star?", "dark red", "colour"), ("where is it?", "on the left", "position"),
      ("[vqa] how many?", "3", "count"),
    ]
    let picture = hasPicture ? CountedPicture().picture(key: nil) : nil
    func conversation(_ turns: [(String, String, String)]) -> Conversation {
      Conversation(
        picture: picture, turns: turns.map { (instruction: $0.0, answer: $0.1, label: $0.2) }, origin: "here")
    }
    var (together, alone) = (DatasetSettings(), DatasetSettings())
    (together.independentTurns, alone.independentTurns) = (true, false)
    let objective = try LanguageObjective(
      training(),
      datasets: [
        WrittenConversations(conversations: [conversation(turns)]),
        WrittenConversations(conversations: turns.map { conversation([$0]) }),
      ], settings: [together, alone], features: nil)
    let packed = try objective.sample(reference(0))
    let single = try (0..<3).map { try objective.sample(reference(1, $0)) }
    func words(_ sample: LanguageObjective.Sample) -> [Int] { sample.example.targets.map { sample.example.ids[$0] } }
    #expect(words(packed) == single.flatMap(words))
    let logits = objective.targetLogits([packed], [packed.example.targets], seed: nil).floatArray()
    let expected = single.flatMap { objective.targetLogits([$0], [$0.example.targets], seed: nil).floatArray() }
    #expect(logits.count == expected.count)
    let largest = expected.reduce(0) { max($0, abs($1)) }
    let difference = zip(logits, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(difference < 1e-5 * largest, "\(difference) of \(largest)")
    // It would show if a turn saw the one before it.
    let conversational = try LanguageObjective(
      training(), datasets: [WrittenConversations(conversations: [conversation(turns)])], settings: [alone],
      features: nil)
    let chat = try conversational.sample(reference(0))
    let seeing = conversational.targetLogits([chat], [chat.example.targets], seed: nil).floatArray()
    #expect(zip(seeing, expected).contains { abs($0 - $1) > 1e-2 * largest })
  }

  /// Nothing is left for a step but what needs weights.
  @Test func picturesAreLoadedBeforeTheStep() throws {
    try withTemporaryFolder { folder in
      let training = try training()
      let vision = try #require(training.model.configuration.vision)
      let features = FrozenFeatures(
        cache: try FeatureCache(
          directory: folder.path, fingerprint: "towers", shape: [vision.qFormer.queries, vision.qFormer.width]))
      let counted = CountedPicture()
      let conversation = Conversation(
        picture: counted.picture(key: "grey"), turns: [(instruction: "what?", answer: "grey", label: "colour")],
        origin: "here")
      let objective = try LanguageObjective(
        training, datasets: [WrittenConversations(conversations: [conversation])], settings: [DatasetSettings()],
        features: features)
      func loss(_ sample: LanguageObjective.Sample) -> Float {
        var tally = Tally()
        return objective.loss([sample], shares: [1], seed: nil, tally: &tally).floats[0]
      }
      let first = try objective.sample(reference(0))
      #expect(counted.loads.withLock { $0 } == 1)
      #expect(features.cache.count == 0)
      let computed = loss(first)
      #expect(features.cache.count == 1)
      #expect(counted.loads.withLock { $0 } == 1)
      // From now on nobody needs the picture.
      let second = try objective.sample(reference(0))
      #expect(loss(second) == computed)
      #expect(counted.loads.withLock { $0 } == 1)
    }
  }
}
