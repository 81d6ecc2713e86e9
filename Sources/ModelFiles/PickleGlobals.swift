import Tensors

/// The globals that a pickle may name, and what they stand for. Nothing is imported and nothing is called: each is a
/// case of this type, and whatever is not listed ends the reading.
enum PickleGlobal: Equatable {
  /// `torch._utils._rebuild_tensor_v2(storage, offset, size, stride, …)`.
  case rebuildTensor
  /// `torch._utils._rebuild_parameter(tensor, …)`: the tensor.
  case rebuildParameter
  case orderedDictionary
  /// `torch.Size(tuple)`: the tuple.
  case size
  case storage(ScalarType)
  /// A name that may appear, with whatever arguments, as inert data.
  case inert

  /// The global of this module and name, or nil if it is not allowed.
  init?(module: String, name: String) {
    switch (module, name) {
    case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
    case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
    case ("collections", "OrderedDict"): self = .orderedDictionary
    case ("torch", "Size"): self = .size
    case ("torch", _):
      if let type = Self.storages[name] {
        self = .storage(type)
      } else if name == "device" || Self.dataTypes.contains(name) {
        self = .inert
      } else {
        return nil
      }
    default:
      guard Self.inertNames.contains("\(module).\(name)") else { return nil }
      self = .inert
    }
  }

  private static let storages: [String: ScalarType] = [
    "FloatStorage": .f32, "HalfStorage": .f16, "BFloat16Storage": .bf16, "DoubleStorage": .f64, "LongStorage": .i64,
    "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8, "ByteStorage": .i8, "BoolStorage": .i8,
  ]

  private static let dataTypes: Set<String> = [
    "float", "float16", "float32", "float64", "double", "half", "bfloat16", "int8", "int16", "int32", "int64", "uint8",
    "bool", "long", "int", "short", "complex64", "complex128",
  ]

  /// What optimiser states, configurations and gradient scalers hold besides: plain data in Python's own types, and
  /// numpy's scalars.
  private static let inertNames: Set<String> = [
    "collections.defaultdict", "collections.Counter", "builtins.set", "builtins.frozenset", "builtins.bytearray",
    "builtins.complex", "builtins.dict", "builtins.list", "builtins.int", "builtins.float", "builtins.str",
    "builtins.bool", "__builtin__.set", "__builtin__.frozenset", "__builtin__.bytearray", "__builtin__.complex",
    "__builtin__.dict", "__builtin__.list", "__builtin__.int", "__builtin__.float", "__builtin__.long",
    "__builtin__.unicode", "__builtin__.bool", "_codecs.encode", "numpy.dtype", "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
  ]
}
