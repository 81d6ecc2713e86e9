import Diagnostics
import Foundation
import ModelFiles
import Tensors

/// Upstream's files as rows under the model file's names, and the sizes that they tell.
struct UpstreamSources {
  private let options: ConversionOptions
  private let architecture: Architecture
  private var phi = PhiConfiguration()
  private var rows: [String: RowSource] = [:]
  /// For messages: which file a tensor came from and what it is called there.
  private var origins: [String: (file: String, name: String)] = [:]
  private var lowRank: LowRankCollector?
  private var loraAlpha: Double
  /// Everything that was opened.
  private(set) var files: [any TensorFile] = []
  /// Tensors that are no part of TinyGPT-V.
  private(set) var ignored: [String] = []

  init(_ options: ConversionOptions) throws(InputError) {
    self.options = options
    architecture = try Architecture(path: options.architecture, imageSize: options.imageSize)
    loraAlpha = options.loraAlpha ?? 16
    for (value, option) in [(options.vision, "--vision"), (options.qFormer, "--qformer")] where value == nil {
      guard options.vision == nil && options.qFormer == nil && options.checkpoint == nil else {
        throw InputError(
          file: option, expected: "all of --vision, --qformer and --checkpoint", found: "only some of them",
          remedy: "Give all three, or none of them for a plain Phi-2.")
      }
    }
    guard options.checkpoint != nil || options.vision == nil else {
      throw InputError(
        file: "--checkpoint", expected: "TinyGPT-V_for_StageN.pth, which holds the projections", found: "nothing",
        remedy: "Give all of --vision, --qformer and --checkpoint, or none of them for a plain Phi-2.")
    }
  }

  // MARK: Reading

  /// Reads the directory of Phi: configuration and weights, fused or apart.
  mutating func readPhi() throws(InputError) {
    phi = try PhiConfiguration(huggingFace: options.phi + "/config.json")
    phi.hasExtraNorms = options.checkpoint != nil
    let file = try ShardedCheckpoint(directory: options.phi)
    try take(file) { UpstreamNames.isBuffer($0) ? nil : UpstreamNames.languageModel($0) ?? $0 }
    // A directory that was saved after training may have TinyGPT-V's norms in it.
    if rows["blk.0.attn_q_norm.weight"] != nil { phi.hasExtraNorms = true }
    for layer in 0..<phi.layers {
      for part in ["weight", "bias"] { try fuse("blk.\(layer).attn_", part, file) }
    }
  }

  /// Reads EVA's tower and BLIP-2's Q-Former.
  mutating func readVision() throws(InputError) {
    guard let vision = options.vision, let qFormer = options.qFormer else { return }
    let tower = try archive(vision)
    let depth = architecture.vision.layers
    try take(tower) { name in
      guard let ours = UpstreamNames.vision(name) else { return nil }
      // The file has more blocks than the model uses: the last ones' features serve other purposes.
      let block = ours.hasPrefix("v.blk.") ? Int(ours.dropFirst(6).prefix { $0 != "." }) ?? 0 : 0
      return block < depth ? ours : nil
    }
    for layer in 0..<depth { try fuseVisionBias(layer, tower) }
    try resizePositions()
    if let patch = rows["v.patch_embd.weight"], patch.shape.count == 4 {
      rows["v.patch_embd.weight"] = RowSource(
        patch.tensor(), shape: [patch.shape[0], patch.shape.dropFirst().reduce(1, *)])
    }
    try take(archive(qFormer), UpstreamNames.qFormer)
    for name in ["v.class_embd", "qf.query_tokens"] {
      // [1, n, width] in upstream's files.
      guard let source = rows[name], source.shape.count == 3, source.shape[0] == 1 else { continue }
      rows[name] = RowSource(source.tensor(), shape: Array(source.shape.dropFirst()))
    }
  }

