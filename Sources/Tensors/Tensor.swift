/// An n-dimensional array, row-major and contiguous, outermost dimension first (as PyTorch prints shapes, the reverse
/// of GGUF's order).
///
/// A tensor is a small value that refers to shared storage. Operations make new tensors and never change their inputs,
/// but for ``ProductInput/linear(_:times:addedTo:)``, which says so.
/// While a gradient tape is wanted, ``node`` remembers how the tensor was computed.
public struct Tensor: @unchecked Sendable {
  /// The dimensions. Empty for a scalar.
  public let shape: [Int]
  /// How the elements are stored.
  public let type: ScalarType
  /// Where they are stored.
  public private(set) var storage: TensorStorage
  /// Where in the storage the first element is, in bytes.
  public let byteOffset: Int
  /// How the tensor was computed, if a gradient is wanted for it or for something that it was computed from.
  public internal(set) var node: GradientNode?
  /// The elements once more, in the order that products read fastest.
  var interleavedRows: InterleavedRows?

  /// Looks into existing storage.
  ///
  /// The storage must hold the whole tensor; a shape whose size overflows is a programmer's error here (files are
  /// checked by their loaders with ``ScalarType/byteCount(shape:)``).
  public init(shape: [Int], type: ScalarType, storage: TensorStorage, byteOffset: Int = 0) {
    guard let bytes = type.byteCount(shape: shape) else { preconditionFailure("impossible shape \(shape) for \(type)") }
    precondition(byteOffset >= 0 && byteOffset + bytes <= storage.byteCount, "tensor outside its storage")
    self.shape = shape
    self.type = type
    self.storage = storage
    self.byteOffset = byteOffset
  }

  /// Memory of its own with undefined content.
  public init(uninitialized shape: [Int], type: ScalarType = .f32) {
    guard let bytes = type.byteCount(shape: shape) else { preconditionFailure("impossible shape \(shape) for \(type)") }
    self.init(shape: shape, type: type, storage: TensorStorage(byteCount: bytes))
  }

  /// Copies `values` (f32), whose count must be the product of the shape.
  public init(_ values: [Float], shape: [Int]) {
    self.init(uninitialized: shape)
    precondition(values.count == count, "\(values.count) values do not fill \(shape)")
    values.withUnsafeBytes { if let base = $0.baseAddress { address.copyMemory(from: base, byteCount: $0.count) } }
  }

  /// An f32 tensor filled with one value.
  public init(repeating value: Float, shape: [Int]) {
    self.init(uninitialized: shape)
    floats.update(repeating: value, count: count)
  }

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }
  /// The length of the last dimension; 1 for a scalar.
  public var width: Int { shape.last ?? 1 }
  /// The number of rows: the product of all dimensions but the last.
  public var rows: Int { shape.dropLast().reduce(1, *) }
  /// Bytes of the elements.
  public var byteCount: Int { count / type.blockSize * type.bytesPerBlock }
  /// Bytes of one row.
  public var bytesPerRow: Int { width / type.blockSize * type.bytesPerBlock }

  /// The first element's address.
  public var address: UnsafeMutableRawPointer { storage.address + byteOffset }
  /// The elements' bytes.
  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: address, count: byteCount) }

  /// The first element of an f32 tensor. Kernels only: nothing checks the bounds.
  package var floats: UnsafeMutablePointer<Float> {
    precondition(type == .f32, "a \(type) tensor where f32 is needed")
    return address.assumingMemoryBound(to: Float.self)
  }

  /// Whether no other tensor refers to the storage, so that what is written into it changes this one only.
  mutating func isUniquelyReferenced() -> Bool { isKnownUniquelyReferenced(&storage) }

  /// The elements as an array, converted to f32 from whatever type they are stored in.
  public func floatArray() -> [Float] {
    let plain = converted(to: .f32)
    return Array(UnsafeBufferPointer(start: plain.floats, count: count))
  }
}

extension Tensor {
  /// Tells the system that a mapped tensor's pages are not needed soon. Its values stay readable.
  public func discardPages() {
    guard let file = storage.file, let base = file.bytes.baseAddress, byteCount > 0 else { return }
    let start = UnsafeRawPointer(address) - base
    file.discard(start..<start + byteCount)
  }
}
