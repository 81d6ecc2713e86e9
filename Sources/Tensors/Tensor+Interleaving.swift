import CKernels

/// A quantised weight's bytes once more, in groups of 16 rows whose blocks lie together: the order in which products read
/// them fastest (`ckernels_interleave`).
struct InterleavedRows {
  /// Where the weight's bytes are, the last group filled up with zeros.
  let bytes: TensorStorage
  /// The first group's address.
  let address: UnsafeRawPointer
}

/// Pages of the system that several small weights share. A weight by itself gets large pages from some megabytes on; each
/// small one costs a search for where it is in memory, which takes as long as reading half of it.
public final class WeightPages {
  private let bytes: TensorStorage
  private var taken = 0

  /// Takes pages for copies of these weights, see ``Tensor/interleaved(in:)``; nil if there are none left.
  public init?(for weights: [Tensor]) {
    let sizes = weights.map { Self.rounded($0.interleavedByteCount) }
    guard let bytes = TensorStorage(pageBytes: max(1, sizes.reduce(0, +))) else { return nil }
    self.bytes = bytes
  }

  private static func rounded(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 }

  fileprivate func take(_ byteCount: Int) -> InterleavedRows {
    precondition(taken + byteCount <= bytes.byteCount, "more weights than there are pages for")
    defer { taken += Self.rounded(byteCount) }
    return InterleavedRows(bytes: bytes, address: UnsafeRawPointer(bytes.address + taken))
  }
}

extension Tensor {
  /// Whether products would be faster with this weight ``interleaved(in:)``, by its type and on this processor.
  public var canBeInterleaved: Bool {
    shape.count == 2 && count > 0 && kernels.prefers_interleaved && type.interleave != nil
  }

  /// Whether products use a copy of the elements.
  public var isInterleaved: Bool { interleavedRows != nil }

  /// What products read: the copy of the elements, or the elements themselves. Valid as long as the tensor is.
  package var productBytes: UnsafeRawBufferPointer {
    guard let copy = interleavedRows else { return UnsafeRawBufferPointer(start: address, count: byteCount) }
    return UnsafeRawBufferPointer(start: copy.address, count: interleavedByteCount)
  }

  /// This weight, with which products are faster: they use a copy of as many bytes. Everything else sees the elements
  /// where they were. Nil if there is no memory for the copy.
  ///
  /// - Parameter pages: where the copy goes; nil for pages of its own.
  /// - Precondition: ``canBeInterleaved``.
  public func interleaved(in pages: WeightPages? = nil) -> Tensor? {
    guard canBeInterleaved, let interleave = type.interleave else {
      preconditionFailure("a \(type) weight \(shape) has no groups")
    }
    let (group, rows, width, bytesPerRow) = (Int(ckernels_interleaved_rows), rows, width, bytesPerRow)
    let groups = (rows + group - 1) / group
    guard let copy = (pages ?? WeightPages(for: [self]))?.take(interleavedByteCount) else { return nil }
    let target = UnsafeMutableRawPointer(mutating: copy.address)
    ThreadPool.shared.forEachRange(of: groups, grain: 4) { range in
      let (first, end) = (range.lowerBound * group, min(range.upperBound * group, rows))
      interleave(address + first * bytesPerRow, end - first, width, target + first * bytesPerRow)
    }
    var tensor = self
    tensor.interleavedRows = copy
    return tensor
  }

  fileprivate var interleavedByteCount: Int {
    let group = Int(ckernels_interleaved_rows)
    return (rows + group - 1) / group * group * bytesPerRow
  }
}

extension ScalarType {
  /// What lays rows of this type out in groups, for the types that have such products.
  fileprivate var interleave: (@convention(c) (UnsafeRawPointer, Int, Int, UnsafeMutableRawPointer) -> Void)? {
    switch self {
    case .q8_0: kernels.interleave_q8_0
    case .q4_0: kernels.interleave_q4_0
    default: nil
    }
  }
}
