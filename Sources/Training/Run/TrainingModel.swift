import Diagnostics
import Foundation
import ModelFiles
import Tensors
import TinyGPTV

/// A model set up for a run: adapter in place, parts switched off, and the tensors that train.
final class TrainingModel {
  let model: TinyGPTVModel
  let settings: ModelSettings
  /// What trains so far; grows as layers are unfrozen.
  let trained: TrainedParameters
  /// Parameters that are not the model's, such as a teacher's.
  private let others: [Parameter]
  private var selected: [ParameterSelector] = []

  /// - Parameters:
  ///   - optimizer: what will move what trains.
  ///   - others: parameters that train from the beginning and are none of the model's.
  ///   - seed: decides about new low-rank pairs.
  init(
    _ settings: ModelSettings, optimizer: RunSettings.Optimizer = .adamw,
    others: (TinyGPTVModel) -> [Parameter] = { _ in [] }, seed: UInt64
  ) throws(InputError) {
    self.settings = settings
    trained = TrainedParameters(optimizer: optimizer)
    model = try TinyGPTVModel(path: settings.path)
    self.others = others(model)
    switch settings.adapter {
    case .none: try model.use(adapter: nil)
    case .new:
      try model.use(adapter: nil)
      if settings.lora { attachNewPairs(seed: seed) }
    case .named(let name):
      try model.use(adapterOrPath: name)
      if !settings.lora { for layer in model.phi.adaptableLayers.values { layer.lowRank = nil } }
    }
    model.phi.switches = PhiSwitches(
      inputNorm: settings.inputNorm, attentionNorm: settings.rmsNorm, queryKeyNorm: settings.qkNorm)
    for layer in model.phi.adaptableLayers.values { layer.dropoutRate = Float(settings.loraDropout) }
    try checkImageSize()
    for parameter in self.others { trained.add(parameter) }
    try select(settings.train, field: "model.train")
    // A slip in what comes later shall not end the run hours from now.
    for selector in settings.unfreeze.flatMap(\.train) { _ = try names(of: selector, field: "model.unfreeze") }
    guard !trained.entries.isEmpty || !settings.unfreeze.isEmpty else {
      throw InputError(
        file: "configuration", field: "model.train", expected: "something that trains", found: "nothing")
    }
  }

  private func checkImageSize() throws(InputError) {
    guard let size = settings.imageSize, let vision = model.configuration.vision else { return }
    guard size >= vision.patchSize, size % vision.patchSize == 0 else {
      throw InputError(
        file: "configuration", field: "model.image_size",
        expected: "a multiple of \(vision.patchSize), the side of the model's patches", found: "\(size)")
    }
  }

  /// New low-rank pairs as PEFT begins them: A uniform in ±1/√in (Kaiming with a = √5), B zero.
  private func attachNewPairs(seed: UInt64) {
    var generator = SplitMix64(state: seed ^ 0x6c6f_7261)
    for (name, layer) in model.phi.adaptableLayers.sorted(by: { $0.key < $1.key })
    where settings.loraTargets.contains(where: { name.hasSuffix("." + $0) }) {
      let (output, input) = (layer.weight.base.shape[0], layer.weight.base.shape[1])
      let limit = 1 / Double(input).squareRoot()
      let a = (0..<settings.loraRank * input).map { _ in Float((generator.nextUnit() * 2 - 1) * limit) }
      layer.lowRank = LowRankPair(
        a: Tensor(a, shape: [settings.loraRank, input]),
        b: Tensor(repeating: 0, shape: [output, settings.loraRank]),
        scale: Float(settings.loraAlpha) / Float(settings.loraRank))
    }
  }

  /// Takes the values of another run's checkpoint: for what trains, and for the model's other weights and low-rank pairs
  /// too, so that a run can go on where another one, which trained other parts, has brought the model.
  ///
  /// - Throws: ``InputError`` if it has nothing of this model, a tensor of another shape, or one that this model has no
  ///   place for.
  func begin(with checkpoint: Checkpoint) throws(InputError) {
    var count = try trained.begin(with: checkpoint)
    for (name, tensor) in checkpoint.tensors.sorted(by: { $0.key < $1.key }) {
      // Moments are another run's, and heads that only teach the towers are left out where they are not wanted.
      if name.hasPrefix("optimizer.") || name.hasPrefix("teacher.") || trained.contains(name) { continue }
      count += 1
      if let parameter = model.parameters[name] {
        try requireShape(parameter.base.shape, of: tensor, name, checkpoint)
        parameter.value = tensor
      } else if name.hasSuffix(".lora_A") || name.hasSuffix(".lora_B") {
        try setPair(name, tensor, checkpoint)
      } else {
        throw InputError(
          file: checkpoint.path, field: name, expected: "tensors of this model", found: "one that it does not have",
          remedy: "The checkpoint is of a run with another model.")
      }
    }
    guard count > 0 else {
      throw InputError(
        file: checkpoint.path, expected: "at least one tensor of this model", found: "none",
        remedy: "The checkpoint is of a run that trains something else.")
    }
  }

