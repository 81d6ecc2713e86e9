import Diagnostics
import Foundation
import ModelFiles
import Tensors

extension RandomModel {
  /// Writes it as upstream's four files, so that the conversion can be tried at any size: `phi/` (fp16, two shards),
  /// `eva_vit_g.pth` (fp16, one block more than is used), `blip2_pretrained_flant5xxl.pth` and
  /// `TinyGPT-V_for_Stage4.pth` (fp32, with LoRA on the attention); also `architecture.json` with the sizes that they do
  /// not tell.
  public func writeUpstreamFiles(
    to directory: String, onProgress: (ConversionProgress) -> Void = { _ in }
  ) throws(InputError) {
    let phiDirectory = directory + "/phi"
    do {
      try FileManager.default.createDirectory(atPath: phiDirectory, withIntermediateDirectories: true)
    } catch {
      throw InputError(file: phiDirectory, expected: "a directory that can be made", found: "\(error)")
    }
    try writePhiTexts(phiDirectory)
    try writeText(architecture, to: directory + "/architecture.json")
    let files = upstreamFiles(phiDirectory: phiDirectory, directory: directory)
    let total = files.reduce(0) { $0 + $1.byteCount }
    var written = 0
    for file in files {
      try write(file) { bytes, name in
        written += bytes
        onProgress(ConversionProgress(bytesWritten: written, bytesTotal: total, tensor: name))
      }
    }
  }

  private struct UpstreamFile {
    var path: String
    var type: ScalarType
    /// The key under which a `.pth` keeps its tensors; nil for a flat one.
    var section: String?
    var tensors: [(name: String, rows: RowSource)] = []

    var descriptions: [TensorDescription] {
      tensors.map { TensorDescription(name: $0.name, shape: $0.rows.shape, type: type) }
    }
    var byteCount: Int { descriptions.reduce(0) { $0 + ($1.byteCount ?? 0) } }
  }

  private func upstreamFiles(phiDirectory: String, directory: String) -> [UpstreamFile] {
    var shards = [1, 2].map { UpstreamFile(path: phiDirectory + "/" + Self.shardName($0), type: .f16) }
    var vision = UpstreamFile(path: directory + "/eva_vit_g.pth", type: .f16)
    var qFormer = UpstreamFile(path: directory + "/blip2_pretrained_flant5xxl.pth", type: .f32, section: "model")
    var stage = UpstreamFile(path: directory + "/TinyGPT-V_for_Stage4.pth", type: .f32, section: "model")
    for request in TinyGPTVModel.parameterRequests(oneBlockMore) {
      for (name, shape) in UpstreamNames.upstream(request.name, request.shape) {
        let tensor = (name, rows(name, shape))
        switch request.name.prefix(while: { $0 != "." }) {
        case "v" where !name.hasPrefix("ln_vision"): vision.tensors.append(tensor)
        case "v", "qf": qFormer.tensors.append(tensor)
        case "mm": stage.tensors.append(tensor)
        default:
          if name.contains("q_layernorm") || name.contains("k_layernorm") || name.contains("post_layernorm") {
            stage.tensors.append(("llama_model.base_model.model." + name, tensor.1))
          } else {
            shards[Self.shard(of: request.name, layers: configuration.phi.layers) - 1].tensors.append(tensor)
          }
        }
      }
    }
    let hidden = configuration.phi.hiddenSize
    for layer in 0..<configuration.phi.layers {
      for (module, output) in [("query_key_value", 3 * hidden), ("dense", hidden)] {
        let name = "llama_model.base_model.model.model.layers.\(layer).self_attn.\(module)"
        stage.tensors.append(("\(name).lora_A.default.weight", rows("\(name).A", [rank, hidden])))
        stage.tensors.append(("\(name).lora_B.default.weight", rows("\(name).B", [output, rank])))
      }
    }
    return shards + [vision, qFormer, stage]
  }

  /// EVA's file has a block that the model does not use.
  private var oneBlockMore: TinyGPTVConfiguration {
    var larger = configuration
    larger.vision?.layers += 1
    return larger
  }

