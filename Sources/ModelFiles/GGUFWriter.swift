import Diagnostics
import Tensors

/// Writes a GGUF file (version 3) as a stream: first what is in it, then the tensors' bytes in that order.
public final class GGUFWriter {
  private let writer: AtomicFileWriter
  private var fill: SequentialFill
  private let alignment: Int

  /// Writes the header.
  ///
  /// - Parameters:
  ///   - metadata: keys and values in order; `general.alignment` (uint32) is heeded.
  ///   - tensors: names of at most 63 bytes, at most four dimensions, outermost first.
  /// - Throws: ``InputError`` if the file cannot be written, or a name or shape cannot be stored.
  public init(
    path: String, metadata: [(String, GGUFValue)], tensors: [TensorDescription]
  ) throws(InputError) {
    var alignment = GGUF.defaultAlignment
    for (key, value) in metadata where key == "general.alignment" {
      guard let number = value.integer, GGUF.alignments.contains(number), number & (number - 1) == 0 else {
        throw InputError(file: path, field: key, expected: "a power of two from 8", found: value.typeName)
      }
      alignment = number
    }
    self.alignment = alignment
    var header = ByteBuilder()
    header.append(GGUF.magic)
    header.append(UInt32(3))
    header.append(UInt64(tensors.count))
    header.append(UInt64(metadata.count))
    for (key, value) in metadata {
      header.append(text: key)
      header.append(value.type.rawValue)
      header.append(value)
    }
    var sizes: [Int] = []
    var names: Set<String> = []
    var offset = 0
    for tensor in tensors {
      let size = try Self.size(of: tensor, file: path)
      guard names.insert(tensor.name).inserted else {
        throw InputError(file: path, field: tensor.name, expected: "tensor names that differ", found: "this name twice")
      }
      header.append(tensor, offset: UInt64(offset))
      sizes.append(size)
      guard let end = aligned(offset + size, to: alignment) else {
        throw InputError(file: path, field: tensor.name, expected: "a file of less than 2^63 bytes", found: "more")
      }
      offset = end
    }
    if !tensors.isEmpty { header.pad(to: alignment) }
    writer = try AtomicFileWriter(path: path)
    fill = SequentialFill(sizes: sizes)
    try writer.append(header.bytes)
    try finishTensors()
  }

  /// Appends bytes of the tensors, in the order in which these were declared; one call may give a part of a tensor or
  /// reach over several. More bytes than were declared are a programmer's error.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(InputError) {
    var position = 0
    while position < bytes.count {
      precondition(!fill.isComplete, "more bytes than the declared tensors have")
      let count = min(fill.missing, bytes.count - position)
      try writer.append(UnsafeRawBufferPointer(rebasing: bytes[position..<position + count]))
      fill.advance(count)
      position += count
      try finishTensors()
    }
  }

  /// Brings the file to the disk and gives it its name. All declared tensors must be there.
  public func finish() throws(InputError) {
    precondition(fill.isComplete, "\(fill.missing) bytes of tensor \(fill.index) are missing")
    try writer.finish()
  }

  /// Pads behind a tensor that is full, and passes over those that are empty.
  private func finishTensors() throws(InputError) {
    while !fill.isComplete, fill.missing == 0 {
      let padding = (alignment - writer.position % alignment) % alignment
      if padding > 0 { try writer.append([UInt8](repeating: 0, count: padding)) }
      fill.next()
    }
  }

  private static func size(of tensor: TensorDescription, file: String) throws(InputError) -> Int {
    guard (1...Int(GGUF.maximumNameLength)).contains(tensor.name.utf8.count) else {
      throw InputError(
        file: file, field: tensor.name, expected: "a tensor name of 1…\(GGUF.maximumNameLength) bytes",
        found: "\(tensor.name.utf8.count)")
    }
    guard tensor.shape.count <= Int(GGUF.maximumDimensions), let size = tensor.byteCount else {
      throw InputError(
        file: file, field: tensor.name, expected: "at most four dimensions, in rows of whole blocks",
        found: "\(tensor.shape) of \(tensor.type.name)")
    }
    return size
  }
}

/// Grows little-endian bytes.
struct ByteBuilder {
  var bytes: [UInt8] = []

  mutating func append(_ raw: [UInt8]) { bytes.append(contentsOf: raw) }

  mutating func append<T: FixedWidthInteger>(_ number: T) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func pad(to alignment: Int) {
    bytes.append(contentsOf: repeatElement(0, count: (alignment - bytes.count % alignment) % alignment))
  }

  /// A length of 64 bits and UTF-8.
  mutating func append(text: String) {
    append(UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  mutating func append(_ value: GGUFValue) {
    switch value {
    case .uint8(let number): append(number)
    case .int8(let number): append(number)
    case .uint16(let number): append(number)
    case .int16(let number): append(number)
    case .uint32(let number): append(number)
    case .int32(let number): append(number)
    case .float32(let number): append(number.bitPattern)
    case .bool(let truth): append(truth ? UInt8(1) : 0)
    case .string(let string): append(text: string)
    case .uint64(let number): append(number)
    case .int64(let number): append(number)
    case .float64(let number): append(number.bitPattern)
    case .array(let array):
      append(array.elementType.rawValue)
      append(UInt64(array.count))
      for index in 0..<array.count { append(array[index]) }
    }
  }

  mutating func append(_ tensor: TensorDescription, offset: UInt64) {
    append(text: tensor.name)
    append(UInt32(tensor.shape.count))
    for dimension in tensor.shape.reversed() { append(UInt64(dimension)) }
    append(tensor.type.rawValue)
    append(offset)
  }
}
