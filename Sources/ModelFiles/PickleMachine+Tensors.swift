import Diagnostics
import Tensors

/// What stands in for calls: globals, REDUCE and its kin, BUILD, and storages.
extension PickleMachine {
  mutating func stepCall() throws(InputError) -> Bool {
    switch opcode {
    case UInt8(ascii: "c"):
      let module = text(try line())
      let name = text(try line())
      try push(try global(module: module, name: name))
    case 0x93:  // STACK_GLOBAL
      let name = try pop()
      let module = try pop()
      guard case .text(let moduleText) = module, case .text(let nameText) = name else {
        throw fault("a module and a name", "\(describe(module)) and \(describe(name))")
      }
      try push(try global(module: text(moduleText), name: text(nameText)))
    case UInt8(ascii: "i"):  // INST: the global's name follows, its arguments are on the stack
      let module = text(try line())
      let name = text(try line())
      let callee = try global(module: module, name: name)
      try push(try reduce(callee, try newNode(.tuple, try popToMark())))
    case UInt8(ascii: "o"):  // OBJ: the global and its arguments are on the stack
      var items = try popToMark()
      guard !items.isEmpty else { throw fault("a global after the mark", "nothing") }
      let callee = items.removeFirst()
      try push(try reduce(callee, try newNode(.tuple, items)))
    case UInt8(ascii: "R"), 0x81:  // REDUCE, NEWOBJ
      let arguments = try pop()
      let callee = try pop()
      try push(try reduce(callee, arguments))
    case 0x92:  // NEWOBJ_EX
      let keywords = try pop()
      let arguments = try pop()
      let callee = try pop()
      guard let index = node(keywords, .dictionary), nodes[index].items.isEmpty else {
        throw fault("no keyword arguments", describe(keywords))
      }
      try push(try reduce(callee, arguments))
    case UInt8(ascii: "b"): try build()
    case UInt8(ascii: "Q"): try push(try storage(try pop()))
    case UInt8(ascii: "P"), 0x82, 0x83, 0x84, 0x97, 0x98:
      throw fault("a pickle that torch.save writes", "an opcode that it never uses")
    default: return false
    }
    return true
  }

  /// What calling `callee` would give, as data.
  private mutating func reduce(_ callee: PickleItem, _ arguments: PickleItem) throws(InputError) -> PickleItem {
    guard case .global(let number) = callee else { throw fault("a global", describe(callee)) }
    guard let tuple = node(arguments, .tuple) else { throw fault("a tuple of arguments", describe(arguments)) }
    let values = nodes[tuple].items
    switch globals[Int(number)] {
    case .rebuildTensor: return try rebuildTensor(values)
    case .rebuildParameter:
      guard let tensor = values.first, node(tensor, .tensor) != nil else {
        throw fault("a tensor as first argument", values.first.map(describe) ?? "no arguments")
      }
      return tensor
    case .orderedDictionary: return try orderedDictionary(values)
    case .size:
      guard values.count == 1, node(values[0], .tuple) != nil else { throw fault("one tuple of dimensions", "others") }
      return values[0]
    case .storage: throw fault("a storage by reference", "a call of \(globalNames[Int(number)])")
    case .inert: return try newNode(.object, [arguments], detail: Int(number))
    }
  }

  private mutating func orderedDictionary(_ values: [PickleItem]) throws(InputError) -> PickleItem {
    let dictionary = try newNode(.dictionary)
    if case .node(let index) = dictionary { nodes[Int(index)].isOrdered = true }
    guard let first = values.first else { return dictionary }
    // Old versions of Python give the entries as a list of pairs.
    guard values.count == 1, let list = node(first, .list) else { throw fault("a list of pairs", describe(first)) }
    for pair in nodes[list].items {
      guard let pair = node(pair, .tuple) ?? node(pair, .list), nodes[pair].items.count == 2 else {
        throw fault("a list of pairs", "something else in it")
      }
      try add(nodes[pair].items, to: dictionary, .dictionary)
    }
    return dictionary
  }

  /// BUILD gives an object its state. A state_dict carries `_metadata` this way, a numpy dtype its details; neither
  /// matters here.
  private mutating func build() throws(InputError) {
    let state = try pop()
    let object = try top()
    if let index = node(object, .dictionary), nodes[index].isOrdered, node(state, .dictionary) != nil { return }
    if node(object, .object) != nil, node(state, .tuple) != nil || node(state, .dictionary) != nil { return }
    throw fault("an object that takes a state, and its state", "\(describe(object)) and \(describe(state))")
  }

