import Diagnostics
import Tensors

extension Adapter {
  /// The adapter with queries, keys and values fused as the model file has them: `attn_q`, `attn_k` and `attn_v` become
  /// one `attn_qkv`, and a fused matrix in upstream's order of rows is put into ours.
  ///
  /// - Parameter isInterleaved: whether fused matrices are in upstream's order, head by head.
  func laidOut(for configuration: PhiConfiguration, isInterleaved: Bool) throws(InputError) -> Adapter {
    var result = self
    result.pairs = [:]
    var split: [String: [Int: LowRankPair]] = [:]
    for (layer, pair) in pairs.sorted(by: { $0.key < $1.key }) {
      if let (fused, part) = Self.partOfFused(layer) {
        split[fused, default: [:]][part] = pair
      } else if isInterleaved && layer.hasSuffix(".attn_qkv") {
        let b = try reordered(pair.b, layer, configuration)
        result.pairs[layer] = LowRankPair(a: pair.a, b: b, scale: pair.scale)
      } else {
        result.pairs[layer] = pair
      }
    }
    for (fused, parts) in split.sorted(by: { $0.key < $1.key }) {
      guard result.pairs[fused] == nil else {
        throw InputError(
          file: source, field: fused, expected: "fused or separate projections", found: "both for one layer")
      }
      result.pairs[fused] = try blockDiagonal(parts, fused, hidden: configuration.hiddenSize)
    }
    for (name, tensor) in overrides where isInterleaved && name.contains(".attn_qkv.") {
      result.overrides[name] = try reordered(tensor, name, configuration)
    }
    return result
  }

  /// `blk.3.attn_k` → (`blk.3.attn_qkv`, 1).
  private static func partOfFused(_ layer: String) -> (String, Int)? {
    for (part, suffix) in [".attn_q", ".attn_k", ".attn_v"].enumerated() where layer.hasSuffix(suffix) {
      return (layer.dropLast(suffix.count) + ".attn_qkv", part)
    }
    return nil
  }

  /// Separate pairs as one: A stacks theirs, B has theirs, scaled, along its diagonal.
  private func blockDiagonal(
    _ parts: [Int: LowRankPair], _ layer: String, hidden: Int
  ) throws(InputError) -> LowRankPair {
    let rank = parts.values.reduce(0) { $0 + $1.a.shape[0] }
    var b = [Float](repeating: 0, count: 3 * hidden * rank)
    var start = 0
    var stacked: [Tensor] = []
    for (part, pair) in parts.sorted(by: { $0.key < $1.key }) {
      guard pair.b.shape[0] == hidden, pair.a.shape[1] == hidden else {
        throw InputError(
          file: source, field: layer, expected: "pairs of width \(hidden)", found: "\(pair.a.shape), \(pair.b.shape)",
          remedy: "The adapter was trained for another model.")
      }
      let (values, own) = (pair.b.floatArray(), pair.a.shape[0])
      for row in 0..<hidden {
        for r in 0..<own { b[(part * hidden + row) * rank + start + r] = pair.scale * values[row * own + r] }
      }
      stacked.append(pair.a.converted(to: .f32))
      start += own
    }
    return LowRankPair(a: Tensor.stackingRows(stacked), b: Tensor(b, shape: [3 * hidden, rank]), scale: 1)
  }

  private func reordered(
    _ tensor: Tensor, _ name: String, _ configuration: PhiConfiguration
  ) throws(InputError) -> Tensor {
    let rows = 3 * configuration.hiddenSize
    guard tensor.shape.first == rows else {
      throw InputError(
        file: source, field: name, expected: "\(rows) rows", found: "shape \(tensor.shape)",
        remedy: "The adapter was trained for another model.")
    }
    return RowSource(tensor, shape: [rows, tensor.count / rows]).inModelFileOrder(configuration)
      .tensor().reshaped(tensor.shape)
  }
}

extension RowSource {
  /// Upstream's fused `query_key_value`, whose rows are ordered head by head, [head][q, k, v][D], as a model file has it:
  /// all queries, then all keys, then all values, which is llama.cpp's order.
  func inModelFileOrder(_ configuration: PhiConfiguration) -> RowSource {
    let (heads, headSize) = (configuration.heads, configuration.headSize)
    return permuted { row in
      let (part, inPart) = row.quotientAndRemainder(dividingBy: heads * headSize)
      let (head, inHead) = inPart.quotientAndRemainder(dividingBy: headSize)
      return (head * 3 + part) * headSize + inHead
    }
  }
}
