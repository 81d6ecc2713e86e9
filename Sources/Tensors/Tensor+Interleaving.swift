import CKernels

/// A quantised weight's bytes once more, in groups of 16 rows whose blocks lie together: the order in which products read
/// them fastest (`ckernels_interleave`).
struct InterleavedRows {
  /// The weight's bytes, the last group filled up with zeros.
  let bytes: TensorStorage

  /// The first group's address.
  var address: UnsafeRawPointer { UnsafeRawPointer(bytes.address) }
}

extension Tensor {
  /// Whether products would be faster with this weight ``interleaved()``, by its type and on this processor.
  public var canBeInterleaved: Bool {
    shape.count == 2 && count > 0 && kernels.prefers_interleaved && type.interleave != nil
  }

  /// Whether products use a copy of the elements.
  public var isInterleaved: Bool { interleavedRows != nil }

  /// This weight, with which products are faster: they use a copy of as many bytes. Everything else sees the elements
  /// where they were. Nil if there is no memory for the copy.
  ///
  /// - Precondition: ``canBeInterleaved``.
  public func interleaved() -> Tensor? {
    guard canBeInterleaved, let interleave = type.interleave else {
      preconditionFailure("a \(type) weight \(shape) has no groups")
    }
    let (group, rows, width, bytesPerRow) = (Int(ckernels_interleaved_rows), rows, width, bytesPerRow)
    let groups = (rows + group - 1) / group
    guard let copy = TensorStorage(pageBytes: groups * group * bytesPerRow) else { return nil }
    ThreadPool.shared.forEachRange(of: groups, grain: 4) { range in
      let (first, end) = (range.lowerBound * group, min(range.upperBound * group, rows))
      interleave(address + first * bytesPerRow, end - first, width, copy.address + first * bytesPerRow)
    }
    var tensor = self
    tensor.interleavedRows = InterleavedRows(bytes: copy)
    return tensor
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
