import Diagnostics
import Foundation
import ModelFiles
import Tensors
import Tokenization

/// What goes into a model file, where from, and how it is to be stored.
public struct ConversionOptions: Sendable {
  /// The directory of Phi's weights, configuration and tokenizer.
  public var phi: String
  /// `eva_vit_g.pth`. With nil here and below, the result is a plain Phi-2.
  public var vision: String?
  /// `blip2_pretrained_flant5xxl.pth`.
  public var qFormer: String?
  /// `TinyGPT-V_for_StageN.pth`.
  public var checkpoint: String?
  /// Sizes that the files do not tell, as JSON; upstream's without it.
  public var architecture: String?
  /// The picture's side in pixels, in place of the architecture's.
  public var imageSize: Int?
  /// How matrices are stored.
  public var type: ScalarType = .f16
  /// What the stage checkpoint's LoRA is called; its file's stem by default.
  public var adapterName: String?
  /// LoRA's α; the checkpoint's own if it says, else upstream's 16.
  public var loraAlpha: Double?
  /// Whether LoRA is added to the weights instead of travelling as an adapter.
  public var merge = false
  /// The file to write.
  public var output: String

  /// Names what is always needed.
  public init(phi: String, output: String) {
    self.phi = phi
    self.output = output
  }
}

/// How far a conversion is.
public struct ConversionProgress: Sendable {
  /// Bytes of tensors written so far.
  public var bytesWritten: Int
  /// Bytes of all tensors.
  public var bytesTotal: Int
  /// The tensor that was just written.
  public var tensor: String
}

/// Turns upstream's files into one model file, tensor by tensor and in little memory.
public struct Conversion {
  /// What will be in the file.
  public let configuration: TinyGPTVConfiguration
  /// Tensors in the inputs that are not part of TinyGPT-V and are left out, for information.
  public let ignored: [String]
  let plan: ModelFilePlan
  private let inputs: [any TensorFile]

  /// Opens the inputs and checks that everything needed is there; nothing is written yet.
  ///
  /// - Throws: ``InputError`` that lists what is missing, unexpected or of the wrong shape.
  public init(_ options: ConversionOptions) throws(InputError) {
    var sources = try UpstreamSources(options)
    try sources.readPhi()
    if options.vision != nil || options.qFormer != nil { try sources.readVision() }
    if options.checkpoint != nil { try sources.readCheckpoint() }
    configuration = try sources.configuration()
    let adapter = try sources.adapter(for: configuration.phi)
    let requests = TinyGPTVModel.parameterRequests(configuration)
    var rows = try sources.matched(to: requests, configuration)
    var adapters: [Adapter] = []
    if let adapter {
      try adapter.check(
        layers: TinyGPTVModel.adaptableLayers(configuration.phi),
        shapes: Dictionary(uniqueKeysWithValues: requests.map { ($0.name, $0.shape) }))
      if options.merge {
        for (layer, pair) in adapter.pairs { rows["\(layer).weight"] = rows["\(layer).weight"]?.merged(pair) }
      } else {
        adapters = [adapter]
      }
    } else if options.merge {
      throw InputError(
        file: options.checkpoint ?? "--checkpoint", expected: "LoRA pairs to merge", found: "none",
        remedy: "Leave --merge out: stage 1 trains no LoRA.")
    }
    let tokenizer = try BytePairTokenizer(directory: options.phi)
    guard tokenizer.vocabularySize <= configuration.phi.vocabularySize else {
      throw InputError(
        file: options.phi, field: "vocab.json", expected: "at most \(configuration.phi.vocabularySize) tokens",
        found: "\(tokenizer.vocabularySize)")
    }
    plan = ModelFilePlan(
      configuration: configuration, tokenizer: tokenizer, type: options.type,
      weights: requests.compactMap { request in rows[request.name].map { (request, $0) } }, adapters: adapters,
      defaultAdapter: adapters.last?.name,
      name: URL(fileURLWithPath: options.checkpoint ?? options.phi).deletingPathExtension().lastPathComponent)
    ignored = sources.ignored
    inputs = sources.files
  }

  /// Writes the model file. It appears under its name only when it is whole.
  ///
  /// - Parameter onProgress: is called after every few megabytes.
  /// - Throws: ``InputError`` if it cannot be written or an input was cut short meanwhile.
  public func write(to path: String, onProgress: (ConversionProgress) -> Void = { _ in }) throws(InputError) {
    try plan.write(to: path, onProgress: onProgress) { () throws(InputError) in
      for input in inputs { try input.checkNotCut() }
    }
  }
}
