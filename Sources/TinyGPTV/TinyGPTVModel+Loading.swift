import Diagnostics
import ModelFiles
import Tensors
import Tokenization

extension TinyGPTVModel {
  /// Maps a model file: a `tinygptv` GGUF as the converter writes it, or a `phi2` GGUF of llama.cpp's for text alone.
  ///
  /// - Throws: ``InputError`` if it is another kind of file, or its tensors are not those that its sizes call for.
  public convenience init(path: String) throws(InputError) {
    let file = try GGUFFile(path: path)
    let configuration = try TinyGPTVConfiguration(file)
    let tokenizer = try BytePairTokenizer(file, vocabularySize: configuration.phi.vocabularySize)
    var loader = ParameterLoader(file: file)
    let phi = Phi(&loader, configuration.phi)
    let vision = configuration.vision.map {
      VisionEncoder(&loader, $0, hiddenSize: configuration.phi.hiddenSize)
    }
    // rope_factors and the like belong to other variants of the architecture; adapters are read below.
    try loader.finish { $0.hasPrefix("adapter.") }
    self.init(
      file: file, configuration: configuration, tokenizer: tokenizer, phi: phi, vision: vision,
      parameters: loader.parameters)
    for adapter in try Adapter.adapters(in: file) { try add(adapter) }
    if let name = try file.stringIfPresent(AdapterMetadata.standard) { try use(adapter: name) }
  }

  /// What a model of these sizes is made of, in the order of the file.
  static func parameterRequests(_ configuration: TinyGPTVConfiguration) -> [ParameterRequest] {
    var loader = ParameterLoader(file: nil)
    _ = Phi(&loader, configuration.phi)
    if let vision = configuration.vision {
      _ = VisionEncoder(&loader, vision, hiddenSize: configuration.phi.hiddenSize)
    }
    return loader.requests
  }

  /// The layers that an adapter of a model of these sizes may adapt.
  static func adaptableLayers(_ configuration: PhiConfiguration) -> Set<String> {
    var loader = ParameterLoader(file: nil)
    return Set(Phi(&loader, configuration).adaptableLayers.keys)
  }
}

/// The metadata keys that only this project uses. The others are GGUF's.
enum MetadataKey {
  static let architecture = "tinygptv"
}

/// The metadata keys of the adapters that travel in a model file.
public enum AdapterMetadata {
  /// Their names.
  public static let names = "tinygptv.adapter.names"
  /// For each of them, the factor of its low-rank product.
  public static let scales = "tinygptv.adapter.scales"
  /// The one that is on by default.
  public static let standard = "tinygptv.adapter.default"
}

extension TinyGPTVConfiguration {
  /// Reads the sizes from a model file's metadata and, where a tensor tells them, from its shape.
  init(_ file: GGUFFile) throws(InputError) {
    let architecture = try file.string("general.architecture")
    guard architecture == MetadataKey.architecture || architecture == "phi2" else {
      throw InputError(
        file: file.path, field: "general.architecture", expected: "tinygptv or phi2", found: architecture,
        remedy: architecture == "adapter" || file.metadata["adapter.type"] != nil
          ? "This is an adapter: give it as --adapter." : "Convert upstream's files with `tinygptv convert`.")
    }
    if try file.stringIfPresent("general.type") == "adapter" {
      throw InputError(
        file: file.path, field: "general.type", expected: "a model", found: "an adapter",
        remedy: "Give it as --adapter, beside the model it was trained for.")
    }
    phi = try PhiConfiguration(file, prefix: architecture)
    let hasVision = file.metadata["tinygptv.vision.block_count"] != nil
    vision = hasVision ? try VisionConfiguration(file) : nil
  }

  /// The metadata that says all of it.
  var metadata: [(String, GGUFValue)] {
    var pairs: [(String, GGUFValue)] = phi.metadata
    if let vision { pairs += vision.metadata }
    return pairs
  }
}

/// Sizes beyond these are not models but damaged files.
private let plausible = 1...1 << 20