  // MARK: Tensors

  /// The storage that `("storage", type, key, location, element count)` refers to.
  private mutating func storage(_ identifier: PickleItem) throws(InputError) -> PickleItem {
    let form = "(\"storage\", type, key, location, element count)"
    guard let tuple = node(identifier, .tuple), nodes[tuple].items.count == 5 else {
      throw fault(form, describe(identifier))
    }
    let parts = nodes[tuple].items
    guard case .text(let tag) = parts[0], text(tag) == "storage", case .global(let number) = parts[1],
      case .storage(let type) = globals[Int(number)], case .text(let keySlice) = parts[2],
      case .integer(let count) = parts[4]
    else { throw fault(form, parts.map(describe).joined(separator: ", ")) }
    let key = text(keySlice)
    guard let record = storageRecord(key) else { throw fault("a record for storage \(key)", "none") }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: Int64(type.bytesPerBlock))
    guard count >= 0, !overflow, bytes == Int64(record.range.count) else {
      throw fault(
        "\(record.range.count) bytes, the size of \(record.name)", "\(count) elements of \(type.bytesPerBlock) bytes")
    }
    try charge()
    storages.append(Storage(type: type, count: Int(count), start: record.range.lowerBound))
    return try newNode(.storage, detail: storages.count - 1)
  }

  /// `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks, metadata=None)`.
  private mutating func rebuildTensor(_ values: [PickleItem]) throws(InputError) -> PickleItem {
    guard values.count >= 6, values.count <= 7, let storageNode = node(values[0], .storage),
      case .integer(let offset) = values[1]
    else {
      throw fault("storage, offset, size, stride, …", "(\(values.prefix(8).map(describe).joined(separator: ", ")))")
    }
    let storage = storages[nodes[storageNode].detail]
    let shape = try dimensions(values[2], "size")
    let strides = try dimensions(values[3], "stride")
    guard shape.count == strides.count else {
      throw fault("as many strides as dimensions", "\(strides.count) and \(shape.count)")
    }
    guard let bytes = storage.type.byteCount(shape: shape) else {
      throw fault("a size that fits 63 bits", "\(shape) of \(storage.type.name)")
    }
    guard offset >= 0, let span = Self.span(shape, strides), offset <= Int64(storage.count),
      span <= storage.count - Int(offset)
    else {
      throw fault(
        "a view within the storage of \(storage.count) elements",
        "offset \(offset), size \(shape), stride \(strides)")
    }
    // A stride of 0 lets a few bytes stand for any number; what is copied out must stay near what the file holds.
    let limit = max(1 << 20, storage.count * storage.type.bytesPerBlock)
    guard bytes <= limit else {
      throw fault("at most \(limit) bytes in a view of this storage", "size \(shape), stride \(strides)")
    }
    guard tensors.count < Self.maximumTensors else { throw fault("at most \(Self.maximumTensors) tensors", "more") }
    tensors.append(
      PickledTensor(
        shape: shape, type: storage.type, strides: strides, file: file,
        start: storage.start + Int(offset) * storage.type.bytesPerBlock))
    return try newNode(.tensor, detail: tensors.count - 1)
  }

  private func dimensions(_ item: PickleItem, _ what: String) throws(InputError) -> [Int] {
    guard let tuple = node(item, .tuple) ?? node(item, .list), nodes[tuple].items.count <= Self.maximumDimensions
    else { throw fault("a \(what) of at most \(Self.maximumDimensions) dimensions", describe(item)) }
    var values: [Int] = []
    for item in nodes[tuple].items {
      guard case .integer(let value) = item, value >= 0 else {
        throw fault("a \(what) of whole numbers in 0…2^63−1", describe(item))
      }
      values.append(Int(value))
    }
    return values
  }

  /// How many elements a view reaches over, or nil if that overflows. 0 for an empty tensor.
  private static func span(_ shape: [Int], _ strides: [Int]) -> Int? {
    if shape.contains(0) { return 0 }
    var last = 0
    for (dimension, stride) in zip(shape, strides) {
      let (distance, tooFar) = (dimension - 1).multipliedReportingOverflow(by: stride)
      let (sum, overflow) = last.addingReportingOverflow(distance)
      guard !tooFar, !overflow else { return nil }
      last = sum
    }
    let (span, overflow) = last.addingReportingOverflow(1)
    return overflow ? nil : span
  }
}
