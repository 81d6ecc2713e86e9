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

  /// Whether the weights take less than half of the memory that is free, so that reading them ahead takes nothing from
  /// anybody.
  package func hasRoomToReadAhead(_ available: Int? = SystemMemory.available) -> Bool {
    weightBytes < (available ?? 0) / 2
  }

  /// Brings the weights from the file into memory, so that the first answer need not wait for the disk: those of the
  /// language model in the order in which they are read fastest, for which their pages of the file are given back.
  ///
  /// - Parameter onProgress: is told the share that is done, and says whether to go on.
  package func readAhead(onProgress: (Double) -> Bool) {
    let total = Double(max(weightBytes, 1))
    var done = parameters.values.reduce(0) { $0 + ($1.isInterleaved ? $1.base.byteCount : 0) }
    let isWhole = interleave {
      done += $0
      return onProgress(Double(done) / total)
    }
    if isWhole { touchPages { onProgress(Double(done + $0) / total) } }
  }

  /// Lays the weights of the language model's products out anew, as far as that makes them faster and there is memory;
  /// and beside them the adapters' pairs, rounded to q8_0, which is finer than the weights that they correct.
  ///
  /// - Parameter goesOn: is told how many bytes the next weight has that is done, and says whether to go on.
  /// - Returns: whether it always went on.
  @discardableResult
  package func interleave(goesOn: (Int) -> Bool = { _ in true }) -> Bool {
    let weights = phi.productWeights.compactMap { weight in
      weight.isInterleaved ? nil : weight.base.interleavedByteCount.map { (weight, $0) }
    }
    let bytes = weights.reduce(0) { $0 + $1.1 }
    guard bytes > 0, let storage = TensorStorage(pageBytes: bytes) else { return true }
    var offset = 0
    for (weight, count) in weights {
      weight.interleave(in: storage, at: offset)
      weight.base.discardPages()
      offset += count
      guard goesOn(weight.base.byteCount) else { return false }
    }
    interleaveAdapters()
    return true
  }

  /// Reads a byte of each page of the weights that products read from the file.
  ///
  /// - Parameter onProgress: is told how many bytes are done, and says whether to go on.
  package func touchPages(onProgress: (Int) -> Bool) {
    var done = 0
    var checksum: UInt8 = 0
    let weights = parameters.values.filter { !$0.isInterleaved }
    for parameter in weights.sorted(by: { $0.base.address < $1.base.address }) {
      let bytes = parameter.base.bytes
      for start in stride(from: 0, to: bytes.count, by: Self.readAheadStep) {
        let end = min(start + Self.readAheadStep, bytes.count)
        for offset in stride(from: start, to: end, by: 4096) { checksum ^= bytes[offset] }
        done += end - start
        guard onProgress(done) else { return }
      }
    }
    // Keeps the reads from being optimised away.
    withExtendedLifetime(checksum) {}
  }

  private static let readAheadStep = 32 << 20
}