extension PhiConfiguration {
  fileprivate init(_ file: GGUFFile, prefix: String) throws(InputError) {
    self.init()
    hiddenSize = try file.integer("\(prefix).embedding_length", in: plausible)
    intermediateSize = try file.integer("\(prefix).feed_forward_length", in: plausible)
    layers = try file.integer("\(prefix).block_count", in: 1...1024)
    heads = try file.integer("\(prefix).attention.head_count", in: 1...1024)
    contextLength = try file.integer("\(prefix).context_length", in: plausible)
    layerNormEpsilon = try file.positiveFloat("\(prefix).attention.layer_norm_epsilon")
    if file.metadata["\(prefix).attention.layer_norm_rms_epsilon"] != nil {
      postNormEpsilon = try file.positiveFloat("\(prefix).attention.layer_norm_rms_epsilon")
    }
    rotaryDimensions = try file.integer("\(prefix).rope.dimension_count", in: plausible)
    if file.metadata["\(prefix).rope.freq_base"] != nil {
      ropeBase = try file.positiveFloat("\(prefix).rope.freq_base")
    }
    vocabularySize = file.description(of: "token_embd.weight")?.shape.first ?? 0
    hasExtraNorms = file.description(of: "blk.0.attn_q_norm.weight") != nil
    try file.require(
      hiddenSize % heads == 0, "\(prefix).attention.head_count", "a divisor of \(hiddenSize)", "\(heads)")
    try file.require(
      rotaryDimensions % 2 == 0 && rotaryDimensions <= headSize, "\(prefix).rope.dimension_count",
      "an even number of at most \(headSize)", "\(rotaryDimensions)")
    try file.require(
      plausible.contains(vocabularySize), "token_embd.weight", "a table of token embeddings", "\(vocabularySize) rows")
  }

  fileprivate var metadata: [(String, GGUFValue)] {
    [
      ("tinygptv.vocab_size", .uint32(UInt32(vocabularySize))),
      ("tinygptv.context_length", .uint32(UInt32(contextLength))),
      ("tinygptv.embedding_length", .uint32(UInt32(hiddenSize))),
      ("tinygptv.feed_forward_length", .uint32(UInt32(intermediateSize))),
      ("tinygptv.block_count", .uint32(UInt32(layers))),
      ("tinygptv.attention.head_count", .uint32(UInt32(heads))),
      ("tinygptv.attention.head_count_kv", .uint32(UInt32(heads))),
      ("tinygptv.attention.layer_norm_epsilon", .float32(layerNormEpsilon)),
      ("tinygptv.attention.layer_norm_rms_epsilon", .float32(postNormEpsilon)),
      ("tinygptv.rope.dimension_count", .uint32(UInt32(rotaryDimensions))),
      ("tinygptv.rope.freq_base", .float32(ropeBase)),
    ]
  }
}

extension VisionConfiguration {
  fileprivate init(_ file: GGUFFile) throws(InputError) {
    self.init()
    let prefix = "tinygptv.vision"
    imageSize = try file.integer("\(prefix).image_size", in: 1...4096)
    patchSize = try file.integer("\(prefix).patch_size", in: 1...256)
    width = try file.integer("\(prefix).embedding_length", in: plausible)
    intermediateSize = try file.integer("\(prefix).feed_forward_length", in: plausible)
    layers = try file.integer("\(prefix).block_count", in: 1...1024)
    heads = try file.integer("\(prefix).attention.head_count", in: 1...1024)
    layerNormEpsilon = try file.positiveFloat("\(prefix).attention.layer_norm_epsilon")
    finalNormEpsilon = try file.positiveFloat("\(prefix).post_norm_epsilon")
    projectionSize = try file.integer("tinygptv.projection.length", in: plausible)
    qFormer = try QFormerConfiguration(file)
    try file.require(
      imageSize % patchSize == 0, "\(prefix).image_size", "a multiple of \(patchSize)", "\(imageSize)")
    try file.require(
      grid <= 256, "\(prefix).patch_size", "at most 256 patches along a side", "\(grid)")
    try file.require(
      width % heads == 0, "\(prefix).attention.head_count", "a divisor of \(width)", "\(heads)")
  }

  fileprivate var metadata: [(String, GGUFValue)] {
    [
      ("tinygptv.vision.image_size", .uint32(UInt32(imageSize))),
      ("tinygptv.vision.patch_size", .uint32(UInt32(patchSize))),
      ("tinygptv.vision.embedding_length", .uint32(UInt32(width))),
      ("tinygptv.vision.feed_forward_length", .uint32(UInt32(intermediateSize))),
      ("tinygptv.vision.block_count", .uint32(UInt32(layers))),
      ("tinygptv.vision.attention.head_count", .uint32(UInt32(heads))),
      ("tinygptv.vision.attention.layer_norm_epsilon", .float32(layerNormEpsilon)),
      ("tinygptv.vision.post_norm_epsilon", .float32(finalNormEpsilon)),
      ("tinygptv.projection.length", .uint32(UInt32(projectionSize))),
    ] + qFormer.metadata
  }
}

