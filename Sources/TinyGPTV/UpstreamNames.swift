/// What upstream's checkpoints call a tensor and what a model file calls it.
enum UpstreamNames {
  /// The model file's name for a tensor of Phi, `model.layers.3.self_attn.dense.weight` → `blk.3.attn_output.weight`,
  /// with or without the prefixes that a stage checkpoint (`llama_model.`) and PEFT (`base_model.model.`) put in front;
  /// or of a projection. nil for a name that is none of these.
  static func languageModel(_ name: String) -> String? {
    var rest = Substring(name)
    for prefix in ["llama_model.", "base_model.model.", "model."] where rest.hasPrefix(prefix) {
      rest = rest.dropFirst(prefix.count)
    }
    for (theirs, ours) in topLevel where rest.hasPrefix(theirs + ".") {
      return ours + rest.dropFirst(theirs.count)
    }
    guard let (index, part) = indexed(rest, prefix: "layers.") else { return nil }
    for (theirs, ours) in inLayer where part.hasPrefix(theirs + ".") {
      return "blk.\(index).\(ours)" + part.dropFirst(theirs.count)
    }
    return nil
  }

  /// Upstream's name for a tensor of Phi or of a projection, `blk.3.attn_output.weight` →
  /// `model.layers.3.self_attn.dense.weight`, without the prefixes of checkpoints and PEFT. nil for any other tensor.
  static func languageModel(of name: String) -> String? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count >= 2 else { return nil }
    let suffix = parts[parts.count - 1]
    if parts.count == 4, parts[0] == "blk" {
      return inLayer.first { $0.1 == parts[2] }.map { "model.layers.\(parts[1]).\($0.0).\(suffix)" }
    }
    let stem = parts.dropLast().joined(separator: ".")
    guard let theirs = topLevel.first(where: { $0.1 == stem })?.0 else { return nil }
    return theirs == "lm_head" || theirs.hasPrefix("llama_proj") ? "\(theirs).\(suffix)" : "model.\(theirs).\(suffix)"
  }

  private static let topLevel = [
    ("embed_tokens", "token_embd"), ("final_layernorm", "output_norm"), ("lm_head", "output"),
    ("llama_proj2", "mm.1"), ("llama_proj", "mm.0"),
  ]

  private static let inLayer = [
    ("input_layernorm", "attn_norm"), ("self_attn.query_key_value", "attn_qkv"), ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"), ("self_attn.dense", "attn_output"),
    ("self_attn.q_layernorm", "attn_q_norm"), ("self_attn.k_layernorm", "attn_k_norm"),
    ("post_layernorm", "post_attention_norm"), ("mlp.fc1", "ffn_up"), ("mlp.fc2", "ffn_down"),
  ]

  /// Buffers that older checkpoints carry and that hold no weights.
  static func isBuffer(_ name: String) -> Bool {
    name.hasSuffix(".rotary_emb.inv_freq") || name.hasSuffix(".attention.bias") || name.hasSuffix(".masked_bias")
      || name.hasSuffix(".self_attn.bias")
  }

  /// The model file's name for a tensor of EVA's, nil for the unused norm and head. `q_bias` and `v_bias` keep their
  /// names, since together they make one bias.
  static func vision(_ name: String) -> String? {
    switch name {
    case "cls_token": return "v.class_embd"
    case "pos_embed": return "v.position_embd.weight"
    case "patch_embed.proj.weight": return "v.patch_embd.weight"
    case "patch_embed.proj.bias": return "v.patch_embd.bias"
    default: break
    }
    guard let (index, part) = indexed(Substring(name), prefix: "blocks.") else { return nil }
    for (theirs, ours) in inBlock where part.hasPrefix(theirs) {
      return "v.blk.\(index).\(ours)" + part.dropFirst(theirs.count)
    }
    return nil
  }

  private static let inBlock = [
    ("norm1.", "ln1."), ("norm2.", "ln2."), ("attn.qkv.", "attn_qkv."), ("attn.q_bias", "attn_qkv.q_bias"),
    ("attn.v_bias", "attn_qkv.v_bias"), ("attn.proj.", "attn_out."), ("mlp.fc1.", "ffn_up."), ("mlp.fc2.", "ffn_down."),
  ]

  /// The model file's name for a tensor of BLIP-2's that the query half of the Q-Former uses, nil for the text half,
  /// the language model's projection and everything else.
  static func qFormer(_ name: String) -> String? {
    switch name {
    case "query_tokens": return "qf.query_tokens"
    case "ln_vision.weight": return "v.post_ln.weight"
    case "ln_vision.bias": return "v.post_ln.bias"
    case "Qformer.bert.embeddings.LayerNorm.weight": return "qf.embd_norm.weight"
    case "Qformer.bert.embeddings.LayerNorm.bias": return "qf.embd_norm.bias"
    default: break
    }
    guard let (index, part) = indexed(Substring(name), prefix: "Qformer.bert.encoder.layer.") else { return nil }
    for (theirs, ours) in inQFormerLayer where part.hasPrefix(theirs + ".") {
      return "qf.blk.\(index).\(ours)" + part.dropFirst(theirs.count)
    }
    return nil
  }

  private static let inQFormerLayer = [
    ("attention.self.query", "attn_q"), ("attention.self.key", "attn_k"), ("attention.self.value", "attn_v"),
    ("attention.output.dense", "attn_output"), ("attention.output.LayerNorm", "attn_norm"),
    ("crossattention.self.query", "cross_attn_q"), ("crossattention.self.key", "cross_attn_k"),
    ("crossattention.self.value", "cross_attn_v"), ("crossattention.output.dense", "cross_attn_output"),
    ("crossattention.output.LayerNorm", "cross_attn_norm"), ("intermediate_query.dense", "ffn_up"),
    ("output_query.dense", "ffn_down"), ("output_query.LayerNorm", "ffn_norm"),
  ]

  /// `layers.3.rest` → (3, `rest`).
  private static func indexed(_ name: Substring, prefix: String) -> (Int, Substring)? {
    guard name.hasPrefix(prefix) else { return nil }
    let rest = name.dropFirst(prefix.count)
    guard let dot = rest.firstIndex(of: "."), let index = Int(rest[..<dot]), index >= 0, index < 1 << 20,
      // "007" and "+7" would make two names for one tensor.
      String(index) == rest[..<dot]
    else { return nil }
    return (index, rest[rest.index(after: dot)...])
  }
}

