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
    var picture: PreparedPicture?
  }

  private let model: TinyGPTVModel
  private let datasets: [any ConversationSource]
  private let settings: [DatasetSettings]
  private let template: PromptTemplate
  private let endSymbol: String
  private let maximumTokens: Int
  private let imageSize: Int
  private let features: FrozenFeatures?
  private let blocksPerCheckpoint: Int

  /// - Parameter features: where the frozen towers' output is kept; nil if they train.
  init(
    _ training: TrainingModel, datasets: [any ConversationSource], settings: [DatasetSettings],
    features: FrozenFeatures?
  ) throws(InputError) {
    model = training.model
    self.datasets = datasets
    self.settings = settings
    self.features = features
    template = try PromptTemplate(training.settings.template)
    endSymbol = training.settings.endSymbol
    maximumTokens = training.settings.maximumTextLength
    imageSize = training.settings.imageSize ?? training.model.configuration.vision?.imageSize ?? 0
    blocksPerCheckpoint = training.settings.blocksPerCheckpoint
    let context = model.configuration.phi.contextLength
    let pictureRows = model.configuration.vision?.qFormer.queries ?? 0
    guard maximumTokens + pictureRows <= context else {
      throw InputError(
        file: "configuration", field: "model.max_txt_len",
        expected: "at most \(context - pictureRows), since the model's context has \(context) places",
        found:
          "\(maximumTokens)")
    }
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
    guard !example.targets.isEmpty else {
      throw InputError(
        file: record.origin, expected: "an answer within \(maximumTokens) tokens of text", found: "none",
        remedy: "Raise max_txt_len, or leave the record out.")
    }
    return Sample(
      example: example, picture: try record.picture?.prepared(size: imageSize, features))
  }

  func takeWarnings() -> [InputError] { features?.takeWarnings() ?? [] }

  func weight(_ sample: Sample) -> Float { Float(sample.example.targets.count) }

  func packed(_ samples: [Sample]) -> [[Sample]] {
    // As many as make some hundreds of rows: enough for efficient products, few enough for the processor's cache.
    var groups: [[Sample]] = []
    var rows = 0
    for sample in samples {
      let own = sample.example.ids.count + pictureRows(sample)
      if groups.isEmpty || rows + own > 600 {
        groups.append([])
        rows = 0
      }
      groups[groups.count - 1].append(sample)
      rows += own
    }
    return groups
  }

  private func pictureRows(_ sample: Sample) -> Int {
    sample.example.pictureOffset == nil ? 0 : model.configuration.vision?.qFormer.queries ?? 0
  }

  func loss(_ samples: [Sample], shares: [Float], seed: UInt64?, tally: inout Tally) -> Tensor {
    let targets = samples.map { $0.example.targets }
    let logits = targetLogits(samples, targets, seed: seed)
    var losses: [Tensor] = []
    var start = 0
    for (index, sample) in samples.enumerated() {
      let own = logits.rows(start..<start + targets[index].count)
      start += targets[index].count
      note(own, sample.example, targets[index], in: &tally)
      losses.append(
        own.crossEntropy(targets: targets[index].map { sample.example.ids[$0] }).scaled(by: shares[index]))
    }
    return losses.dropFirst().reduce(losses[0]) { $0.plus($1) }
  }

  /// The logits [targets of all samples, vocabulary] that tell each token that is to be learned.
  ///
  /// - Parameter targets: for each sample its targets, by their places among its tokens.
  func targetLogits(_ samples: [Sample], _ targets: [[Int]], seed: UInt64?) -> Tensor {
    var parts: [Tensor] = []
    var layout = SequenceLayout()
    // For each sample, the row of its first token if it had no picture.
    var starts: [Int] = []
    for sample in samples {
      let example = sample.example
      starts.append(layout.count)
      let pictureRows = pictureRows(sample)
      if let offset = example.pictureOffset, let vectors = vectors(of: sample) {
        if offset > 0 { parts.append(model.phi.embeddings(of: Array(example.ids[..<offset]))) }
        parts.append(vectors)
        if offset < example.ids.count { parts.append(model.phi.embeddings(of: Array(example.ids[offset...]))) }
      } else {
        parts.append(model.phi.embeddings(of: example.ids))
      }
      if let first = example.turnStarts.first {
        let ends = example.turnStarts.dropFirst() + [example.ids.count]
        layout.append(
          prefix: first + pictureRows, continuations: zip(example.turnStarts, ends).map { $1 - $0 })
      } else {
        layout.append(count: example.ids.count + pictureRows)
      }
    }
    // Only rows that tell a token of an answer are looked at.
    let rows = samples.indices.flatMap { index in
      let (example, pictureRows) = (samples[index].example, pictureRows(samples[index]))
      return targets[index].map { token in
        // An independent turn's first token is told by the prefix's last row, which begins no answer.
        starts[index] + token + (token >= example.pictureOffset ?? .max ? pictureRows : 0) - 1
      }
    }
    return model.phi.logits(
      model.phi(
        .concatenatingRows(parts), layout, dropoutSeed: seed, blocksPerCheckpoint: blocksPerCheckpoint, rows: rows))
  }

  /// The vectors of a sample's picture [queries, hidden].
  private func vectors(of sample: Sample) -> Tensor? {
    guard let picture = sample.picture, let vision = model.vision else { return nil }
    return vision.projected(picture.queries(size: imageSize, vision, features))
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
