import CSystem
import Diagnostics
import Tensors
import TinyGPTV

/// Measures a model and the machine that it runs on.
///
/// A quantity is measured several times in a row. A first run that takes less than a second is not counted: in it,
/// memory is allocated and threads wake up.
public final class ModelBenchmark {
  let path: String
  let plan: BenchmarkPlan
  private let isStopped: () -> Bool
  private let onProgress: (String) -> Void
  private(set) var results: [BenchmarkResult] = []
  /// By the number of threads.
  private var limits: [Int: [MachineLimit: Double]] = [:]

  private struct Stopped: Error {}

  /// - Parameters:
  ///   - isStopped: is asked often; if it says so, what has been measured by then is all.
  ///   - onProgress: is told what is being measured.
  public init(
    path: String, plan: BenchmarkPlan, isStopped: @escaping () -> Bool, onProgress: @escaping (String) -> Void
  ) {
    (self.path, self.plan, self.isStopped, self.onProgress) = (path, plan, isStopped, onProgress)
  }

  /// Measures all that is planned.
  ///
  /// - Throws: ``InputError`` if the file is not a model, or what is planned does not fit it.
  public func run() throws -> BenchmarkReport {
    let loaded = try TinyGPTVModel(path: path)
    let sizes = try plan.sizes(for: loaded)
    var report = BenchmarkReport(
      model: path, matrixType: loaded.matrixType.name, processor: Machine.processor, kernels: Machine.kernelSet,
      results: [])
    do {
      if plan.parts.contains(.limits) { try measureLimits() }
      try measure(loaded, prompts: sizes.prompts, pictures: sizes.pictures)
    } catch is Stopped {}
    report.results = results
    return report
  }

  private func measure(_ loaded: TinyGPTVModel, prompts: [Int], pictures: [Int]) throws {
    onProgress("reading the model")
    loaded.readAhead { _ in !isStopped() }
    if plan.parts.contains(.load) { try measureLoading() }
    // What was measured so far had memory of its own.
    Machine.forgetPeakMemory()
    try layOutWeights(of: loaded)
    try loaded.use(adapter: nil)
    let cache = loaded.makeCache()
    for threads in plan.threads {
      ThreadPool.configure(threads: threads)
      if plan.parts.contains(.picture) {
        for side in pictures { try measurePicture(loaded, cache, side: side) }
      }
      if plan.parts.contains(.prompt) {
        for tokens in prompts { try measurePrompt(loaded, cache, tokens: tokens) }
      }
      if plan.parts.contains(.decode) { try measureDecoding(loaded, cache) }
      if plan.parts.contains(.lookup) { try measureLookup(loaded, cache) }
    }
    let peak = Double(csystem_peak_resident_bytes())
    if peak > 0 { add("peak memory", unit: "GB", [peak / 1e9]) }
    if plan.parts.contains(.adapter) { try measureAdapter(loaded) }
  }

  // MARK: Samples

  private var threads: Int { ThreadPool.shared.threads }

  /// What `body` gives, as many samples of each as are planned. A first run, which finds caches and pages cold, does not
  /// count, unless it takes so long that this hardly shows.
  func samples(_ name: String, _ body: () throws -> [Double]) throws -> [[Double]] {
    var rows: [[Double]] = []
    var isWarm = false
    while rows.count < plan.repeats {
      onProgress("\(name), \(threads) \(threads == 1 ? "thread" : "threads"): \(rows.count + 1) of \(plan.repeats)")
      var row: [Double] = []
      let seconds = try secondsTaken { row = try body() }
      try continueOrStop()
      if isWarm || seconds >= 5 { rows.append(row) }
      isWarm = true
    }
    return rows[0].indices.map { column in rows.map { $0[column] } }
  }

  func continueOrStop() throws {
    if isStopped() { throw Stopped() }
  }

  /// - Parameter work: operations or bytes a second, by the limit that holds them back.
  func add(_ name: String, unit: String, _ values: [Double], work: (limit: MachineLimit, rate: Double)? = nil) {
    var share: BenchmarkResult.Share?
    if let work, let most = limits[threads]?[work.limit], most > 0 {
      share = .init(of: work.limit.rawValue, value: work.rate / most)
    }
    add(name, unit: unit, values, share: share)
  }

  private func add(_ name: String, unit: String, _ values: [Double], share: BenchmarkResult.Share?) {
    results.append(BenchmarkResult(name: name, threads: threads, unit: unit, samples: Samples(values), share: share))
  }

  // MARK: The machine

