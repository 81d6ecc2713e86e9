import Diagnostics
import Pictures
import TinyGPTV

/// A loaded model, its adapters and pictures: what ``ModelEngine`` keeps on its thread.
final class ModelSession {
  let core: ModelCore
  let description: ChatModelDescription
  private var catalog = AdapterCatalog()
  private var files = PictureFiles()
  private var tokens: [String: [Int]] = [:]

  /// Loads the model and the adapters that were given by path.
  init(_ options: ModelEngineOptions) throws(ModelFault) {
    let core = try ModelFault.when(.model) { () throws(InputError) in try Self.model(options.modelPath) }
    self.core = core
    core.store = options.pictureFolder.flatMap { PictureStore(folder: $0, model: core.model) }
    for adapter in core.model.adapters { catalog.add(adapter.name, .model, isLoaded: true) }
    var initial = core.model.activeAdapter
    for (index, path) in options.adapterPaths.enumerated() {
      let name = catalog.add(AdapterCatalog.name(of: path), .file(path), isLoaded: true)
      try ModelFault.when(.adapter) { () throws(InputError) in try Self.read(path, as: name, into: core) }
      if index == 0 { initial = name }
    }
    if let folder = options.adapterFolder { catalog.addFolder(folder) }
    description = ChatModelDescription(
      name: AdapterCatalog.name(of: options.modelPath),
      adapters: catalog.entries.map { .init(name: $0.name, summary: $0.summary) }, defaultAdapter: initial,
      contextSize: core.model.configuration.phi.contextLength, hasVision: core.model.configuration.vision != nil,
      notice: options.notice)
  }

  /// Opens a model file; errors say what can be done about it, which a reader of files does not know.
  private static func model(_ path: String) throws(InputError) -> ModelCore {
    do throws(InputError) {
      return try ModelCore(path: path)
    } catch {
      guard error.remedy == nil else { throw error }
      var explained = error
      let isCheckpoint = [".pth", ".pt", ".bin", ".safetensors"].contains { path.lowercased().hasSuffix($0) }
      explained.remedy =
        isCheckpoint
        ? "This is a checkpoint: tinygptv convert makes a model file of the checkpoint of stage 4 and what it builds on"
        : "Check that the path is right and the file whole; tinygptv convert makes model files"
      throw explained
    }
  }

  /// Brings the weights into memory, some as copies: before the first answer, not beside it, since with a part of them
  /// copied an answer might end in another last bit.
  func readAhead(_ stop: StopFlag, _ report: (Double?) -> Void) {
    while !stop.isSet, core.model.interleaveNext() { report(core.model.interleavedShare) }
    guard !stop.isSet else { return }
    core.model.readAhead { fraction in
      report(fraction)
      return !stop.isSet
    }
  }

  // MARK: Adapters

  /// Switches to an adapter, which is read first if it has not been.
  func use(adapter name: String?) throws(ModelFault) {
    if let name {
      guard let entry = catalog[name] else { throw Self.unknown(name, catalog) }
      if !entry.isLoaded, case .file(let path) = entry.source {
        try ModelFault.when(.adapter) { () throws(InputError) in try Self.read(path, as: name, into: core) }
        catalog.setLoaded(name)
      }
    }
    try ModelFault.when(.adapter) { () throws(InputError) in try core.use(adapter: name) }
  }

  private static func read(_ path: String, as name: String, into core: ModelCore) throws(InputError) {
    var adapter = try Adapter(path: path, for: core.model.configuration.phi)
    adapter.name = name
    try core.add(adapter)
  }

  private static func unknown(_ name: String, _ catalog: AdapterCatalog) -> ModelFault {
    let names = catalog.entries.map(\.name) + ["none"]
    return ModelFault(
      kind: .adapter,
      error: InputError(
        file: "adapter", expected: "one of \(names.prefix(20).joined(separator: ", "))", found: name,
        remedy: "Choose another one, or give its path with --adapter."))
  }

  // MARK: Pictures

