import Diagnostics
import Foundation
import TinyGPTV
import Tensors

/// A model set up for a run: adapter in place, parts switched off, and the tensors that train.
final class TrainingModel {
  let model: TinyGPTVModel
  let settings: ModelSettings
  /// What trains so far; grows as layers are unfrozen.
  let trained = TrainedParameters()
  /// Parameters that are not the model's, such as a teacher's.
  private let others: [Parameter]
  private var selected: [ParameterSelector] = []

  /// - Parameters:
  ///   - others: parameters that train from the beginning and are none of the model's.
  ///   - seed: decides about new low-rank pairs.
  init(_ settings: ModelSettings, others: (TinyGPTVModel) -> [Parameter] = { _ in [] }, seed: UInt64) throws(InputError)
  {
    self.settings = settings
    model = try TinyGPTVModel(path: settings.path)
    self.others = others(model)
    switch settings.adapter {
    case .none: try model.use(adapter: nil)
    case .new:
      try model.use(adapter: nil)
      if settings.lora { attachNewPairs(seed: seed) }
    case .named(let name):
      if !model.adapters.contains(where: { $0.name == name }) {
        let adapter = try Adapter(path: name, for: model.configuration.phi)
        try model.add(adapter)
        try model.use(adapter: adapter.name)
      } else {
        try model.use(adapter: name)
      }
      if !settings.lora { for layer in model.phi.adaptableLayers.values { layer.lowRank = nil } }
    }
    model.phi.switches = PhiSwitches(
      inputNorm: settings.inputNorm, attentionNorm: settings.rmsNorm, queryKeyNorm: settings.qkNorm)
    for layer in model.phi.adaptableLayers.values { layer.dropoutRate = Float(settings.loraDropout) }
    for parameter in self.others { trained.add(parameter, step: 0) }
    try select(settings.train, step: 0)
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

  /// Takes the values of another run's checkpoint: for what trains, and for the model's other weights too, so that a run
  /// can go on where another one, which trained other parts, has brought the model.
  ///
  /// - Throws: ``InputError`` if it has nothing of this model, or a tensor of another shape.
  func begin(with checkpoint: Checkpoint) throws(InputError) {
    var count = try trained.begin(with: checkpoint)
    for (name, parameter) in model.parameters where !trained.contains(name) {
      guard let tensor = checkpoint.tensors[name] else { continue }
      guard tensor.shape == parameter.base.shape else {
        throw InputError(
          file: checkpoint.path, field: name, expected: "\(parameter.base.shape)", found: "\(tensor.shape)")
      }
      parameter.value = tensor
      count += 1
    }
    guard count > 0 else {
      throw InputError(
        file: checkpoint.path, expected: "at least one tensor of this model", found: "none",
        remedy: "The checkpoint is of a run that trains something else.")
    }
  }

  // MARK: What trains

  /// Trains from this step on what the configuration unfreezes then.
  func unfreeze(step: Int) throws(InputError) {
    for unfreezing in settings.unfreeze where unfreezing.step <= step {
      try select(unfreezing.train, step: unfreezing.step)
    }
  }

  private func select(_ selectors: [ParameterSelector], step: Int) throws(InputError) {
    for selector in selectors where !selected.contains(selector) {
      selected.append(selector)
      if selector == .group(.lora) {
        addPairs(step: step)
        continue
      }
      let parameters = model.parameters.filter { selector.selects($0.key) }.sorted { $0.key < $1.key }
      guard !parameters.isEmpty else {
        throw InputError(
          file: "configuration", field: "model.train", expected: "groups and patterns that select tensors of the model",
          found: "\(selector), which selects none", remedy: "`tinygptv inspect` lists the tensors.")
      }
      for (name, parameter) in parameters where !trained.contains(name) && isUsed(name) {
        trained.add(parameter, step: step)
      }
    }
  }

  /// A norm that is switched off is not trained.
  private func isUsed(_ name: String) -> Bool {
    if name.contains(".attn_norm.") { return settings.inputNorm }
    if name.contains(".post_attention_norm.") { return settings.rmsNorm }
    if name.contains(".attn_q_norm.") || name.contains(".attn_k_norm.") { return settings.qkNorm }
    return true
  }

  private func addPairs(step: Int) {
    for (name, layer) in model.phi.adaptableLayers.sorted(by: { $0.key < $1.key }) {
      guard let pair = layer.lowRank else { continue }
      trained.add("\(name).lora_A", pair.a, step: step) { layer.lowRank?.a = $0 }
      trained.add("\(name).lora_B", pair.b, step: step) { layer.lowRank?.b = $0 }
    }
  }

  /// Whether any part of the way from the picture to the Q-Former's output trains, now or later.
  var trainsVision: Bool {
    let all = settings.train + settings.unfreeze.flatMap(\.train)
    return model.parameters.keys.contains { name in
      (name.hasPrefix("v.") || name.hasPrefix("qf.")) && all.contains { $0.selects(name) }
    }
  }

  /// A digest of all that a picture goes through up to the Q-Former's output, weights and sizes.
  var towersFingerprint: String {
    var hasher = ContentHasher()
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
  /// language model and projections were trained; a whole model in f32 otherwise.
  ///
  /// - Returns: the paths.
  func writeResults(to folder: String) throws(InputError) -> [String] {
    let name = settings.outputAdapter ?? URL(fileURLWithPath: folder).lastPathComponent
    let adapter = adapter(named: name)
    let fits = adapter.overrides.keys.allSatisfy {
      ParameterSelector.group(.norms).selects($0) || ParameterSelector.group(.projections).selects($0)
    }
    if fits, !adapter.pairs.isEmpty {
      let paths = [folder + "/" + name, folder + "/" + name + ".gguf"]
      try adapter.writePEFT(
        to: paths[0], for: model, dropout: settings.loraDropout)
      try adapter.writeGGUF(to: paths[1])
      return paths
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

extension ParameterSelector {
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