  /// Reads a stage checkpoint: projections and norms go into the model, LoRA pairs become an adapter.
  mutating func readCheckpoint() throws(InputError) {
    guard let path = options.checkpoint else { return }
    let file = try archive(path)
    files.append(file)
    var collector = LowRankCollector(source: path, configuration: phi)
    for name in file.tensorNames {
      guard let tensor = file.tensor(named: name) else { continue }
      try collector.add(name, tensor)
    }
    try collector.checkAllKnown()
    for (name, tensor) in collector.wholeTensors {
      rows[name] = RowSource(tensor)
      origins[name] = (path, name)
    }
    for required in ["mm.0.weight", "mm.1.weight", "blk.0.attn_q_norm.weight", "blk.0.post_attention_norm.weight"]
    where collector.wholeTensors[required] == nil {
      throw InputError(
        file: path, field: "model", expected: "llama_proj, llama_proj2 and the norms of a stage checkpoint",
        found: "nothing for \(required)", remedy: "Give TinyGPT-V_for_StageN.pth as --checkpoint.")
    }
    // The norms' biases are not trained and not saved: they are the zeros that they were made with.
    for layer in 0..<phi.layers {
      for norm in ["attn_q_norm", "attn_k_norm"] where rows["blk.\(layer).\(norm).bias"] == nil {
        rows["blk.\(layer).\(norm).bias"] = RowSource(Tensor(repeating: 0, shape: [phi.headSize]))
      }
    }
    if options.loraAlpha == nil, let alpha = file.root["config"]?["model"]?["lora_alpha"]?.double { loraAlpha = alpha }
    if collector.hasPairs { lowRank = collector }
  }

  // MARK: Results

  /// The sizes of the model that the files make.
  func configuration() throws(InputError) -> TinyGPTVConfiguration {
    var phi = phi
    phi.vocabularySize = rows["token_embd.weight"]?.shape.first ?? phi.vocabularySize
    guard options.vision != nil else { return TinyGPTVConfiguration(phi: phi, vision: nil) }
    var vision = architecture.vision
    vision.width = rows["v.class_embd"]?.width ?? vision.width
    vision.intermediateSize = rows["v.blk.0.ffn_up.weight"]?.shape.first ?? vision.intermediateSize
    vision.projectionSize = rows["mm.0.weight"]?.shape.first ?? vision.projectionSize
    vision.qFormer.queries = rows["qf.query_tokens"]?.shape.first ?? vision.qFormer.queries
    vision.qFormer.width = rows["qf.query_tokens"]?.width ?? vision.qFormer.width
    vision.qFormer.intermediateSize = rows["qf.blk.0.ffn_up.weight"]?.shape.first ?? vision.qFormer.intermediateSize
    var layers = 0
    while rows["qf.blk.\(layers).attn_q.weight"] != nil { layers += 1 }
    vision.qFormer.layers = max(layers, 1)
    for (width, heads, what) in [
      (vision.width, vision.heads, "vision.heads"), (vision.qFormer.width, vision.qFormer.heads, "qformer.heads"),
    ] where width % heads != 0 {
      throw InputError(
        file: options.architecture ?? "--architecture", field: what, expected: "a divisor of the width, \(width)",
        found: "\(heads)", remedy: "Say the model's sizes in a file: --architecture FILE.json.")
    }
    return TinyGPTVConfiguration(phi: phi, vision: vision)
  }

  /// The stage checkpoint's LoRA, if it has one.
  func adapter(for phi: PhiConfiguration) throws(InputError) -> Adapter? {
    guard let lowRank, let path = options.checkpoint else { return nil }
    guard loraAlpha.isFinite else {
      throw InputError(file: "--lora-alpha", expected: "a finite number", found: "\(loraAlpha)")
    }
    let stem = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    var adapter = try lowRank.adapter(name: options.adapterName ?? stem) { _, rank in Float(loraAlpha / Double(rank)) }
    adapter.overrides = [:]
    return adapter
  }

  /// The rows of every tensor that the model calls for.
  func matched(
    to requests: [ParameterRequest], _ configuration: TinyGPTVConfiguration
  ) throws(InputError) -> [String: RowSource] {
    var missing: [String] = []
    var mismatched: [String] = []
    for request in requests {
      guard let source = rows[request.name] else {
        missing.append(request.name)
        continue
      }
      if source.shape != request.shape {
        let origin = origins[request.name].map { " (\($0.name) in \($0.file))" } ?? ""
        mismatched.append("\(request.name) is \(source.shape), expected \(request.shape)\(origin)")
      }
    }
    let unexpected = Set(rows.keys).subtracting(requests.map(\.name)).sorted().map { origins[$0]?.name ?? $0 }
    guard missing.isEmpty && mismatched.isEmpty && unexpected.isEmpty else {
      var parts: [String] = []
      if !missing.isEmpty { parts.append("missing: \(abbreviated(missing))") }
      if !mismatched.isEmpty { parts.append("mismatched: \(abbreviated(mismatched))") }
      if !unexpected.isEmpty { parts.append("unexpected: \(abbreviated(unexpected))") }
      let inputs = [options.phi, options.vision, options.qFormer, options.checkpoint].compactMap { $0 }
      throw InputError(
        file: inputs.joined(separator: ", "), field: "tensors", expected: "those of one TinyGPT-V",
        found: parts.joined(separator: "; "),
        remedy: "Are these the right files, and are heads and depth as --architecture says?")
    }
    return rows
  }

