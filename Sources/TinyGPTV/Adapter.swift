import Diagnostics
import Tensors

/// A low-rank correction of one linear layer: y += scale · x·Aᵀ·Bᵀ (Hu et al. 2021).
public struct LowRankPair: Sendable {
  /// [rank, in].
  public var a: Tensor
  /// [out, rank].
  public var b: Tensor
  /// α/r, or α/√r for rank-stabilised LoRA.
  public var scale: Float

  /// Puts a pair together.
  public init(a: Tensor, b: Tensor, scale: Float) {
    self.a = a
    self.b = b
    self.scale = scale
  }
}

extension LowRankPair {
  /// The same in q8_0, its rank filled up with zeros to whole blocks; nil if a row of A is no whole number of them.
  var asBytes: LowRankPair? {
    let (rank, width, block) = (a.shape[0], a.width, ScalarType.q8_0.blockSize)
    guard width % block == 0, rank > 0 else { return nil }
    let padded = (rank + block - 1) / block * block
    var (rows, columns) = (a.floatArray(), b.floatArray())
    // The blocks' scales are f16: in each matrix the largest of them becomes 1, the rest goes to the pair's scale.
    let steps = (Self.largest(rows) / 127, Self.largest(columns) / 127)
    let scale = scale * steps.0 * steps.1
    guard scale.isFinite, steps.0 >= .leastNormalMagnitude, steps.1 >= .leastNormalMagnitude else { return nil }
    for i in rows.indices { rows[i] /= steps.0 }
    for i in columns.indices { columns[i] /= steps.1 }
    if padded > rank {
      rows += [Float](repeating: 0, count: (padded - rank) * width)
      let narrow = columns
      columns = [Float](repeating: 0, count: b.shape[0] * padded)
      for row in 0..<b.shape[0] {
        columns.replaceSubrange(row * padded..<row * padded + rank, with: narrow[row * rank..<row * rank + rank])
      }
    }
    return LowRankPair(
      a: Tensor(rows, shape: [padded, width]).converted(to: .q8_0),
      b: Tensor(columns, shape: [b.shape[0], padded]).converted(to: .q8_0), scale: scale)
  }

  /// The largest magnitude, 1 if all are 0.
  private static func largest(_ values: [Float]) -> Float {
    let largest = values.reduce(0) { max($0, abs($1)) }
    return largest > 0 ? largest : 1
  }
}

/// A set of low-rank pairs and whole-tensor overrides that turns the base model into another one.
///
/// Names are the model file's: `blk.3.attn_qkv` for a pair, `blk.3.attn_q_norm.weight` for an override.
public struct Adapter: Sendable {
  /// What the user calls it.
  public var name: String
  /// Where it was read from, for messages.
  public var source: String
  /// Pairs by the layer that they correct.
  public var pairs: [String: LowRankPair]
  /// Tensors that stand in place of the base's.
  public var overrides: [String: Tensor]

  /// Puts an adapter together.
  public init(name: String, source: String, pairs: [String: LowRankPair], overrides: [String: Tensor] = [:]) {
    self.name = name
    self.source = source
    self.pairs = pairs
    self.overrides = overrides
  }

  /// Throws unless every pair and override fits the model: known names, matching widths and ranks, finite numbers.
  ///
  /// - Parameters:
  ///   - layers: the layers that can be adapted.
  ///   - shapes: the shapes of the model's parameters by name.
  func check(layers: Set<String>, shapes: [String: [Int]]) throws(InputError) {
    guard !pairs.isEmpty || !overrides.isEmpty else {
      throw InputError(file: source, expected: "at least one tensor that fits the model", found: "none")
    }
    for (name, pair) in pairs.sorted(by: { $0.key < $1.key }) {
      guard layers.contains(name), let weight = shapes["\(name).weight"] else {
        throw InputError(
          file: source, field: name, expected: "a layer of this model", found: "one that it does not have",
          remedy: "The adapter was trained for another model.")
      }
      guard pair.a.shape.count == 2, pair.b.shape.count == 2, pair.a.shape[0] == pair.b.shape[1],
        pair.a.shape[1] == weight[1], pair.b.shape[0] == weight[0]
      else {
        throw InputError(
          file: source, field: name, expected: "lora_A [r, \(weight[1])] and lora_B [\(weight[0]), r]",
          found: "\(pair.a.shape) and \(pair.b.shape)", remedy: "The adapter was trained for another model.")
      }
      try requireFinite(pair.a, "\(name).lora_A")
      try requireFinite(pair.b, "\(name).lora_B")
      guard pair.scale.isFinite else {
        throw InputError(file: source, field: name, expected: "a finite scale", found: "\(pair.scale)")
      }
    }
    for (name, tensor) in overrides.sorted(by: { $0.key < $1.key }) {
      guard let shape = shapes[name], shape == tensor.shape else {
        throw InputError(
          file: source, field: name, expected: shapes[name].map { "shape \($0)" } ?? "a tensor of the model",
          found: "shape \(tensor.shape)", remedy: "The adapter was trained for another model.")
      }
      try requireFinite(tensor, name)
    }
  }

  private func requireFinite(_ tensor: Tensor, _ name: String) throws(InputError) {
    guard tensor.converted(to: .f32).isFinite else {
      throw InputError(file: source, field: name, expected: "finite numbers", found: "NaN or infinity")
    }
  }
}