extension UpstreamNames {
  /// Upstream's tensors behind a tensor of the model file: names and shapes. Empty for what upstream does not save; two
  /// for EVA's attention bias, whose middle third is zero.
  static func upstream(_ name: String, _ shape: [Int]) -> [(name: String, shape: [Int])] {
    let parts = name.split(separator: ".").map(String.init)
    let suffix = parts[parts.count - 1]
    func renamed(_ table: [(String, String)], _ ours: String) -> String? { table.first { $0.1 == ours }?.0 }
    switch name {
    case "v.class_embd": return [("cls_token", [1] + shape)]
    case "v.position_embd.weight": return [("pos_embed", [1] + shape)]
    case "v.patch_embd.weight":
      let side = Int(Double(shape[1] / 3).squareRoot().rounded())
      return [("patch_embed.proj.weight", [shape[0], 3, side, side])]
    case "v.patch_embd.bias": return [("patch_embed.proj.bias", shape)]
    case "qf.query_tokens": return [("query_tokens", [1] + shape)]
    case "v.post_ln.weight", "v.post_ln.bias": return [("ln_vision.\(suffix)", shape)]
    case "qf.embd_norm.weight", "qf.embd_norm.bias": return [("Qformer.bert.embeddings.LayerNorm.\(suffix)", shape)]
    default: break
    }
    switch parts[0] {
    case "v":
      let prefix = "blocks.\(parts[2])."
      if parts[3] == "attn_qkv", suffix == "bias" {
        return ["q_bias", "v_bias"].map { (prefix + "attn." + $0, [shape[0] / 3]) }
      }
      return renamed(inBlock, parts[3] + ".").map { [(prefix + $0 + suffix, shape)] } ?? []
    case "qf":
      return renamed(inQFormerLayer, parts[3])
        .map { [("Qformer.bert.encoder.layer.\(parts[2]).\($0).\(suffix)", shape)] } ?? []
    case "blk":
      // The extra norms' biases are never trained and never saved.
      if suffix == "bias", parts[2] == "attn_q_norm" || parts[2] == "attn_k_norm" { return [] }
      return languageModel(of: name).map { [($0, shape)] } ?? []
    default:
      return languageModel(of: name).map { [($0, shape)] } ?? []
    }
  }
}
