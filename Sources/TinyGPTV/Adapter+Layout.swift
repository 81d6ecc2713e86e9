import Diagnostics
import Tensors

extension Adapter {
  /// The adapter with queries, keys and values fused as the model file has them: `attn_q`, `attn_k` and `attn_v` become
  /// one `attn_qkv`, and a fused matrix in upstream's order of rows is put into ours.
  ///
  /// Three pairs of one A and one scale become one pair of their rank, others a block-diagonal one of all ranks together.
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
      result.pairs[fused] = try joined(parts, fused, hidden: configuration.hiddenSize)
    }
    for (name, tensor) in overrides where isInterleaved && name.contains(".attn_qkv.") {
      result.overrides[name] = try reordered(tensor, name, configuration)
    }
    try result.joinOverrides()
    return result
  }

  /// Makes whole tensors of separate queries, keys and values one of each three.
  private mutating func joinOverrides() throws(InputError) {
    var split: [String: [Int: Tensor]] = [:]
    for (name, tensor) in overrides {
      guard let dot = name.lastIndex(of: "."), let (fused, part) = Self.partOfFused(String(name[..<dot])) else {
        continue
      }
      split[fused + name[dot...], default: [:]][part] = tensor
      overrides[name] = nil
    }
    for (fused, parts) in split.sorted(by: { $0.key < $1.key }) {
      let tensors = parts.sorted { $0.key < $1.key }.map { $0.value.converted(to: .f32) }
      guard tensors.count == 3, overrides[fused] == nil, tensors.allSatisfy({ $0.shape == tensors[0].shape }) else {
        throw InputError(
          file: source, field: fused, expected: "queries, keys and values of one shape", found: "only some of them")
      }
      overrides[fused] = Tensor(
        tensors.flatMap { $0.floatArray() }, shape: [3 * tensors[0].shape[0]] + tensors[0].shape.dropFirst())
    }
  }

  /// `blk.3.attn_k` → (`blk.3.attn_qkv`, 1).
  private static func partOfFused(_ layer: String) -> (String, Int)? {
    for (part, suffix) in [".attn_q", ".attn_k", ".attn_v"].enumerated() where layer.hasSuffix(suffix) {
      return (layer.dropLast(suffix.count) + ".attn_qkv", part)
    }
    return nil
  }

  /// Separate pairs as one.
  private func joined(_ parts: [Int: LowRankPair], _ layer: String, hidden: Int) throws(InputError) -> LowRankPair {
    let ordered = parts.sorted { $0.key < $1.key }
    for (_, pair) in ordered where pair.b.shape[0] != hidden || pair.a.shape[1] != hidden {
      throw InputError(
        file: source, field: layer, expected: "pairs of width \(hidden)", found: "\(pair.a.shape), \(pair.b.shape)",
        remedy: "The adapter was trained for another model.")
    }
    let first = ordered[0].value
    let a = first.a.floatArray()
    let isShared = ordered.allSatisfy { $0.value.scale == first.scale && $0.value.a.floatArray() == a }
    guard ordered.count == 3, isShared else { return blockDiagonal(ordered, hidden: hidden) }
    return LowRankPair(
      a: first.a, b: Tensor.stackingRows(ordered.map { $0.value.b.converted(to: .f32) }), scale: first.scale)
  }

  /// A stacks theirs, B has theirs, scaled, along its diagonal.
  private func blockDiagonal(_ parts: [(key: Int, value: LowRankPair)], hidden: Int) -> LowRankPair {
    let rank = parts.reduce(0) { $0 + $1.value.a.shape[0] }
    var b = [Float](repeating: 0, count: 3 * hidden * rank)
    var start = 0
    for (part, pair) in parts {
      let (values, own) = (pair.b.floatArray(), pair.a.shape[0])
      for row in 0..<hidden {
        for r in 0..<own { b[(part * hidden + row) * rank + start + r] = pair.scale * values[row * own + r] }
      }
      start += own
    }
    return LowRankPair(
      a: Tensor.stackingRows(parts.map { $0.value.a.converted(to: .f32) }), b: Tensor(b, shape: [3 * hidden, rank]),
      scale: 1)
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

  /// The inverse of ``inModelFileOrder(_:)``.
  func inUpstreamOrder(_ configuration: PhiConfiguration) -> RowSource {
    let (heads, headSize) = (configuration.heads, configuration.headSize)
    return permuted { row in
      let (head, inGroup) = row.quotientAndRemainder(dividingBy: 3 * headSize)
      return inGroup / headSize * heads * headSize + head * headSize + inGroup % headSize
    }
  }
}
