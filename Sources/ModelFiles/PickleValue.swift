import Diagnostics
import Tensors

/// A value of a decoded pickle: inert data, whatever the file meant it to become.
///
/// All values of a pickle live in one arena and refer to each other by number. So values that the file shares are shared
/// here, cycles do no harm, and neither reading nor releasing a deeply nested value needs the stack.
public struct PickleValue: Sendable {
  let arena: PickleArena
  let item: PickleItem

  /// What a value is, one level deep.
  public enum Content: Sendable {
    case none
    case bool(Bool)
    case integer(Int)
    /// A whole number beyond 64 bits: its bytes, two's complement, least significant first.
    case largeInteger(PickleBytes)
    case float(Double)
    case string(String)
    case bytes(PickleBytes)
    case list(PickleElements)
    case tuple(PickleElements)
    case set(PickleElements)
    /// Keys and values in the order of the file.
    case dictionary(PickleEntries)
    case tensor(PickledTensor)
    /// A class or function by name. It is only a name.
    case global(String)
    /// What the file wanted built by calling a harmless global; kept as the name and the arguments.
    case object(global: String, arguments: PickleValue)
  }

  /// What this is.
  public var content: Content { arena.content(of: item) }

  /// The whole number, if this is one that fits an Int.
  public var integer: Int? { if case .integer(let value) = item { Int(value) } else { nil } }
  /// The number, whole or not, if this is one.
  public var double: Double? {
    switch item {
    case .integer(let value): Double(value)
    case .float(let value): value
    default: nil
    }
  }
  /// The text, if this is one.
  public var string: String? { arena.string(item) }
  /// The truth value, if this is one.
  public var bool: Bool? { if case .bool(let value) = item { value } else { nil } }
  /// Whether this is `None`.
  public var isNone: Bool { if case .none = item { true } else { false } }
  /// The elements of a list, a tuple or a set.
  public var elements: PickleElements? {
    switch content {
    case .list(let values), .tuple(let values), .set(let values): values
    default: nil
    }
  }
  /// The entries of a dictionary.
  public var entries: PickleEntries? {
    if case .dictionary(let entries) = content { entries } else { nil }
  }
  /// The tensor, if this is one: mapped where it is contiguous and aligned, a copy otherwise.
  public var tensor: Tensor? { if case .tensor(let pickled) = content { pickled.tensor() } else { nil } }

  /// The value of a dictionary under a text, the last one if there are several.
  public subscript(key: String) -> PickleValue? {
    guard case .node(let index) = item, arena.nodes[Int(index)].kind == .dictionary else { return nil }
    let items = arena.nodes[Int(index)].items
    for position in stride(from: items.count - 2, through: 0, by: -2) where arena.string(items[position]) == key {
      return PickleValue(arena: arena, item: items[position + 1])
    }
    return nil
  }

  /// How many elements or entries there are; 0 for anything that holds none.
  public var count: Int {
    guard case .node(let index) = item else { return 0 }
    let node = arena.nodes[Int(index)]
    return node.kind == .dictionary ? node.items.count / 2 : node.items.count
  }
}

/// The elements of a list, a tuple or a set.
public struct PickleElements: Sendable, RandomAccessCollection {
  let arena: PickleArena
  let node: Int

  /// Always 0.
  public var startIndex: Int { 0 }
  /// The number of elements.
  public var endIndex: Int { arena.nodes[node].items.count }
  /// The element at a position.
  public subscript(position: Int) -> PickleValue {
    PickleValue(arena: arena, item: arena.nodes[node].items[position])
  }
}

/// The entries of a dictionary in the order of the file.
public struct PickleEntries: Sendable, RandomAccessCollection {
  let arena: PickleArena
  let node: Int

  /// Always 0.
  public var startIndex: Int { 0 }
  /// The number of elements.
  public var endIndex: Int { arena.nodes[node].items.count / 2 }
  /// The element at a position.
  public subscript(position: Int) -> (key: PickleValue, value: PickleValue) {
    let items = arena.nodes[node].items
    return (
      PickleValue(arena: arena, item: items[2 * position]), PickleValue(arena: arena, item: items[2 * position + 1])
    )
  }
}

/// Bytes in a pickle.
public struct PickleBytes: Sendable {
  let arena: PickleArena
  let slice: PickleSlice

  /// How many there are.
  public var count: Int { Int(slice.count) }
  /// A copy of them.
  public var array: [UInt8] { Array(arena.raw(slice)) }
}

/// A tensor in a PyTorch archive: a view of a record, checked to lie within it.
public struct PickledTensor: Sendable {
  /// The dimensions, outermost first.
  public let shape: [Int]
  /// How the elements are stored.
  public let type: ScalarType
  /// Distances in elements between neighbours along each dimension.
  public let strides: [Int]
  let file: MappedFile
  /// The first element's place in the file.
  let start: Int

