#if canImport(Glibc)
  import Glibc
#endif

/// f32 rows in memory that is taken once and filled as they come: one layer's keys or values in a KV cache.
public final class RowBuffer {
  /// How many rows fit.
  public let capacity: Int
  /// Values in a row.
  public let width: Int
  /// How many rows there are.
  public private(set) var count = 0
  private let storage: TensorStorage

  /// Room for `capacity` rows. Pages are taken from the system as they are first written.
  public init(capacity: Int, width: Int) {
    self.capacity = capacity
    self.width = width
    storage = TensorStorage(byteCount: capacity * width * 4)
  }

  /// Copies the rows of a tensor [T, width] behind those that are there. There must be room.
  public func append(_ rows: Tensor) {
    precondition(rows.width == width && count + rows.rows <= capacity, "no room for \(rows.shape)")
    memcpy(storage.address + count * width * 4, rows.floats, rows.count * 4)
    count += rows.rows
  }

  /// Forgets the rows from `count` on.
  public func truncate(to count: Int) {
    precondition((0...self.count).contains(count))
    self.count = count
  }

  /// The rows that are there, [count, width], without a copy: valid until the next ``append(_:)`` after a
  /// ``truncate(to:)``.
  public var contents: Tensor { Tensor(shape: [count, width], type: .f32, storage: storage) }
}
