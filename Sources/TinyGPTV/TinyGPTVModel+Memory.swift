import Tensors

extension TinyGPTVModel {
  /// How keys and values are stored: f32 where the weights are, else f16, which rounds less than the weights did.
  package var cacheType: ScalarType { matrixType == .f32 ? .f32 : .f16 }

  /// Bytes that the keys and values of this many tokens take.
  package func cacheBytes(tokens: Int) -> Int {
    2 * configuration.phi.layers * configuration.phi.hiddenSize * cacheType.bytesPerBlock * tokens
  }

  /// Bytes of the weights as they are stored.
  package var weightBytes: Int { parameters.values.reduce(0) { $0 + $1.base.byteCount } }

  /// Brings the weights' pages from the file into memory, so that the first answer need not wait for the disk.
  ///
  /// - Parameter onProgress: is told the share that is done, and says whether to go on.
  package func readAhead(onProgress: (Double) -> Bool) {
    let total = weightBytes
    var done = 0
    var checksum: UInt8 = 0
    for parameter in parameters.values.sorted(by: { $0.base.address < $1.base.address }) {
      let bytes = parameter.base.bytes
      for start in stride(from: 0, to: bytes.count, by: Self.readAheadStep) {
        let end = min(start + Self.readAheadStep, bytes.count)
        for offset in stride(from: start, to: end, by: 4096) { checksum ^= bytes[offset] }
        done += end - start
        guard onProgress(Double(done) / Double(max(total, 1))) else { return }
      }
    }
    // Keeps the reads from being optimised away.
    withExtendedLifetime(checksum) {}
  }

  private static let readAheadStep = 32 << 20
}
