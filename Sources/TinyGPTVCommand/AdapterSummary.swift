import Diagnostics
import ModelFiles
import TinyGPTV

/// What `inspect` shows of an adapter: one that travels in a model file, a GGUF adapter, or a PEFT directory.
struct AdapterSummary {
  var name: String
  /// The ranks of its pairs; empty without pairs.
  var ranks: Set<Int>
  /// The factor of its low-rank products; nil where it is damaged, which loading the adapter reports.
  var scale: Double?
  /// LoRA's α, where the file says it.
  var alpha: Double?
  /// How many tensors it has.
  var tensors: Int
  /// How many layers have a low-rank pair.
  var pairs: Int
  /// The tensors that stand in place of the base's.
  var overrides: [String]
  var isDefault = false

  /// The adapters in a file; empty for other files and for damaged metadata, which loading the model reports.
  static func all(in file: any TensorFile) -> [AdapterSummary] {
    switch file {
    case let file as GGUFFile:
      if (try? file.stringIfPresent("general.type")) == "adapter" { return [ofGGUFAdapter(file)] }
      return embedded(in: file)
    case let file as ShardedCheckpoint: return ofPEFT(file).map { [$0] } ?? []
    default: return []
    }
  }

  private static func embedded(in file: GGUFFile) -> [AdapterSummary] {
    guard let names = try? file.stringsIfPresent(AdapterMetadata.names),
      let scales = try? file.floatsIfPresent(AdapterMetadata.scales), names.count == scales.count
    else { return [] }
    let standard = try? file.stringIfPresent(AdapterMetadata.standard)
    return names.enumerated().map { index, name in
      let prefix = "adapter.\(index)."
      var summary = AdapterSummary(name: name, file, file.tensorNames.filter { $0.hasPrefix(prefix) })
      summary.overrides = summary.overrides.map { String($0.dropFirst(prefix.count)) }
      summary.scale = Double(scales[index])
      summary.isDefault = name == standard
      return summary
    }
  }

  private static func ofGGUFAdapter(_ file: GGUFFile) -> AdapterSummary {
    let stem = file.path.split(separator: "/").last.map { $0.hasSuffix(".gguf") ? String($0.dropLast(5)) : String($0) }
    var summary = AdapterSummary(name: stem ?? file.path, file, file.tensorNames)
    summary.alpha = (try? file.floatIfPresent("adapter.lora.alpha")).flatMap { $0 }.map { Double($0) }
    summary.setScale()
    return summary
  }

  /// nil for a directory that holds a model.
  private static func ofPEFT(_ file: ShardedCheckpoint) -> AdapterSummary? {
    guard let settings = try? JSONValue.read(path: file.path + "/adapter_config.json") else { return nil }
    let name = file.path.split(separator: "/").last.map(String.init)
    var summary = AdapterSummary(name: name ?? file.path, file, file.tensorNames)
    summary.alpha = settings["lora_alpha"]?.double
    summary.setScale(isRankStabilized: settings["use_rslora"]?.bool ?? false)
    return summary
  }

  /// Sorts the tensors: llama.cpp's names end in `.lora_a`, PEFT's have a `.lora_A.` in them.
  private init(name: String, _ file: any TensorFile, _ tensors: [String]) {
    self.name = name
    let firstHalves = tensors.filter { $0.hasSuffix(".lora_a") || $0.contains(".lora_A.") }
    let secondHalves = tensors.filter { $0.hasSuffix(".lora_b") || $0.contains(".lora_B.") }
    ranks = Set(firstHalves.compactMap { file.description(of: $0)?.shape.first })
    self.tensors = tensors.count
    pairs = firstHalves.count
    let halves = Set(firstHalves + secondHalves)
    overrides = tensors.filter { !halves.contains($0) }
  }

  /// α/r or α/√r, unless ranks differ.
  private mutating func setScale(isRankStabilized: Bool = false) {
    guard let alpha, ranks.count == 1, let rank = ranks.first, rank > 0 else { return }
    scale = alpha / (isRankStabilized ? Double(rank).squareRoot() : Double(rank))
  }

  /// The cells of its line in the table.
  var cells: [String] {
    let sorted = ranks.sorted()
    let rank = sorted.count > 1 ? "ranks \(sorted[0])–\(sorted[sorted.count - 1])" : "rank \(sorted.first ?? 0)"
    return [
      name.escapingControlCharacters(limit: 120), rank, alpha.map { "alpha \($0)" } ?? "",
      scale.map { "scale \(Float($0))" } ?? "", "\(pairs) pairs", "\(overrides.count) overrides",
      isDefault ? "on by default" : "",
    ]
  }

  var json: JSONValue {
    .object(
      JSONObject([
        .init(key: "name", value: .string(name)), .init(key: "rank", value: .integer(ranks.max() ?? 0)),
        .init(key: "alpha", value: alpha.map { .number($0) } ?? .null),
        .init(key: "scale", value: scale.map { .number($0) } ?? .null), .init(key: "tensors", value: .integer(tensors)),
        .init(key: "pairs", value: .integer(pairs)),
        .init(key: "overrides", value: .array(overrides.map { .string($0) })),
        .init(key: "default", value: .bool(isDefault)),
      ]))
  }
}
