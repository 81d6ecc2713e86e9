import Diagnostics
import Pictures
import Tensors
import TinyGPTV
import Tokenization

/// A model with what it has computed lately: pictures, and the keys and values of the last prompt. Blocks its thread.
///
/// Not safe to use from two threads at once; ``Engine`` and ``ModelEngine`` keep it on a queue of its own.
final class ModelCore {
  /// The model.
  let model: TinyGPTVModel
  /// How many pictures went through the vision tower, for tests.
  private(set) var encodedPictures = 0
  /// How many tokens came, for tests.
  private(set) var generatedTokens = 0
  /// Bytes of memory that can be had, nil if nobody knows.
  var availableMemory: () -> Int? = { SystemMemory.available }

  /// The logits behind the last prompt, for tests.
  var promptLogits: [Float] { context?.logits ?? [] }

  /// What earlier runs made of pictures. For keys that tell pictures apart by content only.
  var store: PictureStore?
  private var pictures = PictureMemory()
  private var context: Context?
  private lazy var grammar = BoxGrammar(model.tokenizer)

  /// The prompt whose keys and values are in the cache.
  private struct Context {
    let cache: KeyValueCache
    /// The blocks, and how many tokens there are up to the end of each.
    var blocks: [(block: PromptBlock, end: Int)] = []
    /// The logits behind the last block.
    var logits: [Float] = []

    /// How many tokens there are up to the end of the first so many blocks.
    func end(of count: Int) -> Int { count > 0 ? blocks[count - 1].end : 0 }

    /// The tokens, without the pictures between them.
    var tokens: [Int] {
      blocks.flatMap { $0.block.pieces }.flatMap { if case .tokens(let ids) = $0 { ids } else { [Int]() } }
    }

    /// Forgets all but the first so many blocks, and what an answer left behind them.
    mutating func keep(_ count: Int) {
      cache.truncate(to: end(of: count))
      if count < blocks.count { logits = [] }
      blocks.removeLast(blocks.count - count)
    }
  }

  /// Loads a model.
  ///
  /// - Throws: ``InputError`` if the file is not a model.
  init(path: String) throws(InputError) { model = try TinyGPTVModel(path: path) }

  // MARK: Adapters

  /// Makes an adapter available, in place of one of the same name.
  func add(_ adapter: Adapter) throws(InputError) {
    if model.adapters.contains(where: { $0.name == adapter.name }) {
      pictures.forget(adapter: adapter.name)
      context = nil
    }
    try model.add(adapter)
  }

  /// Switches to an adapter, or to none. What was computed with another one is not used any more.
  func use(adapter name: String?) throws(InputError) {
    guard name != model.activeAdapter else { return }
    try model.use(adapter: name)
    context = nil
  }

  /// The adapter in use, if it changes what the towers see. One that changes the projections only does not.
  private var adapterOfTowers: String? {
    let overrides = model.adapters.first { $0.name == model.activeAdapter }?.overrides.keys
    let changes = overrides?.contains { $0.hasPrefix("v.") || $0.hasPrefix("qf.") } ?? false
    return changes ? model.activeAdapter : nil
  }

  // MARK: Pictures

  /// What is remembered of a picture.
  func remembered(picture key: String) -> PromptPicture? {
    let entry = PictureMemory.Key(picture: key, adapter: adapterOfTowers)
    if let queries = pictures.queries(entry) { return PromptPicture(key: key, queries: queries) }
    guard entry.adapter == nil, let queries = store?.queries(key) else { return nil }
    pictures.remember(entry, queries)
    return PromptPicture(key: key, queries: queries)
  }

  /// Encodes a picture and remembers it; nil if `onLayer` stopped it.
  func encode(_ picture: Picture, key: String, onLayer: LayerCheck) throws(InputError) -> PromptPicture? {
    guard let queries = try model.pictureQueries(picture, onLayer: onLayer) else { return nil }
    encodedPictures += 1
    pictures.remember(.init(picture: key, adapter: adapterOfTowers), queries)
    if adapterOfTowers == nil { store?.keep(key, queries) }
    return PromptPicture(key: key, queries: queries)
  }

  // MARK: Prompts

  /// How many tokens a prompt has.
  func tokens(of blocks: [PromptBlock]) -> Int {
    blocks.reduce(0) { $0 + rows(of: $1) }
  }

  private func rows(of block: PromptBlock) -> Int {
    block.pieces.reduce(0) { sum, piece in
      switch piece {
      case .tokens(let ids): sum + ids.count
      case .picture(let picture): sum + picture.queries.rows
      }
    }
  }

