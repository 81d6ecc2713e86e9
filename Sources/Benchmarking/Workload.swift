import Tensors
import TinyGPTV

/// How many operations a model's parts take and how many bytes they read, as far as they matter: matrix products and
/// attention. A multiplication and an addition count as two operations.
struct Workload {
  private let model: TinyGPTVModel

  init(_ model: TinyGPTVModel) { self.model = model }

  private func matrices(_ prefix: String, where isWanted: (String) -> Bool = { _ in true }) -> [Tensor] {
    model.parameters.filter { $0.key.hasPrefix(prefix) && $0.value.base.shape.count == 2 && isWanted($0.key) }
      .map(\.value.base)
  }

  private func elements(_ tensors: [Tensor]) -> Double { tensors.reduce(0) { $0 + Double($1.count) } }

  /// Operations of a prompt of this many tokens that follows no others, and of the logits behind its last token. Of the
  /// last layer only the keys and values, with which queries are computed, are wanted of all tokens.
  func promptOperations(_ tokens: Int) -> Double {
    let phi = model.configuration.phi
    let (n, width) = (Double(tokens), Double(phi.hiddenSize))
    let attention = n * (n + 1) * width * Double(phi.layers - 1) + 2 * n * width
    let ofLastToken = matrices("blk.\(phi.layers - 1).") { !$0.contains("attn_qkv") }
    let products = n * elements(matrices("blk.")) - (n - 1) * elements(ofLastToken)
    return 2 * (products + attention + elements(matrices("output.")))
  }

  /// Bytes that are read for a token that follows so many others: every matrix once, and all keys and values.
  func decodingBytes(after tokens: Double) -> Double {
    let weights = (matrices("blk.") + matrices("output.")).reduce(0) { $0 + Double($1.byteCount) }
    return weights + tokens * Double(model.cacheBytes(tokens: 1))
  }

  /// Operations from a picture's pixels to its vectors.
  func pictureOperations(side: Int) -> Double {
    guard let vision = model.configuration.vision else { return 0 }
    let patches = Double((side / vision.patchSize) * (side / vision.patchSize))
    let tokens = patches + 1
    let queries = Double(vision.qFormer.queries)
    func isOverPicture(_ name: String) -> Bool { name.contains("cross_attn_k.") || name.contains("cross_attn_v.") }
    let crossings = Double((0..<vision.qFormer.layers).count { vision.qFormer.hasCrossAttention(layer: $0) })
    var products = patches * elements(matrices("v.patch_embd")) + tokens * elements(matrices("v.blk."))
    products += 2 * tokens * tokens * Double(vision.width * vision.layers)
    products += tokens * elements(matrices("qf.blk.", where: isOverPicture))
    products += queries * elements(matrices("qf.blk.") { !isOverPicture($0) } + matrices("mm."))
    products +=
      2 * queries * Double(vision.qFormer.width) * (tokens * crossings + queries * Double(vision.qFormer.layers))
    return 2 * products
  }

  /// What limits products with the matrices of a part of the model on this machine.
  func limit(of prefix: String) -> MachineLimit {
    let types = matrices(prefix).reduce(into: [ScalarType: Int]()) { $0[$1.type, default: 0] += $1.count }
    let type = types.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }?.key ?? .f32
    if type.isQuantized, MachineLimit.int8.instructions != nil { return .int8 }
    if type == .bf16, MachineLimit.bf16.instructions != nil { return .bf16 }
    return .f32
  }
}
