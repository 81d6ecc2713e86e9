import Diagnostics
import Foundation
import ModelFiles
import Tensors

extension Adapter {
  /// Reads an adapter that the user names by path: a PEFT directory or a GGUF adapter.
  ///
  /// - Parameter configuration: the model that it is for; upstream's fused matrices are laid out by its heads.
  /// - Throws: ``InputError`` if it is neither, or damaged. Whether it fits the model, ``TinyGPTVModel/add(_:)`` checks.
  public init(path: String, for configuration: PhiConfiguration) throws(InputError) {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw InputError(
        file: path, expected: "an adapter's name in the model file, a PEFT directory, a GGUF adapter, or none",
        found: "no such file")
    }
    if isDirectory.boolValue {
      self = try Self.readPEFT(directory: path, configuration)
    } else {
      self = try Self.readGGUF(path, configuration)
    }
  }

  /// A PEFT directory: `adapter_config.json`, and `adapter_model.safetensors` or `adapter_model.bin`.
  /// `base_model_name_or_path` is never looked at: the model is the one that the user gave.
  private static func readPEFT(directory: String, _ model: PhiConfiguration) throws(InputError) -> Adapter {
    let settings = try PEFTSettings(path: directory + "/adapter_config.json")
    let file = try ShardedCheckpoint(
      directory: directory, names: ["adapter_model.safetensors", "adapter_model.bin"])
    var collector = LowRankCollector(source: file.path, configuration: model)
    for name in file.tensorNames {
      guard let tensor = file.tensor(named: name) else { continue }
      try collector.add(name, tensor)
    }
    try file.checkNotCut()
    let name = URL(fileURLWithPath: directory).lastPathComponent
    return try collector.adapter(name: name) { module, rank in settings.scale(module: module, rank: rank) }
  }
}

/// What `adapter_config.json` says about scales.
private struct PEFTSettings {
  private let rank: Int
  private let alpha: Double
  private let isRankStabilized: Bool
  private let alphaPattern: [(String, Double)]

  init(path: String) throws(InputError) {
    let json = try JSONValue.read(path: path)
    let type = try json.string("peft_type", file: path)
    guard type == "LORA" else {
      throw InputError(
        file: path, field: "peft_type", expected: "LORA", found: type, remedy: "Other kinds of adapters are not read.")
    }
    for (key, meaning) in [("use_dora", "DoRA"), ("fan_in_fan_out", "transposed weights")] {
      guard try json.boolIfPresent(key, file: path) != true else {
        throw InputError(file: path, field: key, expected: "false: \(meaning) cannot be used here", found: "true")
      }
    }
    rank = try json.integer("r", in: 1...65536, file: path)
    alpha = try json.double("lora_alpha", file: path)
    isRankStabilized = try json.boolIfPresent("use_rslora", file: path) ?? false
    var patterns: [(String, Double)] = []
    for member in try json.objectIfPresent("alpha_pattern", file: path)?.object ?? JSONObject([]) {
      guard let value = member.value.double, value.isFinite else {
        throw InputError(
          file: path, field: "alpha_pattern.\(member.key)", expected: "a number", found: member.value.kind)
      }
      patterns.append((member.key, value))
    }
    alphaPattern = patterns
  }

  /// α/r, or α/√r, for the pair of this module, whose rank its own A tells (`rank_pattern` may differ from `r`).
  func scale(module: String, rank: Int) -> Float {
    let alpha = alphaPattern.first { module == $0.0 || module.hasSuffix("." + $0.0) }?.1 ?? self.alpha
    return Float(alpha / (isRankStabilized ? Double(rank).squareRoot() : Double(rank)))
  }
}

/// Gathers `lora_A`, `lora_B` and whole tensors by the module that they belong to, in upstream's names.
struct LowRankCollector {
  let source: String
  let configuration: PhiConfiguration
  /// By model file's layer name; `module` is upstream's, for patterns and messages.
  private var halves: [String: (module: String, a: Tensor?, b: Tensor?)] = [:]
  private var overrides: [String: Tensor] = [:]
  private var unknown: [String] = []

  init(source: String, configuration: PhiConfiguration) {
    self.source = source
    self.configuration = configuration
  }

  /// Takes in one tensor of an adapter or stage checkpoint.
  mutating func add(_ name: String, _ tensor: Tensor) throws(InputError) {
    guard tensor.type.isFloatingPoint else {
      throw InputError(file: source, field: name, expected: "floating-point numbers", found: tensor.type.name)
    }
    // PEFT writes `….lora_A.weight`; its live state dict has the adapter's name in between, `….lora_A.default.weight`,
    // and `….modules_to_save.default.weight` for whole tensors.
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    if let index = parts.firstIndex(where: { $0 == "lora_A" || $0 == "lora_B" }) {
      let module = parts[..<index].joined(separator: ".")
      guard let layer = UpstreamNames.languageModel(module + ".weight")?.dropLast(".weight".count) else {
        unknown.append(name)
        return
      }
      var half = halves[String(layer)] ?? (module, nil, nil)
      let isA = parts[index] == "lora_A"
      guard (isA ? half.a : half.b) == nil else {
        throw InputError(file: source, field: name, expected: "one \(parts[index]) a layer", found: "a second one")
      }
      if isA { half.a = tensor } else { half.b = tensor }
      halves[String(layer)] = half
    } else {
      let plain = parts.filter { $0 != "modules_to_save" && $0 != "default" && $0 != "base_layer" }
      guard let ours = UpstreamNames.languageModel(plain.joined(separator: ".")) else {
        unknown.append(name)
        return
      }
      overrides[ours] = tensor.converted(to: .f32)
    }
  }

  /// The whole tensors that came along, by the model file's names.
  var wholeTensors: [String: Tensor] { overrides }

  /// Whether any low-rank pair came along.
  var hasPairs: Bool { !halves.isEmpty }

  /// Throws if a tensor came along that is no part of the language model or the projections.
  func checkAllKnown() throws(InputError) {
    guard unknown.isEmpty else {
      throw InputError(
        file: source, field: "tensors", expected: "tensors of Phi-2 or of the projections",
        found: "unexpected: \(abbreviated(unknown))", remedy: "Is this the right file?")
    }
  }

  /// The adapter of everything that was added.
  ///
  /// - Parameter scale: the factor for a module (upstream's name) and rank.
  func adapter(
    name: String, scale: (_ module: String, _ rank: Int) -> Float
  ) throws(InputError) -> Adapter {
    try checkAllKnown()
    var pairs: [String: LowRankPair] = [:]
    for (layer, half) in halves.sorted(by: { $0.key < $1.key }) {
      guard let a = half.a, let b = half.b else {
        throw InputError(
          file: source, field: half.module, expected: "lora_A and lora_B",
          found: half.a == nil ? "no lora_A" : "no lora_B")
      }
      guard a.shape.count == 2, b.shape.count == 2, a.shape[0] == b.shape[1], a.shape[0] > 0 else {
        throw InputError(
          file: source, field: half.module, expected: "lora_A [r, in] and lora_B [out, r]",
          found: "\(a.shape) and \(b.shape)")
      }
      pairs[layer] = LowRankPair(
        a: a.converted(to: .f32), b: b.converted(to: .f32), scale: scale(half.module, a.shape[0]))
    }
    return try Adapter(name: name, source: source, pairs: pairs, overrides: overrides)
      .laidOut(for: configuration, isInterleaved: true)
  }
}