  private func embeddings(of block: PromptBlock) throws(InputError) -> Tensor {
    var segments: [[Int]] = [[]]
    var vectors: [Tensor] = []
    for piece in block.pieces {
      switch piece {
      case .tokens(let ids): segments[segments.count - 1] += ids
      case .picture(let picture):
        vectors.append(try model.pictureVectors(queries: picture.queries))
        segments.append([])
      }
    }
    return model.embeddings(segments: segments, pictures: vectors)
  }

  /// Brings a prompt into the cache, of which the beginning may be there already.
  ///
  /// - Parameters:
  ///   - report: is told the share that is done and says whether to go on.
  /// - Returns: how many tokens were there already; nil if `report` stopped it.
  func read(_ blocks: [PromptBlock], report: (Double) -> Bool) throws(ModelFault) -> Int? {
    let total = tokens(of: blocks)
    try ModelFault.when(.context) { () throws(InputError) in try model.checkFits(tokens: total) }
    var context = if let known = self.context { known } else { try newContext() }
    // Not kept if what follows throws.
    self.context = nil
    var common = zip(context.blocks, blocks).prefix { $0.block == $1 }.count
    // The logits are those behind the last block only.
    if common == blocks.count, common < context.blocks.count || context.logits.isEmpty { common -= 1 }
    context.keep(max(common, 0))
    let reused = context.end(of: context.blocks.count)
    try requireMemory(tokens: total - reused + Self.reserve)
    for block in blocks.dropFirst(context.blocks.count) {
      let before = context.cache.count
      let logits = try ModelFault.when(.numbers) { () throws(InputError) in
        let inputs = try embeddings(of: block)
        return try model.logits(after: inputs, cache: context.cache) { layer, count in
          let rows = Double(before - reused) + Double(inputs.rows) * Double(layer) / Double(count)
          return report(rows / Double(max(total - reused, 1)))
        }
      }
      guard let logits else {
        self.context = context
        return nil
      }
      context.blocks.append((block, context.cache.count))
      context.logits = logits
    }
    self.context = context
    return reused
  }

  /// An ordinary answer's tokens, for which there should be memory too.
  private static let reserve = 100

  private func newContext() throws(ModelFault) -> Context {
    let tokens = model.configuration.phi.contextLength
    guard SystemMemory.canAllocate(model.cacheBytes(tokens: tokens)) else {
      throw tooLittleMemory(wanted: model.cacheBytes(tokens: tokens), found: "less")
    }
    return Context(cache: model.makeCache())
  }

  /// Throws unless the keys and values of this many more tokens will fit.
  private func requireMemory(tokens: Int) throws(ModelFault) {
    let wanted = model.cacheBytes(tokens: tokens)
    guard let available = availableMemory(), available < wanted else { return }
    throw tooLittleMemory(wanted: wanted, found: SystemMemory.text(available))
  }

  private func tooLittleMemory(wanted: Int, found: String) -> ModelFault {
    ModelFault(
      kind: .memory,
      error: InputError(
        file: "memory for the conversation", expected: "\(SystemMemory.text(wanted)) that are free", found: found,
        remedy: "Close other programs, or go on with a shorter conversation."))
  }

  // MARK: Answers

  /// Continues the prompt that ``read(_:report:)`` brought into the cache.
  ///
  /// - Parameters:
  ///   - looksUp: whether tokens are guessed by what was said before. Faster where there are boxes, the same answer.
  ///   - onText: gets the answer's pieces.
  ///   - isCancelled: is asked before every token.
  func answer(
    sampling: SamplingOptions, maximumTokens: Int, stopText: String?, looksUp: Bool = true, onText: (String) -> Void,
    isCancelled: () -> Bool
  ) throws(InputError) -> Answer {
    guard let context else { preconditionFailure("no prompt was read") }
    let start = ContinuousClock.now
    var writer = AnswerWriter(tokenizer: model.tokenizer, stopText: stopText)
    defer { context.cache.truncate(to: context.end(of: context.blocks.count)) }
    let generation = try model.generate(
      after: context.logits, cache: context.cache, sampling: sampling, maximumTokens: maximumTokens,
      endsAtEndOfText: stopText != nil,
      draft: looksUp ? LookupDraft(grammar: grammar, conversation: context.tokens) : nil
    ) { token in
      generatedTokens += 1
      if isCancelled() { return .cancelled }
      let text = writer.append(token)
      if !text.isEmpty { onText(text) }
      return writer.hasStopped ? .stop : nil
    }
    let rest = writer.finish()
    if !rest.isEmpty { onText(rest) }
    var timings = AnswerTimings()
    timings.decodeSeconds = start.secondsSince
    timings.promptTokens = context.end(of: context.blocks.count)
    timings.tokens = writer.tokenCount
    timings.passes = generation.passes
    return Answer(text: writer.text, tokens: writer.tokens, stopReason: generation.stopReason, timings: timings)
  }
}
