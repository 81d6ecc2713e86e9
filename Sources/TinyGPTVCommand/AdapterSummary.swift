import Diagnostics
import ModelFiles
import TinyGPTV

/// What `inspect` shows of an adapter that travels in a model file.
struct AdapterSummary {
  var name: String
  var scale: Float
  /// The rank of its first pair; 0 without pairs.
  var rank: Int
  /// How many tensors it has.
  var tensors: Int
  var isDefault: Bool

  /// The adapters that the metadata of a model file names; empty for other files and for damaged metadata, which
  /// loading the model reports.
  static func all(in file: any TensorFile) -> [AdapterSummary] {
    guard let file = file as? GGUFFile, let names = try? file.stringsIfPresent(AdapterMetadata.names),
      let scales = try? file.floatsIfPresent(AdapterMetadata.scales), names.count == scales.count
    else { return [] }
    let standard = try? file.stringIfPresent(AdapterMetadata.standard)
    return names.enumerated().map { index, name in
      let own = file.tensorNames.filter { $0.hasPrefix("adapter.\(index).") }
      let rank = own.first { $0.hasSuffix(".lora_a") }.flatMap { file.description(of: $0)?.shape.first } ?? 0
      return AdapterSummary(
        name: name, scale: scales[index], rank: rank, tensors: own.count, isDefault: name == standard)
    }
  }

  /// The cells of its line in the table.
  var cells: [String] {
    [
      name.escapingControlCharacters(limit: 120), "rank \(rank)", "scale \(scale)", "\(tensors) tensors",
      isDefault ? "on by default" : "",
    ]
  }

  var json: JSONValue {
    .object(
      JSONObject([
        .init(key: "name", value: .string(name)), .init(key: "rank", value: .integer(rank)),
        .init(key: "scale", value: .number(Double(scale))), .init(key: "tensors", value: .integer(tensors)),
        .init(key: "default", value: .bool(isDefault)),
      ]))
  }
}