  private func measureLimits() throws {
    try MachineLimit.withMemory { memory in
      for threads in plan.threads {
        ThreadPool.configure(threads: threads)
        for limit in MachineLimit.allCases where limit.instructions != nil {
          let values = try samples(limit.rawValue) { [limit.measure(memory)] }[0]
          // The most that was reached, since whatever disturbs a measurement makes it less.
          limits[threads, default: [:]][limit] = values.max()
          let instructions = limit.instructions.map { $0.isEmpty ? "" : " (\($0))" } ?? ""
          add(limit.rawValue + instructions, unit: limit.unit, values.map { $0 * 1e-9 })
        }
      }
    }
  }

  // MARK: The model

  private func measureLoading() throws {
    let columns = try samples("load") {
      let start = ContinuousClock.now
      let model = try TinyGPTVModel(path: path)
      let loaded = (ContinuousClock.now - start) / .seconds(1)
      _ = try model.logits(after: model.phi.embeddings(of: [0]), cache: model.makeCache())
      return [loaded, (ContinuousClock.now - start) / .seconds(1)]
    }
    add("load", unit: "s", columns[0])
    add("load and a first token", unit: "s", columns[1])
  }

  /// Does what a chat does before its first answer.
  private func layOutWeights(of model: TinyGPTVModel) throws {
    guard model.hasRoomToReadAhead, plan.parts != [.limits] else { return }
    onProgress("laying out the weights")
    let seconds = try secondsTaken {
      while model.interleaveNext() { try continueOrStop() }
    }
    if plan.parts.contains(.load), model.isInterleaved { add("weights laid out anew", unit: "s", [seconds]) }
  }

  /// Token ids that mean nothing.
  private func ids(_ count: Int, _ model: TinyGPTVModel) -> [Int] {
    (0..<count).map { ($0 + 1) * 7919 % model.configuration.phi.vocabularySize }
  }

  func read(_ inputs: Tensor, _ model: TinyGPTVModel, _ cache: KeyValueCache) throws {
    guard try model.logits(after: inputs, cache: cache, onLayer: { _, _ in !isStopped() }) != nil else {
      throw Stopped()
    }
  }

  private func measurePrompt(_ model: TinyGPTVModel, _ cache: KeyValueCache, tokens: Int) throws {
    let inputs = model.phi.embeddings(of: ids(tokens, model))
    let seconds = try samples("prompt \(tokens)") {
      cache.truncate(to: 0)
      return [try secondsTaken { try read(inputs, model, cache) }]
    }[0]
    let load = Workload(model)
    add(
      "prompt \(tokens)", unit: "tokens/s", seconds.map { Double(tokens) / $0 },
      work: (load.limit(of: "blk."), load.promptOperations(tokens) / Samples(seconds).median))
  }

  /// Seconds for the planned tokens, one by one from an empty context, and for only reading what is read for each of
  /// them: in turn, since a memory's speed changes from one moment to the next.
  private func decode(_ model: TinyGPTVModel, _ cache: KeyValueCache, _ weights: [UnsafeRawBufferPointer]) throws
    -> [Double]
  {
    var seconds = [0.0, 0.0]
    cache.truncate(to: 0)
    for id in ids(plan.decodedTokens, model) {
      seconds[0] += try secondsTaken { try read(model.phi.embeddings(of: [id]), model, cache) }
      seconds[1] += secondsTaken { MachineLimit.read(weights) }
    }
    return seconds
  }

  private func measureDecoding(_ model: TinyGPTVModel, _ cache: KeyValueCache) throws {
    let (name, count) = ("decode \(plan.decodedTokens)", Double(plan.decodedTokens))
    let weights = plan.parts.contains(.limits) ? model.weightsReadPerToken : []
    let columns = try samples(name) { try decode(model, cache, MachineLimit.pieces(of: weights)) }
    var share: BenchmarkResult.Share?
    if !weights.isEmpty {
      let (reading, read) = ("memory read between tokens", count * weights.reduce(0) { $0 + Double($1.count) })
      let rates = columns[1].map { read / $0 }
      add(reading, unit: MachineLimit.memoryRead.unit, rates.map { $0 * 1e-9 })
      let bytes = Workload(model).decodingBytes(after: count / 2) * count
      share = .init(of: reading, value: Samples(zip(columns[0], rates).map { bytes / $0 / $1 }).median)
    }
    add(name, unit: "tokens/s", columns[0].map { count / $0 }, share: share)
  }

