import Diagnostics
import Foundation
import ModelFiles
import Tensors

/// How a checkpoint keeps a layer's queries, keys and values.
public enum AttentionLayout: String, CaseIterable, Sendable {
  /// One `query_key_value` with rows head by head, as upstream's Phi has it.
  case fused
  /// `q_proj`, `k_proj` and `v_proj`, as Phi in today's transformers has it.
  case split
}

extension Adapter {
  /// Writes the adapter as a PEFT directory: `adapter_config.json` and `adapter_model.safetensors`, in f32 and with
  /// upstream's names.
  ///
  /// Overrides are written as PEFT's `modules_to_save`. PEFT wants such modules whole: what of them is not overridden, as
  /// a rule a norm's bias, is written as the model has it. The projections, which are not in the language model that PEFT
  /// wraps, are written only as tensors. Files that are there already are replaced, each as a whole.
  ///
  /// - Parameters:
  ///   - model: the model that it is for.
  ///   - layout: how the model that it will be used with keeps queries, keys and values. For `split`, the three pairs
  ///     have the same A.
  ///   - dropout: LoRA's dropout in training, for information.
  /// - Throws: ``InputError`` if a tensor is no part of the language model or the projections, does not fit the sizes, or
  ///   cannot be written.
  public func writePEFT(
    to directory: String, for model: TinyGPTVModel, layout: AttentionLayout = .fused, dropout: Double = 0
  ) throws(InputError) {
    try writePEFT(to: directory, for: model.configuration.phi, layout: layout, dropout: dropout) {
      model.parameters[$0]?.base
    }
  }

  /// - Parameter base: the model's own tensor of a name.
  func writePEFT(
    to directory: String, for configuration: PhiConfiguration, layout: AttentionLayout, dropout: Double = 0,
    base: (String) -> Tensor? = { _ in nil }
  ) throws(InputError) {
    let content = try PEFTContent(self, configuration, layout, base)
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    } catch {
      throw InputError(file: directory, expected: "a directory to write to", found: error.localizedDescription)
    }
    let weights = try SafetensorsWriter(
      path: directory + "/adapter_model.safetensors", metadata: ["format": "pt"],
      tensors: content.tensors.map { TensorDescription(name: $0.name, shape: $0.tensor.shape, type: .f32) })
    for (_, tensor) in content.tensors { try weights.append(tensor.bytes) }
    let settings = try AtomicFileWriter(path: directory + "/adapter_config.json")
    try settings.append(Array((content.settings(dropout: dropout).indentedText + "\n").utf8))
    // The configuration last: without it, a new directory is no adapter yet.
    try weights.finish()
    try settings.finish()
  }
}

/// What a PEFT directory of an adapter holds.
private struct PEFTContent {
  /// A low-rank pair's module, `model.layers.3.self_attn.dense`.
  private struct Module {
    var name: String
    var rank: Int
    var alpha: Double
  }

  private var modules: [Module] = []
  /// Modules that are saved whole.
  private var savedModules: Set<String> = []
  private let layers: Int
  /// The tensors in f32, by the names that they have in the file.
  private(set) var tensors: [(name: String, tensor: Tensor)] = []

  init(
    _ adapter: Adapter, _ configuration: PhiConfiguration, _ layout: AttentionLayout, _ base: (String) -> Tensor?
  ) throws(InputError) {
    layers = configuration.layers
    for (layer, pair) in adapter.pairs.sorted(by: { $0.key < $1.key }) {
      let rank = pair.a.shape[0]
      for (name, b) in try Self.parts("\(layer).weight", pair.b, adapter, configuration, layout) {
        let module = Self.module(of: name)
        modules.append(Module(name: module, rank: rank, alpha: Self.alpha(scale: pair.scale, rank: rank)))
        tensors.append(("base_model.model.\(module).lora_A.weight", pair.a.detached().converted(to: .f32)))
        tensors.append(("base_model.model.\(module).lora_B.weight", b))
      }
    }
    let adapted = Set(modules.map(\.name))
    for (ours, tensor) in Self.completed(adapter, base).sorted(by: { $0.key < $1.key }) {
      for (name, values) in try Self.parts(ours, tensor, adapter, configuration, layout) {
        let module = Self.module(of: name)
        if adapted.contains(module) {
          // PEFT's LoRA layer wraps the module that it adapts.
          tensors.append(("base_model.model.\(module).base_layer\(name.dropFirst(module.count))", values))
        } else {
          tensors.append(("base_model.model.\(name)", values))
          // The projections lie outside of what PEFT wraps; it would look for them in vain.
          if !Self.isProjection(ours) { savedModules.insert(module) }
        }
      }
    }
  }