extension QFormerConfiguration {
  fileprivate init(_ file: GGUFFile) throws(InputError) {
    self.init()
    let prefix = "tinygptv.qformer"
    width = try file.integer("\(prefix).embedding_length", in: plausible)
    intermediateSize = try file.integer("\(prefix).feed_forward_length", in: plausible)
    layers = try file.integer("\(prefix).block_count", in: 1...1024)
    heads = try file.integer("\(prefix).attention.head_count", in: 1...1024)
    queries = try file.integer("\(prefix).query_count", in: 1...1024)
    crossAttentionFrequency = try file.integer("\(prefix).cross_attention_frequency", in: 1...1024)
    layerNormEpsilon = try file.positiveFloat("\(prefix).attention.layer_norm_epsilon")
    try file.require(
      width % heads == 0, "\(prefix).attention.head_count", "a divisor of \(width)", "\(heads)")
  }

  fileprivate var metadata: [(String, GGUFValue)] {
    [
      ("tinygptv.qformer.embedding_length", .uint32(UInt32(width))),
      ("tinygptv.qformer.feed_forward_length", .uint32(UInt32(intermediateSize))),
      ("tinygptv.qformer.block_count", .uint32(UInt32(layers))),
      ("tinygptv.qformer.attention.head_count", .uint32(UInt32(heads))),
      ("tinygptv.qformer.query_count", .uint32(UInt32(queries))),
      ("tinygptv.qformer.cross_attention_frequency", .uint32(UInt32(crossAttentionFrequency))),
      ("tinygptv.qformer.attention.layer_norm_epsilon", .float32(layerNormEpsilon)),
    ]
  }
}

extension GGUFFile {
  /// A float above 0; an epsilon or base of 0 would divide by zero.
  fileprivate func positiveFloat(_ key: String) throws(InputError) -> Float {
    let value = try float(key)
    try require(value > 0, key, "a number above 0", "\(value)")
    return value
  }

  /// If the key is there, it must hold one number of this type for each token, as other readers of the format rely on.
  fileprivate func requireArray(_ key: String, count: Int, of type: String) throws(InputError) {
    guard let value = metadata[key] else { return }
    try require(
      value.array?.elementTypeName == type && value.array?.count == count, key, "\(count) numbers of type \(type)",
      value.array.map { "\($0.count) of \($0.elementTypeName)" } ?? value.typeName)
  }

  fileprivate func require(
    _ condition: Bool, _ key: String, _ expected: String, _ found: String
  ) throws(InputError) {
    guard condition else { throw InputError(file: path, field: key, expected: expected, found: found) }
  }
}

extension BytePairTokenizer {
  /// The tokenizer in a model file's metadata.
  public init(_ file: GGUFFile) throws(InputError) {
    let model = try file.string("tokenizer.ggml.model")
    guard model == "gpt2" else {
      throw InputError(
        file: file.path, field: "tokenizer.ggml.model", expected: "gpt2, a byte-level BPE", found: model)
    }
    let tokens = try file.strings("tokenizer.ggml.tokens")
    try file.requireArray("tokenizer.ggml.token_type", count: tokens.count, of: "int32")
    try file.requireArray("tokenizer.ggml.scores", count: tokens.count, of: "float32")
    try self.init(
      tokens: tokens, merges: try file.strings("tokenizer.ggml.merges"),
      tokenTypes: try file.integersIfPresent("tokenizer.ggml.token_type", in: 0...6),
      endOfText: try file.integerIfPresent("tokenizer.ggml.eos_token_id", in: 0...Int(Int32.max)), file: file.path)
    beginsWithEndOfText = try file.boolIfPresent("tokenizer.ggml.add_bos_token") ?? false
  }

  fileprivate init(_ file: GGUFFile, vocabularySize: Int) throws(InputError) {
    try self.init(file)
    guard self.vocabularySize <= vocabularySize else {
      throw InputError(
        file: file.path, field: "tokenizer.ggml.tokens", expected: "at most \(vocabularySize) tokens, the model's",
        found: "\(self.vocabularySize)")
    }
  }
}