  private func measurePicture(_ model: TinyGPTVModel, _ cache: KeyValueCache, side: Int) throws {
    guard let vision = model.vision else { return }
    let pixels = Tensor((0..<3 * side * side).map { Float($0 * 7919 % 511) / 255 - 1 }, shape: [3, side, side])
    // A question as the template has it: text, the picture, text; and one more behind the answer.
    let (before, after, second) = (ids(8, model), ids(16, model), ids(24, model))
    let fits =
      before.count + vision.configuration.qFormer.queries + after.count + second.count
      <= model.configuration.phi.contextLength
    let columns = try samples("picture \(side)") {
      let start = ContinuousClock.now
      let tokens = vision.pictureTokens([pixels], onLayer: { [self] _, _ in !isStopped() })
      try continueOrStop()
      let vectors = vision.projected(vision.queryOutputs(tokens, pictures: 1))
      let encoded = (ContinuousClock.now - start) / .seconds(1)
      guard fits else { return [encoded] }
      cache.truncate(to: 0)
      try read(model.embeddings(segments: [before, after], pictures: [vectors]), model, cache)
      let first = (ContinuousClock.now - start) / .seconds(1)
      return [encoded, first, try secondsTaken { try read(model.phi.embeddings(of: second), model, cache) }]
    }
    let load = Workload(model)
    add(
      "picture \(side)", unit: "s", columns[0],
      work: (load.limit(of: "v.blk."), load.pictureOperations(side: side) / Samples(columns[0]).median))
    guard fits else { return }
    add("first token, new picture \(side)", unit: "s", columns[1])
    add("first token, same picture \(side)", unit: "s", columns[2])
  }

  // MARK: Adapters

  private func measureAdapter(_ model: TinyGPTVModel) throws {
    if model.adapters.isEmpty { try model.add(randomAdapter(model)) }
    guard let name = model.adapters.first?.name else { return }
    let caches = try [nil, name].map { adapter in
      try model.use(adapter: adapter)
      return model.makeCache()
    }
    for threads in plan.threads {
      ThreadPool.configure(threads: threads)
      let columns = try samples("adapter \(name)") { try decodeWithAndWithout(name, model, caches) }
      add("adapter switch", unit: "µs", columns[0].map { $0 * 1e6 })
      add(
        "decode \(plan.decodedTokens) with adapter", unit: "tokens/s",
        columns[2].map { Double(plan.decodedTokens) / $0 })
      add("adapter's cost", unit: "%", zip(columns[2], columns[1]).map { 100 * ($0 / $1 - 1) })
    }
  }

  /// Seconds for a switch, and for the planned tokens without and with an adapter: in turn for each token, since a
  /// machine's speed changes from one moment to the next.
  private func decodeWithAndWithout(_ name: String, _ model: TinyGPTVModel, _ caches: [KeyValueCache]) throws
    -> [Double]
  {
    var (switches, seconds) = (0.0, [0.0, 0.0])
    for cache in caches { cache.truncate(to: 0) }
    try model.use(adapter: name)
    for (index, id) in ids(plan.decodedTokens, model).enumerated() {
      for turn in 0..<2 {
        // What the last token ended with the next one begins with: one switch a token.
        let isAdapted = (index + turn + 1) % 2
        if turn == 1 { switches += try secondsTaken { try model.use(adapter: isAdapted == 1 ? name : nil) } }
        seconds[isAdapted] += try secondsTaken { try read(model.phi.embeddings(of: [id]), model, caches[isAdapted]) }
      }
    }
    return [switches / Double(plan.decodedTokens)] + seconds
  }

  /// Pairs on the layers that upstream adapts, of its rank, as they are stored in a file.
  private func randomAdapter(_ model: TinyGPTVModel) -> Adapter {
    let rank = min(64, model.configuration.phi.hiddenSize / 4)
    func matrix(_ rows: Int, _ columns: Int) -> Tensor {
      Tensor((0..<rows * columns).map { Float($0 * 7919 % 255) / 255e4 }, shape: [rows, columns]).converted(to: .f16)
    }
    var pairs: [String: LowRankPair] = [:]
    for (layer, linear) in model.phi.adaptableLayers
    where layer.hasSuffix(".attn_qkv") || layer.hasSuffix(".attn_output") {
      let shape = linear.weight.base.shape
      pairs[layer] = LowRankPair(a: matrix(rank, shape[1]), b: matrix(shape[0], rank), scale: 16 / Float(rank))
    }
    return Adapter(name: "random, rank \(rank)", source: "the benchmark", pairs: pairs)
  }
}
