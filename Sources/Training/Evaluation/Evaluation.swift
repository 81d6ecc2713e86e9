import Diagnostics
import Dialogue
import Pictures
import Scenes
import Synchronization
import Tensors
import TinyGPTV

/// Asks a model the questions of a dataset, greedily, and scores the answers strictly.
public struct Evaluation {
  /// One question, what was expected, and what came.
  public struct Item: Sendable {
    /// The file and line of the record.
    public let origin: String
    /// The question with its tag.
    public let instruction: String
    /// The right answer.
    public let expected: String
    /// The model's.
    public let answer: String
    /// How good it is.
    public let score: AnswerScore
  }

  private let model: TinyGPTVModel
  private let dataset: JSONLinesDataset
  private let template: PromptTemplate
  private let maximumTokens: Int
  private let grammar: BoxGrammar

  /// - Parameters:
  ///   - model: with the adapter in use that is to be asked. Nobody may change it meanwhile.
  ///   - path: JSON lines, as for training.
  ///   - maximumTokens: the longest answer.
  /// - Throws: ``InputError`` if the data cannot be read.
  public init(
    _ model: TinyGPTVModel, data path: String, template: PromptTemplate = .tinygptv, maximumTokens: Int = 200
  ) throws(InputError) {
    self.model = model
    dataset = try JSONLinesDataset(path: path)
    self.template = template
    self.maximumTokens = maximumTokens
    grammar = BoxGrammar(model.tokenizer)
  }

  /// How many records there are.
  public var count: Int { dataset.count }

  /// Asks everything.
  ///
  /// Every question begins a conversation of its own, except one that follows another: that has the one before it, with
  /// the right answer, in front.
  ///
  /// - Parameters:
  ///   - limit: at most so many records.
  ///   - onItem: gets every answer, record by record in their order.
  public func run(limit: Int? = nil, onItem: (Item) throws(InputError) -> Void = { _ in }) throws(InputError)
    -> EvaluationReport
  {
    var report = EvaluationReport()
    let total = min(limit ?? count, count)
    // Some at a time, so that the first answers can be seen soon.
    for start in stride(from: 0, to: total, by: Self.group) {
      let range = start..<min(total, start + Self.group)
      let results = Mutex([Int: Result<[Item], InputError>]())
      nonisolated(unsafe) let shared = self
      ThreadPool.shared.forEach(range.count) { index in
        let result = Result<[Item], InputError> { () throws(InputError) in
          try shared.items(of: range.lowerBound + index)
        }
        results.withLock { $0[index] = result }
      }
      let finished = results.withLock { $0 }
      for index in 0..<range.count {
        for item in try finished[index]?.get() ?? [] {
          report.add(item.score)
          try onItem(item)
        }
      }
    }
    return report
  }

  private static let group = 16

  private func items(of index: Int) throws(InputError) -> [Item] {
    let record = try dataset.record(at: index)
    var vectors: [Tensor] = []
    if let path = record.imagePath { vectors = [try model.encode(try Picture(contentsOf: path))] }
    var items: [Item] = []
    var before: [[Int]] = []
    for turn in record.turns {
      let isFirst = !turn.followsPrevious || before.isEmpty
      let question = PromptTemplate.question(
        ofTurn: turn.instruction, carriesPicture: isFirst && !vectors.isEmpty)
      var segments = PromptTemplate.segments(of: template.prompt(question: question)).map(model.tokenizer.encode)
      if !isFirst {
        segments = before.dropLast() + [(before.last ?? []) + segments[0]]
      } else {
        segments[0] = model.tokenizer.beginning + segments[0]
      }
      let answer = try answer(segments, vectors)
      // For records that do not tell: the task, or talk.
      let aspect =
        turn.aspect.flatMap(TalkAspect.init(rawValue:)) ?? TalkAspect.allCases.first { $0.task == turn.task } ?? .chat
      items.append(
        Item(
          origin: record.origin.description, instruction: turn.instruction, expected: turn.answer, answer: answer,
          score: AnswerScore(aspect: aspect, expected: turn.answer, answer: answer)))
      before = segments
      before[before.count - 1] += model.tokenizer.encode(turn.answer + template.stopText)
    }
    return items
  }

  private func answer(_ segments: [[Int]], _ vectors: [Tensor]) throws(InputError) -> String {
    let inputs = model.embeddings(segments: segments, pictures: vectors)
    try model.checkFits(tokens: inputs.rows)
    let cache = model.makeCache()
    var writer = AnswerWriter(tokenizer: model.tokenizer, stopText: template.stopText)
    _ = try model.generate(
      after: try model.logits(after: inputs, cache: cache), cache: cache, sampling: SamplingOptions(),
      maximumTokens: maximumTokens, endsAtEndOfText: true,
      draft: LookupDraft(grammar: grammar, conversation: segments.flatMap { $0 })
    ) { token in
      _ = writer.append(token)
      return writer.hasStopped ? .stop : nil
    }
    _ = writer.finish()
    return writer.text
  }
}
