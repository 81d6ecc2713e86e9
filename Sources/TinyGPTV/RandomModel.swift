import Diagnostics
import Foundation
import ModelFiles
import Tensors
import Tokenization

/// A TinyGPT-V with random weights: it answers nonsense, as fast and in as much memory as a trained one.
public struct RandomModel: Sendable {
  /// How large it is.
  public enum Size: String, CaseIterable, Sendable {
    /// Upstream's sizes: 3.9 billion weights.
    case full
    /// A few million weights, with upstream's head sizes.
    case tiny
    /// The bundled model's sizes: eleven million weights, initialised for training from nothing.
    case demo
  }

  /// Its sizes.
  public let configuration: TinyGPTVConfiguration
  let seed: UInt64
  /// The rank of the adapter that upstream's files hold.
  let rank: Int

  private let vocabularyTokenizer: BytePairTokenizer?
  private let isForTraining: Bool

  /// Chooses the sizes; the same seed gives the same weights.
  ///
  /// - Parameter tokenizer: the vocabulary, in place of one of single bytes.
  public init(size: Size, seed: UInt64 = 1, tokenizer: BytePairTokenizer? = nil) {
    vocabularyTokenizer = tokenizer
    isForTraining = size == .demo
    var phi = PhiConfiguration()
    var vision = VisionConfiguration()
    if size == .tiny {
      phi.vocabularySize = 1024
      phi.hiddenSize = 320
      phi.intermediateSize = 1280
      phi.layers = 2
      phi.heads = 4
      phi.contextLength = 512
      vision.imageSize = 112
      vision.width = 352
      vision.intermediateSize = 1536
      vision.layers = 2
      vision.heads = 4
      vision.projectionSize = 256
      vision.qFormer.width = 128
      vision.qFormer.intermediateSize = 256
      vision.qFormer.layers = 2
      vision.qFormer.heads = 4
    }
    if size == .demo {
      phi.vocabularySize = 1536
      phi.hiddenSize = 256
      phi.intermediateSize = 1024
      phi.layers = 6
      phi.heads = 8
      phi.rotaryDimensions = 16
      // Somewhat more than its training shows it at a time; behind that it stammers.
      phi.contextLength = 768
      vision.imageSize = 256
      vision.patchSize = 16
      vision.width = 192
      vision.intermediateSize = 768
      vision.layers = 6
      vision.heads = 6
      vision.projectionSize = 256
      vision.qFormer.width = 192
      vision.qFormer.intermediateSize = 768
      vision.qFormer.layers = 6
      vision.qFormer.heads = 6
    }
    configuration = TinyGPTVConfiguration(phi: phi, vision: vision)
    rank = size == .full ? 64 : 8
    self.seed = seed
  }

  /// Writes it as one model file, matrices in this type.
  public func write(
    to path: String, type: ScalarType, onProgress: (ConversionProgress) -> Void = { _ in }
  ) throws(InputError) {
    let vocabulary = if let vocabularyTokenizer { vocabularyTokenizer } else { try tokenizer() }
    let plan = ModelFilePlan(
      configuration: configuration, tokenizer: vocabulary, type: type,
      weights: TinyGPTVModel.parameterRequests(configuration).map { ($0, rows($0.name, $0.shape)) }, adapters: [],
      defaultAdapter: nil, name: "random weights")
    try plan.write(to: path, onProgress: onProgress) {}
  }

  /// Random rows: matrices and tokens around 0, norms' weights around 1.
  ///
  /// A model that is to be trained from nothing begins with norms at 1 and biases at 0. Its token embeddings are as large
  /// as what the first layers add to them, and the attention's norm, which makes that large whatever the attention
  /// found, begins smaller.
  func rows(_ name: String, _ shape: [Int]) -> RowSource {
    if isForTraining, shape.count == 1 {
      let value: Float = name.hasSuffix(".bias") ? 0 : name.contains("post_attention_norm") ? 0.25 : 1
      return RowSource(shape: shape) { _, target in target.update(repeating: value) }
    }
    let scale: Float = isForTraining && name == "token_embd.weight" ? 20 : 1
    let isNormWeight = shape.count == 1 && name.hasSuffix(".weight")
    let mean: Float = isNormWeight ? 1 : 0
    let width = shape.last ?? 1
    // FNV-1a over the name, so that every tensor has numbers of its own.
    let start = name.utf8.reduce(seed &+ 0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return RowSource(shape: shape) { range, target in
      for (i, row) in range.enumerated() {
        var generator = SplitMix64(state: start &+ UInt64(row) &* 0x9e37_79b9_7f4a_7c15)
        var bits: UInt64 = 0
        for column in 0..<width {
          if column % 4 == 0 { bits = generator.next() }
          // Uniform with standard deviation 0.02, which is what such models are initialised with.
          target[i * width + column] = mean + scale * (Float(bits & 0xffff) - 32767.5) * (0.0346 / 32767.5)
          bits >>= 16
        }
      }
    }
  }

  /// A tokenizer that knows single bytes, the runs of spaces and tabs, and end-of-text where Phi-2 has it.
  func tokenizer() throws(InputError) -> BytePairTokenizer {
    let (texts, added) = vocabulary
    var tokens = texts
    var types = texts.map { _ in 1 }
    for (text, _) in added.sorted(by: { $0.value < $1.value }) {
      tokens.append(text)
      types.append(4)
    }
    types[texts.count - 1] = 3
    return try BytePairTokenizer(
      tokens: tokens, merges: [], tokenTypes: types, endOfText: texts.count - 1, file: "random model")
  }

  /// The texts of `vocab.json`, end-of-text last, and the ids of `added_tokens.json`.
  var vocabulary: (tokens: [String], added: [String: Int]) {
    // GPT-2's alphabet: printable bytes stand for themselves, the others for U+0100 and up.
    var tokens: [String] = []
    var next: UInt32 = 0x100
    for byte in UInt32(0)...255 {
      let isPrintable = (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
      let value = isPrintable ? byte : next
      if !isPrintable { next += 1 }
      if let scalar = Unicode.Scalar(value) { tokens.append(String(scalar)) }
    }
    let last = min(50256, configuration.phi.vocabularySize - 39)
    tokens += (tokens.count..<last).map { "[UNUSED\($0)]" }
    tokens.append("<|endoftext|>")
    var added: [String: Int] = [:]
    for length in stride(from: 31, through: 2, by: -1) {
      added[String(repeating: " ", count: length)] = last + 1 + added.count
    }
    for length in stride(from: 9, through: 2, by: -1) {
      added[String(repeating: "\t", count: length)] = last + 1 + added.count
    }
    return (tokens, added)
  }
}
