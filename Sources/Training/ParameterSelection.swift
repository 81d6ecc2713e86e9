import Diagnostics
import Foundation
import TinyGPTV

/// Which of a model's parameters a run trains: names of groups, or patterns of names in the model file.
struct ParameterSelection: Sendable {
  /// A group's name and the patterns that it stands for.
  static let groups: [(name: String, patterns: [String])] = [
    ("projections", ["mm.*"]),
    // As upstream: the language model's norms, without their biases.
    ("norms", ["blk.*norm.weight", "output_norm.weight"]),
    ("lora", []),
    ("vision", ["v.*"]),
    ("qformer", ["qf.*"]),
    ("phi", ["blk.*", "output_norm.*"]),
    ("embeddings", ["token_embd.*"]),
    ("head", ["output.*"]),
  ]

  /// The group of the adapter's low-rank pairs.
  static let lora = "lora"

  private let patterns: [String]
  /// Whether the adapter's low-rank pairs are trained.
  let includesLoRA: Bool

  /// - Parameter names: groups or patterns, as the configuration has them.
  /// - Throws: ``InputError`` for a name that selects nothing in this model.
  init(_ names: [String], in model: TinyGPTVModel) throws(InputError) {
    var patterns: [String] = []
    for name in names where name != Self.lora {
      let chosen = Self.groups.first { $0.name == name }?.patterns ?? [name]
      guard model.parameters.keys.contains(where: { parameter in chosen.contains { parameter.matches(glob: $0) } })
      else {
        throw InputError(
          file: "configuration", field: "model.train",
          expected: "\(Self.groups.map(\.name).joined(separator: ", ")), or a pattern that fits a tensor's name",
          found: name, remedy: "`tinygptv inspect` lists the tensors.")
      }
      patterns += chosen
    }
    self.patterns = patterns
    includesLoRA = names.contains(Self.lora)
  }

  /// Whether the parameter of this name is trained.
  func contains(_ name: String) -> Bool { patterns.contains { name.matches(glob: $0) } }
}

extension String {
  /// Whether the whole text fits the pattern, in which `*` stands for any text.
  func matches(glob pattern: String) -> Bool {
    let parts = Array(pattern.utf8).split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
    var rest = Array(utf8)[...]
    guard parts.count > 1 else { return rest.elementsEqual(parts[0]) }
    guard rest.starts(with: parts[0]) else { return false }
    rest = rest.dropFirst(parts[0].count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let start = rest.indices.first(where: { rest[$0...].starts(with: part) }) else { return false }
      rest = rest[(start + part.count)...]
    }
    return rest.count >= parts[parts.count - 1].count && rest.suffix(parts[parts.count - 1].count) == parts[parts.count - 1]
  }
}
