import Tensors

/// The pickle (protocol 2) of a dictionary of tensors, each with a storage of its own numbered from 0.
struct TensorPickle {
  private var builder = ByteBuilder()
  var bytes: [UInt8] { builder.bytes }

  init(_ tensors: [TensorDescription], section: String?) {
    builder.append([0x80, 2])
    if let section {
      builder.append(Array("}".utf8))
      append(text: section)
    }
    builder.append(Array("}(".utf8))
    for (index, tensor) in tensors.enumerated() {
      append(text: tensor.name)
      append(tensor, storage: index)
    }
    builder.append(Array("u".utf8))
    if section != nil { builder.append(Array("s".utf8)) }
    builder.append(Array(".".utf8))
  }

  /// The name of PyTorch's storage class; nil for types that it has not.
  static func storageName(_ type: ScalarType) -> String? {
    switch type {
    case .f32: "FloatStorage"
    case .f16: "HalfStorage"
    case .bf16: "BFloat16Storage"
    case .f64: "DoubleStorage"
    case .i8: "CharStorage"
    case .i16: "ShortStorage"
    case .i32: "IntStorage"
    case .i64: "LongStorage"
    case .q4_0, .q8_0, .q4_k, .q6_k: nil
    }
  }

  /// `_rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`.
  private mutating func append(_ tensor: TensorDescription, storage: Int) {
    let count = tensor.shape.reduce(1, *)
    append(global: "torch._utils", "_rebuild_tensor_v2")
    builder.append(Array("((".utf8))
    append(text: "storage")
    append(global: "torch", Self.storageName(tensor.type) ?? "")
    append(text: "\(storage)")
    append(text: "cpu")
    append(count)
    builder.append(Array("tQ".utf8))
    append(0)
    append(tuple: tensor.shape)
    append(tuple: tensor.shape.indices.map { tensor.shape[($0 + 1)...].reduce(1, *) })
    builder.append([0x89])
    append(global: "collections", "OrderedDict")
    builder.append(Array(")RtR".utf8))
  }

  private mutating func append(text: String) {
    builder.append(Array("X".utf8))
    builder.append(UInt32(text.utf8.count))
    builder.append(Array(text.utf8))
  }

  private mutating func append(global module: String, _ name: String) {
    builder.append(Array("c\(module)\n\(name)\n".utf8))
  }

  private mutating func append(_ number: Int) {
    if let small = Int32(exactly: number) {
      builder.append(Array("J".utf8))
      builder.append(small)
    } else {
      builder.append([0x8a, 8])
      builder.append(Int64(number))
    }
  }

  private mutating func append(tuple: [Int]) {
    builder.append(Array("(".utf8))
    for number in tuple { append(number) }
    builder.append(Array("t".utf8))
  }
}