  /// The α that gives this scale: the whole number that rounding has hidden, or else scale · r, exact in a Double.
  private static func alpha(scale: Float, rank: Int) -> Double {
    let alpha = Double(scale) * Double(rank)
    return Float(alpha.rounded() / Double(rank)) == scale ? alpha.rounded() : alpha
  }

  /// The overrides, and what else belongs to the modules that they are in.
  private static func completed(_ adapter: Adapter, _ base: (String) -> Tensor?) -> [String: Tensor] {
    var overrides = adapter.overrides
    for ours in adapter.overrides.keys where !isProjection(ours) && adapter.pairs[module(of: ours)] == nil {
      for sibling in ["weight", "bias"].map({ "\(module(of: ours)).\($0)" }) where overrides[sibling] == nil {
        overrides[sibling] = base(sibling)
      }
    }
    return overrides
  }

  private static func isProjection(_ ours: String) -> Bool { ours.hasPrefix("mm.") }

  /// A tensor of ours as the layout has it: itself, with its rows in upstream's order, or cut in three.
  private static func parts(
    _ ours: String, _ tensor: Tensor, _ adapter: Adapter, _ configuration: PhiConfiguration, _ layout: AttentionLayout
  ) throws(InputError) -> [(name: String, tensor: Tensor)] {
    guard let name = UpstreamNames.languageModel(of: ours) else {
      throw InputError(
        file: adapter.source, field: ours, expected: "tensors of Phi or of the projections",
        found: "one of another part of the model", remedy: "Write the whole model instead.")
    }
    let plain = tensor.detached().converted(to: .f32)
    guard ours.contains(".attn_qkv.") else { return [(name, plain)] }
    let hidden = configuration.hiddenSize
    guard plain.shape.first == 3 * hidden else {
      throw InputError(
        file: adapter.source, field: ours, expected: "\(3 * hidden) rows", found: "shape \(plain.shape)",
        remedy: "The adapter was trained for another model.")
    }
    if layout == .split {
      return ["q_proj", "k_proj", "v_proj"].enumerated().map { part, module in
        (
          name.replacingOccurrences(of: "query_key_value", with: module),
          plain.rows(part * hidden..<(part + 1) * hidden)
        )
      }
    }
    let rows = RowSource(plain, shape: [3 * hidden, plain.count / (3 * hidden)])
    return [(name, rows.inUpstreamOrder(configuration).tensor().reshaped(plain.shape))]
  }

  private static func module(of name: String) -> String { String(name[..<(name.lastIndex(of: ".") ?? name.endIndex)]) }

  private static func lastPart(of name: String) -> String { name.split(separator: ".").last.map(String.init) ?? name }

  /// `adapter_config.json`.
  func settings(dropout: Double) -> JSONValue {
    let rank = modules.first?.rank ?? 1
    let alpha = modules.first?.alpha ?? 1
    let settings: [(String, JSONValue)] = [
      ("peft_type", .string("LORA")), ("task_type", .string("CAUSAL_LM")), ("base_model_name_or_path", .null),
      ("r", .integer(rank)), ("lora_alpha", Self.number(alpha)), ("use_rslora", .bool(false)),
      ("rank_pattern", pattern { $0.rank == rank ? nil : .integer($0.rank) }),
      ("alpha_pattern", pattern { $0.alpha == alpha ? nil : Self.number($0.alpha) }),
      ("lora_dropout", Self.number(dropout)), ("bias", .string("none")), ("fan_in_fan_out", .bool(false)),
      ("target_modules", targets),
      ("modules_to_save", savedModules.isEmpty ? .null : Self.names(savedModules.sorted(), layers: layers)),
      ("inference_mode", .bool(true)),
    ]
    return .object(JSONObject(settings.map { .init(key: $0.0, value: $0.1) }))
  }

  /// What modules have that is not as everywhere.
  private func pattern(_ value: (Module) -> JSONValue?) -> JSONValue {
    .object(JSONObject(modules.compactMap { module in value(module).map { .init(key: module.name, value: $0) } }))
  }

  private var targets: JSONValue {
    // What PEFT itself writes where no module is adapted.
    modules.isEmpty ? .string("dummy-target-modules") : Self.names(modules.map(\.name), layers: layers)
  }

  /// The last parts of the modules' names, if these are the same in every layer, else their full names.
  private static func names(_ modules: [String], layers: Int) -> JSONValue {
    let counts = Dictionary(modules.map { (lastPart(of: $0), 1) }, uniquingKeysWith: +)
    let isOutside = Set(modules.filter { !$0.hasPrefix("model.layers.") }.map { lastPart(of: $0) })
    let names = modules.map { module in
      let part = lastPart(of: module)
      return counts[part] == layers || isOutside.contains(part) ? part : module
    }
    return .array(Set(names).sorted().map { .string($0) })
  }

  private static func number(_ value: Double) -> JSONValue {
    Int(exactly: value).map { .integer($0) } ?? .number(value)
  }
}
