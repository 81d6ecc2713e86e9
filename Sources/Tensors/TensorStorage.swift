/// Bytes that tensors look into: memory of our own, or a mapped file that stays open as long as anyone looks.
public final class TensorStorage: @unchecked Sendable {
  /// Where the bytes start. Writable only where ``file`` is nil.
  public let address: UnsafeMutableRawPointer
  /// How many bytes there are.
  public let byteCount: Int
  /// The mapped file that the bytes belong to, or nil for memory of our own.
  public let file: MappedFile?

  /// Allocates `byteCount` bytes, 64-byte aligned, with undefined content.
  public init(byteCount: Int) {
    self.byteCount = byteCount
    address = BufferPool.shared.take(byteCount)
    file = nil
  }

  /// Looks at a range of a mapped file. The range must lie within it.
  public init(file: MappedFile, range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= file.bytes.count, "range outside the mapped file")
    self.file = file
    byteCount = range.count
    // An empty range has no address to point at; any non-null one will do, since nothing is read through it.
    address =
      file.bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0 + range.lowerBound) }
      ?? UnsafeMutableRawPointer(bitPattern: 64)!
  }

  deinit {
    if file == nil { BufferPool.shared.give(address, byteCount) }
  }
}
