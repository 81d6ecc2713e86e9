import Diagnostics
import ModelFiles
import Pictures
import Tensors
import Tokenization

/// A TinyGPT-V, or a plain Phi-2, ready to compute: weights, tokenizer and adapters.
///
/// One owner at a time: the model keeps the adapter in use, and nothing in it is locked.
public final class TinyGPTVModel {
  /// The file that it came from.
  public let path: String
  /// Its sizes.
  public let configuration: TinyGPTVConfiguration
  /// Its tokenizer.
  public let tokenizer: BytePairTokenizer
  /// The language model.
  package let phi: Phi
  /// The way from a picture to the prompt, or nil for a plain Phi-2.
  package let vision: VisionEncoder?
  /// Every weight, by its name in the file.
  package let parameters: [String: Parameter]
  /// The type to which both sides of every product with a weight are rounded, for training in less precision than f32;
  /// nil to leave them as they are.
  package var productType: ScalarType? {
    didSet { for parameter in parameters.values { parameter.productType = productType } }
  }

  /// The adapters that can be switched to: first those in the file, then those added.
  public private(set) var adapters: [Adapter] = []
  /// The name of the adapter in use, or nil.
  public private(set) var activeAdapter: String?
  /// Adapters' pairs as they are multiplied fastest, by the adapter's name, of those that ``interleaveNext()`` came to.
  private var interleavedPairs: [String: [String: LowRankPair]] = [:]
  let file: any TensorFile

  init(
    file: any TensorFile, configuration: TinyGPTVConfiguration, tokenizer: BytePairTokenizer, phi: Phi,
    vision: VisionEncoder?, parameters: [String: Parameter]
  ) {
    path = file.path
    self.file = file
    self.configuration = configuration
    self.tokenizer = tokenizer
    self.phi = phi
    self.vision = vision
    self.parameters = parameters
  }

  // MARK: Adapters

  /// Makes an adapter available, in place of one of the same name.
  ///
  /// - Throws: ``InputError`` if it does not fit the model or holds NaN or infinity; the model is then unchanged.
  public func add(_ adapter: Adapter) throws(InputError) {
    try check(adapter)
    adapters.removeAll { $0.name == adapter.name }
    adapters.append(adapter)
    interleavedPairs[adapter.name] = nil
    if isInterleaved, nextToInterleave == nil { interleave(adapter) }
    if activeAdapter == adapter.name { try use(adapter: adapter.name) }
  }

  /// Throws unless the adapter fits the model and holds finite numbers.
  func check(_ adapter: Adapter) throws(InputError) {
    try adapter.check(layers: Set(phi.adaptableLayers.keys), shapes: parameters.mapValues(\.base.shape))
  }

  /// Switches to the adapter of this name, or to none. Only references change.
  ///
  /// - Throws: ``InputError`` if there is no such adapter; nothing is switched then.
  public func use(adapter name: String?) throws(InputError) {
    let adapter = adapters.first { $0.name == name }
    if let name, adapter == nil {
      throw InputError(
        file: path, field: "adapter", expected: "one of \(abbreviated(adapters.map(\.name) + ["none"]))", found: name)
    }
    let pairs = adapter.flatMap { interleavedPairs[$0.name] ?? $0.pairs } ?? [:]
    for (layerName, layer) in phi.adaptableLayers { layer.lowRank = pairs[layerName] }
    for parameter in parameters.values { parameter.value = adapter?.overrides[parameter.name] ?? parameter.base }
    activeAdapter = name
  }

  /// The first adapter that ``interleaveNext()`` has not come to.
  var nextAdapterToInterleave: Adapter? { adapters.first { interleavedPairs[$0.name] == nil } }

  /// Does the same with an adapter as ``interleaveNext()`` with the weights.
  func interleave(_ adapter: Adapter) {
    let pairs = pairsBesideInterleaved(adapter)
    interleavedPairs[adapter.name] = pairs
    guard activeAdapter == adapter.name else { return }
    for (layerName, layer) in phi.adaptableLayers { layer.lowRank = pairs[layerName] }
  }

  /// The pairs, those beside weights that were laid out anew as bytes in the same layout, if there is memory for them.
  private func pairsBesideInterleaved(_ adapter: Adapter) -> [String: LowRankPair] {
    let beside = adapter.pairs.filter { name, _ in
      phi.adaptableLayers[name]?.weight.isInterleaved == true && adapter.overrides["\(name).weight"] == nil
    }
    // Neighbours in the order of their names, which is nearly that of reading.
    let rounded = beside.compactMapValues(\.asBytes)
      .filter { $0.value.a.canBeInterleaved && $0.value.b.canBeInterleaved }
      .sorted { $0.key < $1.key }
    guard !rounded.isEmpty, let pages = WeightPages(for: rounded.flatMap { [$0.value.a, $0.value.b] }) else {
      return adapter.pairs
    }
    var result = adapter.pairs
    for (name, pair) in rounded {
      guard let a = pair.a.interleaved(in: pages), let b = pair.b.interleaved(in: pages) else { continue }
      result[name] = LowRankPair(a: a, b: b, scale: pair.scale)
      beside[name]?.a.discardPages()
      beside[name]?.b.discardPages()
    }
    return result
  }

  // MARK: Computing

  /// A new cache for the adapter in use.
  public func makeCache() -> KeyValueCache {
    KeyValueCache(configuration.phi, adapter: activeAdapter, type: cacheType)
  }

