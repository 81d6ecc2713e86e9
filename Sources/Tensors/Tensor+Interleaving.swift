import CKernels

/// A quantised weight's bytes once more, in groups of 16 rows whose blocks lie together: the order in which products read
/// them fastest (`ckernels_interleave`).
struct InterleavedRows {
  /// The weight's bytes, the last group filled up with zeros.
  let bytes: TensorStorage
  /// Where in the storage they begin.
  let byteOffset: Int

  /// The first group's address.
  var address: UnsafeRawPointer { UnsafeRawPointer(bytes.address + byteOffset) }
}

extension Tensor {
  /// How many bytes ``interleaved(in:at:)`` needs for this weight, a multiple of 64; nil where it would not make products faster, by the
  /// weight's type or on this processor.
  public var interleavedByteCount: Int? {
    guard shape.count == 2, count > 0, kernels.prefers_interleaved, type.interleave != nil else { return nil }
    let groups = (rows + Int(ckernels_interleaved_rows) - 1) / Int(ckernels_interleaved_rows)
    return (groups * Int(ckernels_interleaved_rows) * bytesPerRow + 63) / 64 * 64
  }

  /// Whether products use a copy of the elements.
  public var isInterleaved: Bool { interleavedRows != nil }

  /// This weight, with which products are faster from now on: they use a copy in `storage`, from a multiple of 64 bytes
  /// on. Everything else sees the elements where they were.
  ///
  /// - Precondition: ``interleavedByteCount`` is not nil, and so many bytes are in the storage.
  public func interleaved(in storage: TensorStorage, at byteOffset: Int) -> Tensor {
    guard let interleave = type.interleave, let bytes = interleavedByteCount else {
      preconditionFailure("a \(type) weight \(shape) has no groups")
    }
    precondition(byteOffset % 64 == 0 && byteOffset + bytes <= storage.byteCount, "groups outside their storage")
    let copy = InterleavedRows(bytes: storage, byteOffset: byteOffset)
    let group = Int(ckernels_interleaved_rows)
    ThreadPool.shared.forEachRange(of: (rows + group - 1) / group, grain: 4) { range in
      let (first, end) = (range.lowerBound * group, min(range.upperBound * group, rows))
      interleave(
        address + first * bytesPerRow, end - first, width, storage.address + byteOffset + first * bytesPerRow)
    }
    var tensor = self
    tensor.interleavedRows = copy
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
