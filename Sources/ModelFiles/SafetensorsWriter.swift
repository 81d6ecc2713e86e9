import Diagnostics
import Tensors

/// Writes a safetensors file as a stream: first what is in it, then the tensors' bytes in that order.
public final class SafetensorsWriter {
  private let writer: AtomicFileWriter
  private var missing: Int

  /// Writes the header.
  ///
  /// - Throws: ``InputError`` if the file cannot be written, a name occurs twice, or a type is none of the format's.
  public init(
    path: String, metadata: [String: String] = [:], tensors: [TensorDescription]
  ) throws(InputError) {
    var members: [JSONObject.Member] = []
    if !metadata.isEmpty {
      let sorted = metadata.sorted { $0.key < $1.key }
      members.append(
        .init(
          key: "__metadata__", value: .object(JSONObject(sorted.map { .init(key: $0.key, value: .string($0.value)) }))))
    }
    var offset = 0
    var names: Set<String> = ["__metadata__"]
    for tensor in tensors {
      guard names.insert(tensor.name).inserted else {
        throw InputError(file: path, field: tensor.name, expected: "tensor names that differ", found: "this name twice")
      }
      guard !tensor.type.isQuantized, let size = tensor.byteCount else {
        throw InputError(
          file: path, field: tensor.name, expected: "a plain type, which safetensors can hold",
          found: "\(tensor.shape) of \(tensor.type.name)")
      }
      members.append(
        .init(
          key: tensor.name,
          value: .object(
            JSONObject([
              .init(key: "dtype", value: .string(tensor.type.name.uppercased())),
              .init(key: "shape", value: .array(tensor.shape.map { .integer($0) })),
              .init(key: "data_offsets", value: .array([.integer(offset), .integer(offset + size)])),
            ]))))
      offset += size
    }
    missing = offset
    var header = Array(JSONValue.object(JSONObject(members)).text.utf8)
    // Spaces bring the data to a multiple of 8 bytes, so that it can be mapped.
    header.append(contentsOf: repeatElement(0x20, count: (8 - header.count % 8) % 8))
    var start = ByteBuilder()
    start.append(UInt64(header.count))
    start.append(header)
    writer = try AtomicFileWriter(path: path)
    try writer.append(start.bytes)
  }

  /// Appends bytes of the tensors, in the order in which these were declared. More bytes than were declared are a
  /// programmer's error.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(InputError) {
    precondition(bytes.count <= missing, "more bytes than the declared tensors have")
    try writer.append(bytes)
    missing -= bytes.count
  }

  /// Brings the file to the disk and gives it its name. All declared tensors must be there.
  public func finish() throws(InputError) {
    precondition(missing == 0, "\(missing) bytes of the declared tensors are missing")
    try writer.finish()
  }
}
