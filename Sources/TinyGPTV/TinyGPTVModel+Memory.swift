import Tensors

extension TinyGPTVModel {
  /// How keys and values are stored: f32 where the weights are, else f16, which rounds less than the weights did.
  package var cacheType: ScalarType { matrixType == .f32 ? .f32 : .f16 }

  /// Bytes that the keys and values of this many tokens take.
  package func cacheBytes(tokens: Int) -> Int {
    2 * configuration.phi.layers * configuration.phi.hiddenSize * cacheType.bytesPerBlock * tokens
  }

  /// Bytes of the weights in the file.
  package var weightBytes: Int { parameters.values.reduce(0) { $0 + $1.base.byteCount } }

  /// What is read for every token: the weights of the language model's products, as products without an adapter read
  /// them. Valid as long as the model is, and until ``interleaveNext()``.
  package var weightsReadPerToken: [UnsafeRawBufferPointer] { phi.productWeights.map(\.base.productBytes) }

  /// Whether the weights take less than half of the memory that is free, so that reading them ahead takes nothing from
  /// anybody.
  package var hasRoomToReadAhead: Bool { weightBytes < (SystemMemory.available ?? 0) / 2 }

  /// Brings the pages of the weights that are read from the file into memory, so that the first answer need not wait for
  /// the disk.
  ///
  /// - Parameter onProgress: is told the share of all weights that is in memory, and says whether to go on.
  package func readAhead(onProgress: (Double) -> Bool) {
    let total = Double(max(weightBytes, 1))
    var done = interleavedBytes
    var checksum: UInt8 = 0
    let inFile = parameters.values.filter { !$0.isInterleaved }
    for parameter in inFile.sorted(by: { $0.base.address < $1.base.address }) {
      let bytes = parameter.base.bytes
      for start in stride(from: 0, to: bytes.count, by: Self.readAheadStep) {
        let end = min(start + Self.readAheadStep, bytes.count)
        for offset in stride(from: start, to: end, by: 4096) { checksum ^= bytes[offset] }
        done += end - start
        guard onProgress(Double(done) / total) else { return }
      }
    }
    // Keeps the reads from being optimised away.
    withExtendedLifetime(checksum) {}
  }

  /// Copies the next of the weights of the language model's products in the order in which they are read fastest, for
  /// which its pages of the file are given back; behind the last one the pairs of an adapter after another, rounded to
  /// q8_0, which is as fine as the finest weights that they correct.
  ///
  /// - Returns: whether something is left to be copied. False too where copies make nothing faster, or find no memory.
  package func interleaveNext() -> Bool {
    if let next = nextToInterleave {
      guard next.interleave() else { return false }
    } else if isInterleaved, let adapter = nextAdapterToInterleave {
      interleave(adapter)
    }
    return nextToInterleave != nil || isInterleaved && nextAdapterToInterleave != nil
  }

  /// Bytes in the file of the weights that ``interleaveNext()`` copied.
  private var interleavedBytes: Int {
    phi.productWeights.reduce(0) { $0 + ($1.isInterleaved ? $1.base.byteCount : 0) }
  }

  /// The share of all weights that ``interleaveNext()`` copied.
  package var interleavedShare: Double { Double(interleavedBytes) / Double(max(weightBytes, 1)) }

  /// Whether ``interleaveNext()`` copied anything.
  package var isInterleaved: Bool { phi.productWeights.contains { $0.isInterleaved } }

  /// Copies all that ``interleaveNext()`` does, where there is room, for many questions that come one after another.
  package func interleaveAll() {
    guard hasRoomToReadAhead else { return }
    while interleaveNext() {}
  }

  /// The first weight that was not copied yet but can be.
  var nextToInterleave: Parameter? {
    phi.productWeights.first { !$0.isInterleaved && $0.base.canBeInterleaved }
  }

  private static let readAheadStep = 32 << 20
}
