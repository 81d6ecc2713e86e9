import Diagnostics
import Tensors

/// Access by name to the tensors of one file, or of the files that make up one checkpoint.
public protocol TensorFile: Sendable {
  /// The file or directory, as it was given.
  var path: String { get }
  /// The names of all tensors in the order of the file.
  var tensorNames: [String] { get }
  /// Type and shape of a tensor without touching its data, or nil if there is none of that name.
  func description(of name: String) -> TensorDescription?
  /// The tensor of that name, or nil if there is none.
  ///
  /// It looks into the mapped file where the elements are contiguous and aligned, and is a copy otherwise.
  func tensor(named name: String) -> Tensor?
  /// Throws if a file turned out to be shorter than when it was opened: what was read from it since is worthless.
  func checkNotCut() throws(InputError)
}

/// Name, shape and type of a tensor: what a writer is told first and a reader knows before it reads.
public struct TensorDescription: Sendable, Equatable {
  /// The tensor's name in the file.
  public var name: String
  /// The dimensions, outermost first.
  public var shape: [Int]
  /// How the elements are stored.
  public var type: ScalarType

  /// Describes a tensor.
  public init(name: String, shape: [Int], type: ScalarType) {
    self.name = name
    self.shape = shape
    self.type = type
  }

  /// Bytes of the elements; nil for an impossible shape.
  public var byteCount: Int? { type.byteCount(shape: shape) }
}

/// The tensors that lie contiguously in one mapped file.
struct TensorTable: Sendable {
  struct Entry: Sendable {
    var description: TensorDescription
    /// Where the elements are in the file. Within the file; exactly as long as the shape says.
    var range: Range<Int>
  }

  private(set) var entries: [Entry] = []
  private var positions: [String: Int] = [:]

  var names: [String] { entries.map(\.description.name) }

  /// Adds an entry; returns false if there is one of this name.
  mutating func append(_ entry: Entry) -> Bool {
    guard positions.updateValue(entries.count, forKey: entry.description.name) == nil else { return false }
    entries.append(entry)
    return true
  }

  subscript(name: String) -> Entry? { positions[name].map { entries[$0] } }

  func tensor(named name: String, in file: MappedFile) -> Tensor? {
    guard let entry = self[name] else { return nil }
    return Self.tensor(shape: entry.description.shape, type: entry.description.type, range: entry.range, in: file)
  }

  /// The tensor in this range of the file, or a copy of it if its elements are not aligned there.
  static func tensor(shape: [Int], type: ScalarType, range: Range<Int>, in file: MappedFile) -> Tensor {
    // A quantised block starts with 16-bit scales.
    let alignment = type.isQuantized ? 2 : type.bytesPerBlock
    if range.lowerBound % alignment == 0 {
      return Tensor(shape: shape, type: type, storage: TensorStorage(file: file, range: range))
    }
    let copy = Tensor(uninitialized: shape, type: type)
    UnsafeMutableRawBufferPointer(start: copy.address, count: range.count)
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: file.bytes[range]))
    return copy
  }
}
