import Diagnostics
import Dialogue
import Foundation
import Pictures
import TinyGPTV
import Tensors
import Tokenization

/// Teaches the model to answer: cross-entropy on the answers' tokens and their end symbols.
///
/// Threads share the model: they only read it while a batch is computed, and it changes only between batches.
final class LanguageObjective: TrainingObjective, @unchecked Sendable {
  /// A conversation, and its picture.
  struct Sample: Sendable {
    var example: LanguageExample
    var picture: RecordPicture?
  }

  private let model: TinyGPTVModel
  private let datasets: [any ConversationSource]
  private let settings: [DatasetSettings]
  private let template: PromptTemplate
  private let endSymbol: String
  private let maximumTokens: Int
  private let imageSize: Int
  private let features: FrozenFeatures?
  private let dropout: Float
  private let blocksPerCheckpoint: Int

  /// - Parameter features: where the frozen towers' output is kept; nil if they train.
  init(
    _ training: TrainingModel, datasets: [any ConversationSource], settings: [DatasetSettings], features: FrozenFeatures?
  ) throws(InputError) {
    model = training.model
    self.datasets = datasets
    self.settings = settings
    self.features = features
    template = try PromptTemplate(training.settings.template)
    endSymbol = training.settings.endSymbol
    maximumTokens = training.settings.maximumTextLength
    imageSize = training.settings.imageSize ?? training.model.configuration.vision?.imageSize ?? 0
    dropout = Float(training.settings.loraDropout)
    blocksPerCheckpoint = training.settings.blocksPerCheckpoint
  }

  func sample(_ reference: SampleReference) throws(InputError) -> Sample {
    let record = try datasets[reference.dataset].conversation(reference)
    guard record.picture == nil || model.vision != nil else {
      throw InputError(
        file: model.path, expected: "a model with a vision tower, since the data has pictures",
        found: "a language model")
    }
    let example = LanguageExample(
      turns: record.turns, hasPicture: record.picture != nil, template: template, endSymbol: endSymbol,
      tokenizer: model.tokenizer, maximumTokens: maximumTokens,
      areIndependent: settings[reference.dataset].independentTurns)
    guard example.targetCount > 0 else {
      throw InputError(
        file: record.origin, expected: "an answer within \(maximumTokens) tokens of text", found: "none",
        remedy: "Raise max_txt_len, or leave the record out.")
    }
    return Sample(example: example, picture: record.picture)
  }

  func weight(_ sample: Sample) -> Float { Float(sample.example.targetCount) }

  func loss(_ sample: Sample, seed: UInt64?, tally: inout Tally) -> Tensor {
    let example = sample.example
    var parts: [Tensor] = []
    var pictureRows = 0
    if let picture = sample.picture, let offset = example.pictureOffset, let vision = model.vision {
      let queries = features?.queries(of: picture, size: imageSize, vision) ?? picture.queries(size: imageSize, vision)
      let vectors = vision.projected(queries)
      pictureRows = vectors.rows
      if offset > 0 { parts.append(model.phi.embeddings(of: Array(example.ids[..<offset]))) }
      parts.append(vectors)
      if offset < example.ids.count { parts.append(model.phi.embeddings(of: Array(example.ids[offset...]))) }
    } else {
      parts.append(model.phi.embeddings(of: example.ids))
    }
    let hidden = model.phi(Tensor.concatenatingRows(parts))
    // Token i is told by the row before it; only rows that tell something need logits.
    func row(_ index: Int) -> Int { index + (index >= example.pictureOffset ?? .max ? pictureRows : 0) - 1 }
    let targets = example.ids.indices.filter { example.isTarget[$0] }
    let logits = model.phi.logits(hidden.gatheringRows(targets.map(row)))
    note(logits, example, targets, in: &tally)
    return logits.crossEntropy(targets: targets.map { example.ids[$0] })
  }

  /// A greedy answer is right if every token is the likeliest behind the right ones before it: so the share of exact
  /// answers comes with the loss.
  private func note(_ logits: Tensor, _ example: LanguageExample, _ targets: [Int], in tally: inout Tally) {
    let likeliest = logits.largestColumns()
    let right = zip(likeliest, targets).map { $0 == example.ids[$1] }
    tally.add("token_accuracy", Double(right.count { $0 }), of: Double(right.count))
    for answer in example.answers {
      let isRight = zip(targets, right).allSatisfy { !answer.tokens.contains($0) || $1 }
      tally.add("exact_" + answer.label, isRight ? 1 : 0)
    }
  }
}