  /// Half of a low-rank pair that does not train, or not yet. Without LoRA there is nothing to set.
  private func setPair(_ name: String, _ tensor: Tensor, _ checkpoint: Checkpoint) throws(InputError) {
    guard settings.lora else { return }
    guard let layer = model.phi.adaptableLayers[String(name.dropLast(7))], let pair = layer.lowRank else {
      throw InputError(
        file: checkpoint.path, field: name, expected: "a model with a low-rank pair there", found: "none",
        remedy: "Set model.adapter to new, with the lora_r and lora_targets of the run that it is from.")
    }
    let isA = name.hasSuffix("A")
    try requireShape((isA ? pair.a : pair.b).shape, of: tensor, name, checkpoint)
    if isA { layer.lowRank?.a = tensor } else { layer.lowRank?.b = tensor }
  }

  private func requireShape(
    _ shape: [Int], of tensor: Tensor, _ name: String, _ checkpoint: Checkpoint
  ) throws(InputError) {
    guard tensor.shape == shape else {
      throw InputError(file: checkpoint.path, field: name, expected: "\(shape)", found: "\(tensor.shape)")
    }
  }

  // MARK: What trains

  /// Trains from this step on what the configuration unfreezes then.
  func unfreeze(step: Int) throws(InputError) {
    for unfreezing in settings.unfreeze where unfreezing.step <= step {
      try select(unfreezing.train, field: "model.unfreeze")
    }
  }

  private func select(_ selectors: [ParameterSelector], field: String) throws(InputError) {
    for selector in selectors where !selected.contains(selector) {
      selected.append(selector)
      let names = try names(of: selector, field: field)
      if selector == .group(.lora) { addPairs(names) }
      for name in names where !trained.contains(name) && isUsed(name) {
        if let parameter = model.parameters[name] { trained.add(parameter) }
      }
    }
  }

  /// What a selector means, in order: parameters of the model, or the layers with low-rank pairs.
  ///
  /// - Throws: ``InputError`` if it means nothing here.
  private func names(of selector: ParameterSelector, field: String) throws(InputError) -> [String] {
    if selector == .group(.lora) {
      // Switched off for an ablation: there shall be none.
      guard settings.lora else { return [] }
      let layers = model.phi.adaptableLayers.filter { $0.value.lowRank != nil }.keys.sorted()
      guard !layers.isEmpty else {
        throw InputError(
          file: "configuration", field: field, expected: "low-rank pairs to train, since it names lora",
          found: "none", remedy: "Set model.adapter to new (and see lora_targets), or leave lora out of \(field).")
      }
      return layers
    }
    let names = model.parameters.keys.filter { selector.selects($0) }.sorted()
    guard !names.isEmpty else {
      throw InputError(
        file: "configuration", field: field, expected: "groups and patterns that select tensors of the model",
        found: "\(selector), which selects none", remedy: "`tinygptv inspect` lists the tensors.")
    }
    return names
  }

  /// A norm that is switched off is not trained.
  private func isUsed(_ name: String) -> Bool {
    if name.contains(".attn_norm.") { return settings.inputNorm }
    if name.contains(".post_attention_norm.") { return settings.rmsNorm }
    if name.contains(".attn_q_norm.") || name.contains(".attn_k_norm.") { return settings.qkNorm }
    return true
  }

  private func addPairs(_ layers: [String]) {
    for name in layers {
      guard let layer = model.phi.adaptableLayers[name], let pair = layer.lowRank else { continue }
      trained.add("\(name).lora_A", pair.a) { layer.lowRank?.a = $0 }
      trained.add("\(name).lora_B", pair.b) { layer.lowRank?.b = $0 }
    }
  }