  /// A picture's vectors; nil if it was stopped.
  func picture(
    at path: String, _ stop: StopFlag, _ seconds: inout [ChatStage: Double], _ report: (ChatEvent) -> Void
  ) throws(ModelFault) -> PromptPicture? {
    if let key = files.key(of: path), let known = core.remembered(picture: key) { return known }
    var start = ContinuousClock.now
    report(.stage(.readingPicture, fraction: nil))
    let (bytes, key) = try ModelFault.when(.picture) { () throws(InputError) in try files.read(path) }
    if let known = core.remembered(picture: key) { return known }
    let picture = try ModelFault.when(.picture) { () throws(InputError) in
      try Picture(encoded: bytes, name: path)
    }
    seconds[.readingPicture] = start.secondsSince
    start = ContinuousClock.now
    let encoded = try ModelFault.when(.picture) { () throws(InputError) in
      try core.encode(picture, key: key) { layer, count in
        report(.stage(.encodingPicture, fraction: Double(layer) / Double(count)))
        return !stop.isSet
      }
    }
    seconds[.encodingPicture] = start.secondsSince
    return encoded
  }

  // MARK: Answers

  /// An answer; nil if it was stopped before it began.
  func answer(
    _ request: ChatRequest, _ stop: StopFlag, _ report: (ChatEvent) -> Void
  ) throws(ModelFault) -> ChatStatistics? {
    try ModelFault.when(.question) { () throws(InputError) in
      try request.sampling.check()
      // Told before the picture is looked at.
      _ = try PromptTemplate.question(request.question, task: request.task, hasPicture: false)
    }
    try use(adapter: request.adapter)
    var seconds: [ChatStage: Double] = [:]
    var picture: PromptPicture?
    if let path = request.picture {
      picture = try self.picture(at: path, stop, &seconds, report)
      if picture == nil { return nil }
    }
    let contextSize = core.model.configuration.phi.contextLength
    let prompt = try ConversationPrompt(
      request, picture: picture, beginning: core.model.tokenizer.beginning, contextSize: contextSize
    ) { encoded($0) }
    if prompt.dropped > 0 { report(.droppedTurns(prompt.dropped)) }

    let start = ContinuousClock.now
    let reused = try core.read(prompt.blocks) { fraction in
      report(.stage(.readingPrompt, fraction: fraction))
      return !stop.isSet
    }
    guard let reused else { return nil }
    seconds[.readingPrompt] = start.secondsSince

    report(.stage(.answering, fraction: nil))
    var trimmer = AnswerTrimmer()
    let answer = try ModelFault.when(.numbers) { () throws(InputError) in
      try core.answer(
        sampling: request.sampling.options, maximumTokens: request.sampling.maximumTokens,
        stopText: PromptTemplate.tinygptv.stopText,
        onText: { text in
          let shown = trimmer.append(text)
          if !shown.isEmpty { report(.text(shown)) }
        },
        isCancelled: { stop.isSet })
    }
    seconds[.answering] = answer.timings.decodeSeconds
    let promptTokens = core.tokens(of: prompt.blocks)
    return ChatStatistics(
      stopReason: answer.stopReason, tokens: answer.timings.tokens, tokensPerSecond: answer.timings.tokensPerSecond,
      promptTokens: promptTokens, reusedTokens: reused,
      contextUsed: min(promptTokens + answer.timings.tokens, contextSize),
      contextSize: contextSize,
      seconds: Dictionary(uniqueKeysWithValues: seconds.map { ($0.key.rawValue, $0.value) }))
  }

  /// A text's tokens. Those of a conversation's turns are asked for with every question.
  private func encoded(_ text: String) -> [Int] {
    if let known = tokens[text] { return known }
    let ids = core.model.tokenizer.encode(text)
    if tokens.count >= Self.tokensLimit { tokens.removeAll(keepingCapacity: true) }
    tokens[text] = ids
    return ids
  }

  private static let tokensLimit = 8192
}
