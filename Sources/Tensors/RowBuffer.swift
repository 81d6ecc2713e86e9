#if canImport(Glibc)
  import Glibc
#endif

/// Rows in memory that is taken once and filled as they come: one layer's keys or values in a KV cache.
public final class RowBuffer {
  /// How many rows fit.
  public let capacity: Int
  /// Values in a row.
  public let width: Int
  /// How many rows there are.
  public private(set) var count = 0
  /// How they are stored.
  public let type: ScalarType
  private let storage: TensorStorage
  private var bytesPerRow: Int { width * type.bytesPerBlock }

  /// Room for `capacity` rows of f32 or f16. Pages are taken from the system as they are first written.
  public init(capacity: Int, width: Int, type: ScalarType = .f32) {
    precondition(type == .f32 || type == .f16, "rows of \(type)")
    self.capacity = capacity
    self.width = width
    self.type = type
    storage = TensorStorage(byteCount: capacity * width * type.bytesPerBlock)
  }

  /// Copies the rows of an f32 tensor [T, width] behind those that are there, rounded to ``type``. There must be room.
  public func append(_ rows: Tensor) {
    precondition(rows.width == width && count + rows.rows <= capacity, "no room for \(rows.shape)")
    type.encode(rows.floats, into: storage.address + count * bytesPerRow, count: rows.count)
    count += rows.rows
  }

  /// Forgets the rows from `count` on.
  public func truncate(to count: Int) {
    precondition((0...self.count).contains(count))
    self.count = count
  }

  /// The rows that are there, [count, width], without a copy: valid until the next ``append(_:)`` after a
  /// ``truncate(to:)``.
  public var contents: Tensor { Tensor(shape: [count, width], type: type, storage: storage) }
}