  /// Whether any part of the way from the picture to the Q-Former's output trains, now or later.
  var trainsVision: Bool {
    let all = settings.train + settings.unfreeze.flatMap(\.train)
    return model.parameters.keys.contains { name in
      (name.hasPrefix("v.") || name.hasPrefix("qf.")) && all.contains { $0.selects(name) }
    }
  }

  /// To be raised when the towers' code changes what they compute, so that no old feature is used again.
  private static let towersVersion = 3

  /// A digest of all that a picture goes through up to the Q-Former's output: weights, sizes, precision.
  func towersFingerprint(_ precision: RunSettings.Precision) -> String {
    var hasher = ContentHasher()
    hasher.appendField(Array("\(Self.towersVersion) \(precision) \(Tensor.attentionRounds)".utf8))
    for (name, parameter) in model.parameters.sorted(by: { $0.key < $1.key })
    where name.hasPrefix("v.") || name.hasPrefix("qf.") {
      hasher.appendField(Array(name.utf8))
      hasher.append(parameter.value)
    }
    hasher.appendField(
      Array("\(model.configuration.vision, default: "none") \(settings.imageSize, default: "own")".utf8))
    return hasher.digest.description
  }

  // MARK: What comes out

  /// Writes what the run was for: an adapter, as a PEFT directory and as GGUF, if nothing but low-rank pairs, norms of the
  /// language model and projections were trained, and beside the pairs perhaps embedding and output layer; a whole model in
  /// f32 otherwise.
  ///
  /// - Returns: the paths.
  func writeResults(to folder: String) throws(InputError) -> [String] {
    let name = settings.outputAdapter ?? URL(fileURLWithPath: folder).lastPathComponent
    let adapter = adapter(named: name)
    // New words need their rows of the embedding and of the output layer, as in PEFT's modules_to_save.
    let whole: [ParameterGroup] = [.norms, .projections] + (adapter.pairs.isEmpty ? [] : [.embeddings, .head])
    let fits = adapter.overrides.keys.allSatisfy { name in
      whole.contains { ParameterSelector.group($0).selects(name) }
    }
    if fits {
      let file = folder + "/" + name + ".gguf"
      try adapter.writeGGUF(to: file)
      // PEFT knows no adapter without a low-rank pair.
      guard !adapter.pairs.isEmpty else { return [file] }
      try adapter.writePEFT(to: folder + "/" + name, for: model, dropout: settings.loraDropout)
      return [folder + "/" + name, file]
    }
    let path = folder + "/model.gguf"
    try model.write(
      to: path, type: .f32,
      adapters: adapter.pairs.isEmpty ? [] : [Adapter(name: name, source: path, pairs: adapter.pairs)],
      defaultAdapter: adapter.pairs.isEmpty ? nil : name)
    return [path]
  }

  /// The trained tensors as an adapter: pairs, and whole tensors in place of the base's.
  func adapter(named name: String) -> Adapter {
    var adapter = Adapter(name: name, source: settings.path, pairs: [:])
    for (layerName, layer) in model.phi.adaptableLayers {
      guard var pair = layer.lowRank else { continue }
      (pair.a, pair.b) = (pair.a.detached(), pair.b.detached())
      adapter.pairs[layerName] = pair
    }
    for (parameterName, parameter) in model.parameters where parameter.value.storage !== parameter.base.storage {
      adapter.overrides[parameterName] = parameter.value.detached()
    }
    return adapter
  }
}

extension ParameterSelector: CustomStringConvertible {
  /// As it is written in a configuration.
  public var description: String {
    switch self {
    case .group(let group): group.rawValue
    case .pattern(let pattern): pattern
    }
  }

  /// Whether the parameter of this name in the model file is meant. Low-rank pairs have no such name.
  func selects(_ name: String) -> Bool {
    switch self {
    case .group(let group): group.patterns.contains { ParameterSelector.pattern($0).matches(name: name) }
    case .pattern: matches(name: name)
    }
  }
}

extension ParameterGroup {
  /// The names of its parameters in the model file.
  fileprivate var patterns: [String] {
    switch self {
    case .projections: ["mm.*"]
    // As upstream: the language model's norms, without their biases.
    case .norms: ["blk.*norm.weight", "output_norm.weight"]
    case .lora: []
    case .qformer: ["qf.*"]
    case .vision: ["v.*"]
    case .phi: ["blk.*", "output_norm.*"]
    case .embeddings: ["token_embd.*"]
    case .head: ["output.*"]
    }
  }
}
