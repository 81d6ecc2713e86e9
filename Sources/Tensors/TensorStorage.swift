#if canImport(Glibc)
  import Glibc
#endif

/// Bytes that tensors look into: memory of our own, or a mapped file that stays open as long as anyone looks.
public final class TensorStorage: @unchecked Sendable {
  /// Where the bytes start. Writable only where ``file`` is nil.
  public let address: UnsafeMutableRawPointer
  /// How many bytes there are.
  public let byteCount: Int
  /// The mapped file that the bytes belong to, or nil for memory of our own.
  public let file: MappedFile?
  /// Whether the bytes are pages of their own, which go back to the system.
  private let isPages: Bool

  /// Allocates `byteCount` bytes, 64-byte aligned, with undefined content.
  public init(byteCount: Int) {
    self.byteCount = byteCount
    address = BufferPool.shared.take(byteCount)
    file = nil
    isPages = false
  }

  /// Takes zeroed pages from the system, as large ones as it has: for weights, which are read from end to end. Nil if
  /// there are none left.
  ///
  /// - Parameter pageBytes: so many bytes, above 0.
  public init?(pageBytes: Int) {
    let pages = mmap(nil, pageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let pages, pages != MAP_FAILED else { return nil }
    #if os(Linux)
      // Refused where the system has none; the pages are then as any others.
      madvise(pages, pageBytes, MADV_HUGEPAGE)
    #endif
    (address, byteCount, file, isPages) = (pages, pageBytes, nil, true)
  }

  /// Looks at a range of a mapped file. The range must lie within it.
  public init(file: MappedFile, range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= file.bytes.count, "range outside the mapped file")
    self.file = file
    isPages = false
    byteCount = range.count
    // An empty range has no address to point at; any non-null one will do, since nothing is read through it.
    address =
      file.bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0 + range.lowerBound) }
      ?? UnsafeMutableRawPointer(bitPattern: 64)!
  }

  deinit {
    if isPages {
      munmap(address, byteCount)
    } else if file == nil {
      BufferPool.shared.give(address, byteCount)
    }
  }
}