  private static func shardName(_ number: Int) -> String { "model-0000\(number)-of-00002.safetensors" }

  /// The first half of the layers and what is outside them go into shard 1.
  private static func shard(of name: String, layers: Int) -> Int {
    guard name.hasPrefix("blk."), let layer = Int(name.dropFirst(4).prefix { $0 != "." }) else { return 1 }
    return layer * 2 < layers ? 1 : 2
  }

  private func write(_ file: UpstreamFile, onProgress: (Int, String) -> Void) throws(InputError) {
    if file.section == nil && file.path.hasSuffix(".safetensors") {
      let writer = try SafetensorsWriter(path: file.path, metadata: ["format": "pt"], tensors: file.descriptions)
      try append(file, onProgress) { bytes throws(InputError) in try writer.append(bytes) }
      try writer.finish()
    } else {
      let writer = try PyTorchArchiveWriter(path: file.path, tensors: file.descriptions, section: file.section)
      try append(file, onProgress) { bytes throws(InputError) in try writer.append(bytes) }
      try writer.finish()
    }
  }

  private func append(
    _ file: UpstreamFile, _ onProgress: (Int, String) -> Void,
    to writer: (UnsafeRawBufferPointer) throws(InputError) -> Void
  ) throws(InputError) {
    for (name, rows) in file.tensors {
      try rows.forEachPiece { piece throws(InputError) in
        let encoded = piece.converted(to: file.type)
        try writer(encoded.bytes)
        onProgress(encoded.byteCount, name)
      }
    }
  }

  // MARK: Texts

  private func writePhiTexts(_ directory: String) throws(InputError) {
    let phi = configuration.phi
    let settings: [String: Any] = [
      "model_type": "phi", "architectures": ["PhiForCausalLM"], "vocab_size": phi.vocabularySize,
      "hidden_size": phi.hiddenSize, "intermediate_size": phi.intermediateSize, "num_hidden_layers": phi.layers,
      "num_attention_heads": phi.heads, "num_key_value_heads": phi.heads, "hidden_act": "gelu_new",
      "max_position_embeddings": phi.contextLength, "layer_norm_eps": 1e-5, "rope_theta": 10000.0,
      "partial_rotary_factor": 0.4, "tie_word_embeddings": false,
    ]
    try writeText(settings, to: directory + "/config.json")
    let (tokens, added) = vocabulary
    let vocabulary = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, $0) })
    try writeText(vocabulary, to: directory + "/vocab.json")
    try writeText(added, to: directory + "/added_tokens.json")
    try write(Data("#version: 0.2\n".utf8), to: directory + "/merges.txt")
    var map: [String: String] = [:]
    for request in TinyGPTVModel.parameterRequests(TinyGPTVConfiguration(phi: stockPhi, vision: nil)) {
      for (name, _) in UpstreamNames.upstream(request.name, request.shape) {
        map[name] = Self.shardName(Self.shard(of: request.name, layers: phi.layers))
      }
    }
    try writeText(
      ["metadata": [:], "weight_map": map] as [String: Any], to: directory + "/model.safetensors.index.json")
  }

  private var stockPhi: PhiConfiguration {
    var phi = configuration.phi
    phi.hasExtraNorms = false
    return phi
  }

  private var architecture: [String: Any] {
    guard let vision = configuration.vision else { return [:] }
    return [
      "vision": [
        "image_size": vision.imageSize, "patch_size": vision.patchSize, "depth": vision.layers, "heads": vision.heads,
      ],
      "qformer": [
        "heads": vision.qFormer.heads, "cross_attention_frequency": vision.qFormer.crossAttentionFrequency,
      ],
    ]
  }

  private func writeText(_ value: Any, to path: String) throws(InputError) {
    guard
      let data = try? JSONSerialization.data(
        withJSONObject: value, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    else { preconditionFailure("a value that is no JSON") }
    try write(data, to: path)
  }

  private func write(_ data: Data, to path: String) throws(InputError) {
    let writer = try AtomicFileWriter(path: path)
    try writer.append([UInt8](data))
    try writer.finish()
  }
}
