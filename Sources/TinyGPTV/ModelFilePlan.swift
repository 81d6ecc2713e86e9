import Diagnostics
import ModelFiles
import Tensors
import Tokenization

/// A model file that is yet to be written: metadata, and for each tensor where its rows come from.
struct ModelFilePlan {
  private let metadata: [(String, GGUFValue)]
  private let tensors: [(description: TensorDescription, rows: RowSource)]

  /// - Parameters:
  ///   - type: how matrices are stored, as far as they can be: ``ParameterRequest/storedType(_:)``.
  ///   - weights: every parameter that the configuration calls for.
  ///   - adapters: what travels along.
  ///   - defaultAdapter: the name of the one that is on by default, or nil.
  init(
    configuration: TinyGPTVConfiguration, tokenizer: BytePairTokenizer, type: ScalarType,
    weights: [(ParameterRequest, RowSource)], adapters: [Adapter],
    defaultAdapter: String?, name: String
  ) {
    var tensors = weights.map { request, rows in
      (TensorDescription(name: request.name, shape: rows.shape, type: request.storedType(type)), rows)
    }
    for (index, adapter) in adapters.enumerated() {
      // Quantising a low-rank pair would save little and cost much.
      let stored: ScalarType = type == .f32 ? .f32 : .f16
      let scale = adapter.commonScale
      for (layer, pair) in adapter.pairs.sorted(by: { $0.key < $1.key }) {
        let prefix = "adapter.\(index).\(layer)"
        tensors.append(
          (.init(name: prefix + Adapter.suffixes.a, shape: pair.a.shape, type: stored), RowSource(pair.a)))
        tensors.append(
          (
            .init(name: prefix + Adapter.suffixes.b, shape: pair.b.shape, type: stored),
            // The file has one scale an adapter; a pair with another one carries the difference itself.
            RowSource(pair.b(scaledFor: scale))
          ))
      }
      for (name, tensor) in adapter.overrides.sorted(by: { $0.key < $1.key }) {
        tensors.append(
          (.init(name: "adapter.\(index).\(name)", shape: tensor.shape, type: .f32), RowSource(tensor)))
      }
    }
    self.tensors = tensors

    var metadata: [(String, GGUFValue)] = [
      ("general.architecture", .string(MetadataKey.architecture)),
      ("general.name", .string(name)),
      ("general.file_type", .uint32(type.fileType)),
      ("general.quantization_version", .uint32(2)),
    ]
    metadata += configuration.metadata
    if !adapters.isEmpty {
      metadata.append((AdapterMetadata.names, .array(.string(adapters.map(\.name)))))
      metadata.append((AdapterMetadata.scales, .array(.float32(adapters.map(\.commonScale)))))
      if let defaultAdapter { metadata.append((AdapterMetadata.standard, .string(defaultAdapter))) }
    }
    metadata += tokenizer.metadata(paddedTo: configuration.phi.vocabularySize)
    self.metadata = metadata
  }

  /// Writes the file under a temporary name and renames it when it is whole.
  ///
  /// - Parameter check: is called before the file gets its name.
  func write(
    to path: String, onProgress: (ConversionProgress) -> Void, check: () throws(InputError) -> Void
  ) throws(InputError) {
    let writer = try GGUFWriter(path: path, metadata: metadata, tensors: tensors.map(\.description))
    let total = tensors.reduce(0) { $0 + ($1.description.byteCount ?? 0) }
    var written = 0
    for (description, rows) in tensors {
      func append(_ encoded: Tensor) throws(InputError) {
        try writer.append(encoded.bytes)
        written += encoded.byteCount
        onProgress(ConversionProgress(bytesWritten: written, bytesTotal: total, tensor: description.name))
      }
      // What is stored so already is copied: to encode a quantised tensor anew could change it.
      if let stored = rows.stored, stored.type == description.type {
        try append(stored)
      } else {
        try rows.forEachPiece { values throws(InputError) in try append(values.converted(to: description.type)) }
      }
      rows.discard()
    }
    try check()
    try writer.finish()
  }
}

extension RowSource {
  /// Calls `body` with the rows as f32 tensors of some megabytes each, from first to last.
  func forEachPiece(_ body: (Tensor) throws(InputError) -> Void) throws(InputError) {
    let grain = max(1, (4 << 20) / max(width, 1))
    var start = 0
    while start < rows {
      let range = start..<min(rows, start + grain)
      let piece = Tensor(uninitialized: [range.count, width])
      let target = UnsafeMutableBufferPointer(
        start: piece.address.assumingMemoryBound(to: Float.self), count: piece.count)
      ThreadPool.shared.forEachRange(of: range.count, grain: max(1, 65536 / max(width, 1))) { part in
        decode(
          range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound,
          UnsafeMutableBufferPointer(rebasing: target[part.lowerBound * width..<part.upperBound * width]))
      }
      try body(piece)
      start = range.upperBound
    }
  }
}

extension Adapter {
  /// The scale of the first pair by name, which as a rule is that of all.
  fileprivate var commonScale: Float { pairs.min { $0.key < $1.key }.map { $0.value.scale } ?? 1 }
}

extension ScalarType {
  /// GGUF's `general.file_type`: what most matrices are stored as.
  fileprivate var fileType: UInt32 {
    switch self {
    case .f16: 1
    case .q4_0: 2
    case .q8_0: 7
    case .bf16: 32
    default: 0
    }
  }
}

extension BytePairTokenizer {
  /// The tokenizer as llama.cpp's keys have it, with unused tokens up to the model's vocabulary.
  fileprivate func metadata(paddedTo size: Int) -> [(String, GGUFValue)] {
    let padding = vocabularySize..<max(size, vocabularySize)
    var pairs: [(String, GGUFValue)] = [
      ("tokenizer.ggml.model", .string("gpt2")),
      ("tokenizer.ggml.pre", .string("phi-2")),
      ("tokenizer.ggml.tokens", .array(.string(tokens + padding.map { "[PAD\($0)]" }))),
      ("tokenizer.ggml.token_type", .array(.int32(tokenTypes.map { Int32($0) } + padding.map { _ in 5 }))),
      ("tokenizer.ggml.merges", .array(.string(merges))),
    ]
    if let endOfTextToken {
      pairs.append(("tokenizer.ggml.bos_token_id", .uint32(UInt32(endOfTextToken))))
      pairs.append(("tokenizer.ggml.eos_token_id", .uint32(UInt32(endOfTextToken))))
    }
    pairs.append(("tokenizer.ggml.add_bos_token", .bool(beginsWithEndOfText)))
    return pairs
  }
}