  /// A picture as vectors [queries, hidden] to put into a prompt, for the adapter in use.
  ///
  /// - Throws: ``InputError`` if the model has no eyes, or its file was cut short meanwhile.
  public func encode(_ picture: Picture) throws(InputError) -> Tensor { try encode(picture, observe: nil) }

  func encode(_ picture: Picture, observe: Observer?) throws(InputError) -> Tensor {
    let vision = try eyes
    let vectors = vision(pixels(of: picture, vision), observe: observe)
    try checkSound(vectors, "the picture's vectors")
    return vectors
  }

  private var eyes: VisionEncoder {
    get throws(InputError) {
      guard let vision else {
        throw InputError(
          file: path, expected: "a model with a vision tower", found: "a language model",
          remedy: "Convert all of TinyGPT-V's files, or ask without a picture.")
      }
      return vision
    }
  }

  private func pixels(of picture: Picture, _ vision: VisionEncoder) -> Tensor {
    let side = vision.configuration.imageSize
    return Tensor(picture.normalized(size: side), shape: [3, side, side])
  }

  /// The slow part of ``encode(_:)``, as far as only an adapter that overrides the towers would change it: the Q-Former's
  /// output [queries, width]; nil if `onLayer` stopped it.
  package func pictureQueries(_ picture: Picture, onLayer: LayerCheck) throws(InputError) -> Tensor? {
    let vision = try eyes
    let (tokens, isWhole) = Self.interruptible(onLayer) { check in
      vision.pictureTokens([pixels(of: picture, vision)], onLayer: check)
    }
    return isWhole ? vision.queryOutputs(tokens, pictures: 1) : nil
  }

  /// The rest of ``encode(_:)``: the projections, for the adapter in use.
  package func pictureVectors(queries: Tensor) throws(InputError) -> Tensor {
    let vectors = try eyes.projected(queries)
    try checkSound(vectors, "the picture's vectors")
    return vectors
  }

  /// A prompt's embeddings [T, hidden]: the text around the pictures, and the pictures' vectors between.
  ///
  /// - Parameters:
  ///   - segments: token ids; one list more than there are pictures.
  ///   - pictures: what ``encode(_:)`` gave.
  public func embeddings(segments: [[Int]], pictures: [Tensor]) -> Tensor {
    precondition(segments.count == pictures.count + 1, "\(segments.count) segments, \(pictures.count) pictures")
    var parts: [Tensor] = []
    for (index, ids) in segments.enumerated() {
      if !ids.isEmpty { parts.append(phi.embeddings(of: ids)) }
      if index < pictures.count { parts.append(pictures[index]) }
    }
    guard !parts.isEmpty else { return Tensor(repeating: 0, shape: [0, configuration.phi.hiddenSize]) }
    return Tensor.concatenatingRows(parts)
  }

  /// Adds embeddings [T, hidden], T ≥ 1, to the cache's tokens and returns the logits [vocabulary] behind the last.
  ///
  /// - Throws: ``InputError`` if the logits are not finite (the weights hold NaN or infinity) or the file was cut short.
  public func logits(after embeddings: Tensor, cache: KeyValueCache) throws(InputError) -> [Float] {
    try logits(after: embeddings, cache: cache) { _, _ in true } ?? []
  }

  /// The same; nil, and a cache as it was, if `onLayer` stopped it.
  package func logits(
    after embeddings: Tensor, cache: KeyValueCache, onLayer: LayerCheck
  ) throws(InputError) -> [Float]? {
    precondition(cache.adapter == activeAdapter, "a cache of another adapter")
    let before = cache.count
    let (hidden, isWhole) = Self.interruptible(onLayer) { check in
      phi(embeddings, cache: cache, onlyLast: true, onLayer: check)
    }
    guard isWhole else {
      cache.truncate(to: before)
      return nil
    }
    let logits = phi.logits(hidden)
    try checkSound(logits, "the logits")
    return logits.floatArray()
  }

  /// Adds embeddings [T, hidden] to the cache's tokens and returns the logits [vocabulary] behind each of them.
  ///
  /// - Throws: ``InputError`` as ``logits(after:cache:)``.
  package func logits(afterEach embeddings: Tensor, cache: KeyValueCache) throws(InputError) -> [[Float]] {
    precondition(cache.adapter == activeAdapter, "a cache of another adapter")
    let logits = phi.logits(phi(embeddings, cache: cache))
    try checkSound(logits, "the logits")
    return (0..<logits.rows).map { logits.rows($0..<$0 + 1).floatArray() }
  }

  /// Calls `pass` with the check, and tells besides its result whether the check let it end.
  private static func interruptible(
    _ onLayer: LayerCheck, _ pass: (@escaping LayerCheck) -> Tensor
  ) -> (result: Tensor, isWhole: Bool) {
    var isWhole = true
    let result = withoutActuallyEscaping(onLayer) { onLayer in
      pass { layer, count in
        isWhole = isWhole && onLayer(layer, count)
        return isWhole
      }
    }
    return (result, isWhole)
  }

  private func checkSound(_ tensor: Tensor, _ what: String) throws(InputError) {
    try file.checkNotCut()
    guard tensor.isFinite else {
      throw InputError(
        file: path, field: activeAdapter.map { "with adapter \($0)" }, expected: "finite numbers in \(what)",
        found: "NaN or infinity", remedy: "The weights are damaged: convert the model again.")
    }
  }
}