  // MARK: Helpers

  /// Opens a `.pth` and checks every record: a conversion reads all of it anyway, and a damaged download should be told
  /// here rather than by strange answers.
  private func archive(_ path: String) throws(InputError) -> PyTorchArchive {
    let archive = try PyTorchArchive(path: path)
    try archive.verifyChecksums()
    return archive
  }

  private mutating func take(_ file: any TensorFile, _ rename: (String) -> String?) throws(InputError) {
    files.append(file)
    for name in file.tensorNames {
      guard let ours = rename(name) else {
        ignored.append(name)
        continue
      }
      guard let tensor = file.tensor(named: name) else { continue }
      guard tensor.type.isFloatingPoint else {
        throw InputError(file: file.path, field: name, expected: "floating-point numbers", found: tensor.type.name)
      }
      guard rows[ours] == nil else {
        throw InputError(
          file: file.path, field: name, expected: "each tensor once", found: "a second one for \(ours)")
      }
      rows[ours] = RowSource(tensor)
      origins[ours] = (file.path, name)
    }
  }

  /// Makes one `attn_qkv` of a layer's weight or bias, from upstream's fused rows or from three separate matrices.
  private mutating func fuse(_ prefix: String, _ part: String, _ file: any TensorFile) throws(InputError) {
    let fused = "\(prefix)qkv.\(part)"
    let hidden = phi.hiddenSize
    if let source = rows[fused] {
      guard source.shape.first == 3 * hidden else { return }  // reported with all the other mismatches
      rows[fused] = Self.asMatrix(source).inModelFileOrder(phi).restored(to: source.shape)
      return
    }
    let names = ["q", "k", "v"].map { "\(prefix)\($0).\(part)" }
    let sources = names.compactMap { rows[$0] }
    guard sources.count == 3, sources.allSatisfy({ $0.shape == sources[0].shape }) else { return }
    for name in names { rows[name] = nil }
    rows[fused] =
      sources[0].shape.count == 1
      ? RowSource(Tensor.concatenatingRows(sources.map { Self.asMatrix($0).tensor() }).reshaped([3 * hidden]))
      : .stacked(sources)
    origins[fused] = (file.path, fused)
  }

  /// A vector as a matrix of one column.
  private static func asMatrix(_ source: RowSource) -> RowSource {
    source.shape.count == 1 ? RowSource(source.tensor(), shape: [source.shape[0], 1]) : source
  }

  /// EVA has biases for queries and values; the keys' is zero.
  private mutating func fuseVisionBias(_ layer: Int, _ file: any TensorFile) throws(InputError) {
    let name = "v.blk.\(layer).attn_qkv"
    guard let query = rows.removeValue(forKey: "\(name).q_bias"), let value = rows.removeValue(forKey: "\(name).v_bias")
    else { return }
    let values = query.tensor().floatArray() + [Float](repeating: 0, count: query.width) + value.tensor().floatArray()
    rows["\(name).bias"] = RowSource(Tensor(values, shape: [values.count]))
    origins["\(name).bias"] = (file.path, "blocks.\(layer).attn.q_bias")
  }

  private mutating func resizePositions() throws(InputError) {
    let name = "v.position_embd.weight"
    guard let source = rows[name] else { return }
    let count = source.rows - 1
    let side = Int(Double(max(count, 0)).squareRoot().rounded())
    guard count > 0, side * side == count else {
      throw InputError(
        file: options.vision ?? "", field: "pos_embed", expected: "one row more than a square number",
        found: "\(count + 1)")
    }
    let table = source.tensor().reshaped([source.rows, source.width])
    rows[name] = RowSource(table.positionsResized(to: architecture.vision.grid))
  }
}

