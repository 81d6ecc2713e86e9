import Diagnostics
import Foundation
import ModelFiles
import Tensors

extension Adapter {
  /// The suffixes that llama.cpp gives the two halves of a pair.
  static let suffixes = (a: ".weight.lora_a", b: ".weight.lora_b")

  /// The adapters that travel in a model file.
  static func adapters(in file: GGUFFile) throws(InputError) -> [Adapter] {
    guard let names = try file.stringsIfPresent(AdapterMetadata.names) else { return [] }
    let scales = try file.floats(AdapterMetadata.scales)
    guard scales.count == names.count, names.count <= 1024, Set(names).count == names.count else {
      throw InputError(
        file: file.path, field: AdapterMetadata.names,
        expected: "\(scales.count) different names, one for each scale",
        found: "\(names.count)")
    }
    var adapters: [Adapter] = []
    for (index, name) in names.enumerated() {
      let (pairs, overrides) = try tensors(in: file, prefix: "adapter.\(index).") { _ in scales[index] }
      adapters.append(Adapter(name: name, source: file.path, pairs: pairs, overrides: overrides))
    }
    return adapters
  }

  /// A GGUF adapter as llama.cpp's converter writes it: `general.type` "adapter", `adapter.lora.alpha`, pairs named
  /// `blk.0.attn_output.weight.lora_a`.
  ///
  /// That converter only renames, so rows of a fused `attn_qkv` are in upstream's order, head by head.
  static func readGGUF(_ path: String, _ model: PhiConfiguration) throws(InputError) -> Adapter {
    let file = try GGUFFile(path: path)
    let type = try file.stringIfPresent("general.type") ?? "model"
    guard type == "adapter" else {
      throw InputError(file: path, field: "general.type", expected: "adapter", found: type)
    }
    let kind = try file.string("adapter.type")
    guard kind == "lora" else { throw InputError(file: path, field: "adapter.type", expected: "lora", found: kind) }
    let architecture = try file.string("general.architecture")
    guard architecture == "phi2" || architecture == MetadataKey.architecture else {
      throw InputError(
        file: path, field: "general.architecture", expected: "phi2 or tinygptv", found: architecture,
        remedy: "The adapter was trained for another model.")
    }
    let alpha = try file.float("adapter.lora.alpha")
    let (pairs, overrides) = try tensors(in: file, prefix: "") { rank in alpha / Float(rank) }
    let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    return try Adapter(name: name, source: path, pairs: pairs, overrides: overrides)
      .laidOut(for: model, isInterleaved: architecture != MetadataKey.architecture)
  }

  private static func tensors(
    in file: GGUFFile, prefix: String, scale: (_ rank: Int) -> Float
  ) throws(InputError) -> ([String: LowRankPair], [String: Tensor]) {
    var pairs: [String: LowRankPair] = [:]
    var overrides: [String: Tensor] = [:]
    for name in file.tensorNames where name.hasPrefix(prefix) {
      let plain = name.dropFirst(prefix.count)
      guard let tensor = file.tensor(named: name) else { continue }
      guard tensor.type.isFloatingPoint else {
        throw InputError(file: file.path, field: name, expected: "floating-point numbers", found: tensor.type.name)
      }
      if plain.hasSuffix(suffixes.a) {
        let layer = String(plain.dropLast(suffixes.a.count))
        guard let b = file.tensor(named: prefix + layer + suffixes.b) else {
          throw InputError(file: file.path, field: name, expected: "lora_a and lora_b", found: "no lora_b")
        }
        guard tensor.shape.count == 2, b.shape.count == 2, tensor.shape[0] == b.shape[1], tensor.shape[0] > 0 else {
          throw InputError(
            file: file.path, field: name, expected: "lora_a [r, in] and lora_b [out, r]",
            found: "\(tensor.shape) and \(b.shape)")
        }
        pairs[layer] = LowRankPair(a: tensor, b: b, scale: scale(tensor.shape[0]))
      } else if plain.hasSuffix(suffixes.b) {
        guard file.description(of: String(name.dropLast(suffixes.b.count)) + suffixes.a) != nil else {
          throw InputError(file: file.path, field: name, expected: "lora_a and lora_b", found: "no lora_a")
        }
      } else {
        overrides[String(plain)] = tensor
      }
    }
    return (pairs, overrides)
  }
}