  /// Whether the elements lie one after the other.
  public var isContiguous: Bool {
    var expected = 1
    for (dimension, stride) in zip(shape, strides).reversed() where dimension != 1 {
      if stride != expected && !shape.contains(0) { return false }
      // Cannot overflow: the shape's size was checked.
      expected *= dimension
    }
    return true
  }

  /// The tensor, mapped where it is contiguous and aligned, a copy otherwise.
  public func tensor() -> Tensor {
    let size = type.bytesPerBlock
    if isContiguous {
      let bytes = shape.reduce(size, *)
      return TensorTable.tensor(shape: shape, type: type, range: start..<start + bytes, in: file)
    }
    let copy = Tensor(uninitialized: shape, type: type)
    guard copy.count > 0, let base = file.bytes.baseAddress else { return copy }
    // Walk the elements in row-major order with one counter per dimension.
    var counters = [Int](repeating: 0, count: shape.count)
    var source = start
    for element in 0..<copy.count {
      (copy.address + element * size).copyMemory(from: base + source, byteCount: size)
      for axis in shape.indices.reversed() {
        counters[axis] += 1
        source += strides[axis] * size
        if counters[axis] < shape[axis] { break }
        source -= strides[axis] * size * shape[axis]
        counters[axis] = 0
      }
    }
    return copy
  }
}

/// A value in 16 bytes: small things themselves, text as a place in the pickle, containers as a number in the arena.
enum PickleItem: Sendable {
  case none
  case bool(Bool)
  case integer(Int64)
  case float(Double)
  case text(PickleSlice)
  case bytes(PickleSlice)
  case largeInteger(PickleSlice)
  case global(UInt32)
  case node(UInt32)
}

/// A range of the pickle's bytes.
struct PickleSlice: Sendable {
  var offset: UInt32
  var count: UInt32
  var range: Range<Int> { Int(offset)..<Int(offset) + Int(count) }
}

/// What a pickle was decoded to.
final class PickleArena: Sendable {
  struct Node: Sendable {
    enum Kind: Sendable {
      case list, tuple, set, dictionary
      /// items: the arguments. `detail` is the global's number.
      case object
      /// `detail` is the tensor's number.
      case tensor
      /// `detail` is the storage's number.
      case storage
    }
    var kind: Kind
    var items: [PickleItem] = []
    var detail = 0
    /// Whether the dictionary is an OrderedDict, which may carry attributes.
    var isOrdered = false
  }

  let file: MappedFile
  /// Where the pickle is in the file.
  let range: Range<Int>
  let nodes: [Node]
  let globals: [String]
  let tensors: [PickledTensor]

  init(file: MappedFile, range: Range<Int>, nodes: [Node], globals: [String], tensors: [PickledTensor]) {
    self.file = file
    self.range = range
    self.nodes = nodes
    self.globals = globals
    self.tensors = tensors
  }

  func raw(_ slice: PickleSlice) -> Slice<UnsafeRawBufferPointer> {
    file.bytes[range.lowerBound + slice.range.lowerBound..<range.lowerBound + slice.range.upperBound]
  }

  func string(_ item: PickleItem) -> String? {
    guard case .text(let slice) = item else { return nil }
    return String(decoding: raw(slice), as: UTF8.self)
  }

  func content(of item: PickleItem) -> PickleValue.Content {
    switch item {
    case .none: return .none
    case .bool(let value): return .bool(value)
    case .integer(let value): return .integer(Int(value))
    case .float(let value): return .float(value)
    case .text(let slice): return .string(String(decoding: raw(slice), as: UTF8.self))
    case .bytes(let slice): return .bytes(PickleBytes(arena: self, slice: slice))
    case .largeInteger(let slice): return .largeInteger(PickleBytes(arena: self, slice: slice))
    case .global(let index): return .global(globals[Int(index)])
    case .node(let index):
      let node = nodes[Int(index)]
      let elements = PickleElements(arena: self, node: Int(index))
      switch node.kind {
      case .list: return .list(elements)
      case .tuple: return .tuple(elements)
      case .set: return .set(elements)
      case .dictionary: return .dictionary(PickleEntries(arena: self, node: Int(index)))
      case .tensor: return .tensor(tensors[node.detail])
      case .object:
        return .object(global: globals[node.detail], arguments: PickleValue(arena: self, item: node.items[0]))
      // A storage that no tensor looks at.
      case .storage: return .object(global: "torch.storage", arguments: PickleValue(arena: self, item: .none))
      }
    }
  }
}