extension RowSource {
  /// A matrix of one column as the vector that it was, anything else as it is.
  fileprivate func restored(to shape: [Int]) -> RowSource {
    shape.count == 1 ? RowSource(tensor(), shape: shape) : self
  }
}

/// The sizes that upstream's files do not tell: `{"vision": {"image_size", "patch_size", "depth", "heads"}, "qformer":
/// {"heads", "cross_attention_frequency"}}`, upstream's own where a key or the file is missing.
private struct Architecture {
  var vision = VisionConfiguration()

  init(path: String?, imageSize: Int?) throws(InputError) {
    if let path {
      let json = try JSONValue.read(path: path)
      if let part = try json.objectIfPresent("vision", file: path) {
        vision.imageSize = try part.integerIfPresent("image_size", in: 1...4096, file: path) ?? vision.imageSize
        vision.patchSize = try part.integerIfPresent("patch_size", in: 1...256, file: path) ?? vision.patchSize
        vision.layers = try part.integerIfPresent("depth", in: 1...1024, file: path) ?? vision.layers
        vision.heads = try part.integerIfPresent("heads", in: 1...1024, file: path) ?? vision.heads
      }
      if let part = try json.objectIfPresent("qformer", file: path) {
        vision.qFormer.heads = try part.integerIfPresent("heads", in: 1...1024, file: path) ?? vision.qFormer.heads
        vision.qFormer.crossAttentionFrequency =
          try part.integerIfPresent("cross_attention_frequency", in: 1...1024, file: path)
          ?? vision.qFormer.crossAttentionFrequency
      }
    }
    vision.imageSize = imageSize ?? vision.imageSize
    guard vision.imageSize % vision.patchSize == 0, (1...256).contains(vision.grid) else {
      throw InputError(
        file: imageSize == nil ? path ?? "--architecture" : "--image-size", field: "image_size",
        expected: "a multiple of the patch size, \(vision.patchSize)", found: "\(vision.imageSize)")
    }
  }
}

extension PhiConfiguration {
  /// Reads the `config.json` of a Phi-2 directory.
  fileprivate init(huggingFace path: String) throws(InputError) {
    self.init()
    let json = try JSONValue.read(path: path)
    let type = try json.string("model_type", file: path)
    guard type == "phi" else {
      throw InputError(
        file: path, field: "model_type", expected: "phi", found: type, remedy: "Give the directory of Phi-2 as --phi.")
    }
    let plausible = 1...1 << 20
    vocabularySize = try json.integer("vocab_size", in: plausible, file: path)
    hiddenSize = try json.integer("hidden_size", in: plausible, file: path)
    intermediateSize = try json.integer("intermediate_size", in: plausible, file: path)
    layers = try json.integer("num_hidden_layers", in: 1...1024, file: path)
    heads = try json.integer("num_attention_heads", in: 1...1024, file: path)
    let keyHeads = try json.integerIfPresent("num_key_value_heads", in: 1...1024, file: path) ?? heads
    contextLength = try json.integer("max_position_embeddings", in: plausible, file: path)
    layerNormEpsilon = Float(try json.doubleIfPresent("layer_norm_eps", file: path) ?? 1e-5)
    // From version 5, transformers gathers these two in an object.
    let rope = try json.objectIfPresent("rope_parameters", file: path) ?? json
    ropeBase = Float(try rope.doubleIfPresent("rope_theta", file: path) ?? 10000)
    let share = try rope.doubleIfPresent("partial_rotary_factor", file: path) ?? 0.4
    guard hiddenSize % heads == 0, keyHeads == heads else {
      throw InputError(
        file: path, field: "num_attention_heads", expected: "a divisor of \(hiddenSize), with as many key heads",
        found: "\(heads) and \(keyHeads)")
    }
    guard share > 0, share <= 1 else {
      throw InputError(file: path, field: "partial_rotary_factor", expected: "above 0, at most 1", found: "\(share)")
    }
    rotaryDimensions = Int(share * Double(headSize))
    guard rotaryDimensions > 0, rotaryDimensions % 2 == 0, layerNormEpsilon > 0, ropeBase > 0 else {
      throw InputError(
        file: path, field: "partial_rotary_factor", expected: "an even number of rotary dimensions",
        found: "\(rotaryDimensions)")
    }
  }
}
