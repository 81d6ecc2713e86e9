import Diagnostics
import Tensors

/// Decodes a pickle of protocol 0–5 as data.
///
/// A stack machine whose opcodes build values in an arena. It calls nothing: REDUCE and its kin know the few globals of
/// ``PickleGlobal`` and turn them into values themselves. Work and memory are bounded: every value costs a part of a
/// budget, texts stay where they are in the file, and no step recurses.
struct PickleMachine {
  /// How many values may stand on the stack, in containers and in the memo, all together.
  static let maximumItems = 1_000_000
  /// How many lists, dictionaries, tuples, objects and tensors there may be.
  static let maximumNodes = 1 << 18
  static let maximumTensors = 1 << 16
  static let maximumSize = 64 << 20
  static let maximumText = 1 << 20
  static let maximumDimensions = 8

  let file: MappedFile
  let record: ZipArchive.Record
  /// Gives the record that holds a storage of this key.
  let storageRecord: (String) -> ZipArchive.Record?

  var cursor: ByteCursor
  var stack: [PickleItem] = []
  /// Stack positions of the marks.
  var marks: [Int] = []
  var memo: [UInt32: PickleItem] = [:]
  var itemsLeft = PickleMachine.maximumItems
  var nodes: [PickleArena.Node] = []
  var globalNames: [String] = []
  var globals: [PickleGlobal] = []
  var globalNumbers: [String: UInt32] = [:]
  var tensors: [PickledTensor] = []
  var storages: [Storage] = []
  /// The opcode that is being done, and where it stands.
  var opcode: UInt8 = 0
  var opcodeOffset = 0

  /// A record of the archive seen as numbers.
  struct Storage {
    var type: ScalarType
    var count: Int
    var start: Int
  }

  init(file: MappedFile, record: ZipArchive.Record, storageRecord: @escaping (String) -> ZipArchive.Record?) {
    self.file = file
    self.record = record
    self.storageRecord = storageRecord
    cursor = ByteCursor(
      bytes: UnsafeRawBufferPointer(rebasing: file.bytes[record.range]), file: file.path,
      base: record.range.lowerBound)
  }

  /// Decodes the whole pickle and gives its value.
  mutating func run() throws(InputError) -> PickleValue {
    guard cursor.bytes.count <= Self.maximumSize else {
      throw cursor.error(
        record.name, at: 0, expected: "at most \(Self.maximumSize) bytes", found: "\(cursor.bytes.count)")
    }
    while true {
      opcodeOffset = cursor.position
      guard cursor.remaining > 0 else { throw fault("the STOP opcode", "the end") }
      opcode = cursor.bytes[cursor.position]
      cursor.position += 1
      if opcode == UInt8(ascii: ".") { break }
      try step()
    }
    let root = try pop()
    guard cursor.remaining == 0 else {
      throw fault("the end after STOP", "\(cursor.remaining) bytes more")
    }
    let arena = PickleArena(
      file: file, range: record.range, nodes: nodes, globals: globalNames, tensors: tensors)
    return PickleValue(arena: arena, item: root)
  }

  // MARK: Errors

  /// An error about the opcode that is being done.
  func fault(_ expected: String, _ found: String, remedy: String? = nil) -> InputError {
    cursor.error(
      "\(record.name), \(Self.name(of: opcode))", at: opcodeOffset, expected: expected, found: found, remedy: remedy)
  }

  // MARK: Stack

  mutating func charge(_ count: Int = 1) throws(InputError) {
    guard count <= itemsLeft else { throw fault("at most \(Self.maximumItems) values", "more") }
    itemsLeft -= count
  }

  mutating func push(_ item: PickleItem) throws(InputError) {
    try charge()
    stack.append(item)
  }

  mutating func pop() throws(InputError) -> PickleItem {
    guard stack.count > (marks.last ?? 0), let item = stack.popLast() else {
      throw fault("a value on the stack", "none")
    }
    return item
  }

  func top() throws(InputError) -> PickleItem {
    guard stack.count > (marks.last ?? 0), let item = stack.last else { throw fault("a value on the stack", "none") }
    return item
  }

  mutating func popToMark() throws(InputError) -> [PickleItem] {
    guard let mark = marks.popLast() else { throw fault("a mark on the stack", "none") }
    let items = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return items
  }

  // MARK: Values

  mutating func newNode(
    _ kind: PickleArena.Node.Kind, _ items: [PickleItem] = [], detail: Int = 0
  ) throws(InputError) -> PickleItem {
    guard nodes.count < Self.maximumNodes else { throw fault("at most \(Self.maximumNodes) containers", "more") }
    try charge(items.count)
    nodes.append(.init(kind: kind, items: items, detail: detail))
    return .node(UInt32(nodes.count - 1))
  }

  /// The node's number, if the item is a node of this kind.
  func node(_ item: PickleItem, _ kind: PickleArena.Node.Kind) -> Int? {
    guard case .node(let index) = item, nodes[Int(index)].kind == kind else { return nil }
    return Int(index)
  }

  /// What an item is, in words.
  func describe(_ item: PickleItem) -> String {
    switch item {
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .integer(let value): "\(value)"
    case .float(let value): "\(value)"
    case .text(let slice): "the string \"\(text(slice).escapingControlCharacters(limit: 40))\""
    case .bytes: "bytes"
    case .largeInteger: "a number beyond 64 bits"
    case .global(let index): "the global \(globalNames[Int(index)])"
    case .node(let index): "a \(nodes[Int(index)].kind)"
    }
  }

  func text(_ slice: PickleSlice) -> String { String(decoding: cursor.bytes[slice.range], as: UTF8.self) }

  /// The opcode's argument.
  mutating func number<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(InputError) -> T {
    let (name, code) = (record.name, opcode)
    return try cursor.read(type, "\(name), \(Self.name(of: code))")
  }

  /// The next `count` bytes as a place in the pickle.
  mutating func slice(_ count: UInt64) throws(InputError) -> PickleSlice {
    let start = cursor.position
    let (name, code) = (record.name, opcode)
    let raw = try cursor.take(count, "\(name), \(Self.name(of: code))")
    return PickleSlice(offset: UInt32(start), count: UInt32(raw.count))
  }

  mutating func textSlice(_ count: UInt64) throws(InputError) -> PickleSlice {
    let slice = try slice(count)
    guard slice.count <= Self.maximumText else {
      throw fault("a text of at most \(Self.maximumText) bytes", "\(slice.count)")
    }
    guard String(validating: cursor.bytes[slice.range], as: UTF8.self) != nil else {
      throw fault("UTF-8 text", "bytes that are none")
    }
    return slice
  }

  /// The bytes up to the next line feed, which is skipped.
  mutating func line() throws(InputError) -> PickleSlice {
    var length = 0
    while length < cursor.remaining, cursor.bytes[cursor.position + length] != 0x0a { length += 1 }
    guard length < cursor.remaining else { throw fault("a line", "the end") }
    let slice = try textSlice(UInt64(length))
    cursor.position += 1
    return slice
  }

  // MARK: Globals

  mutating func global(module: String, name: String) throws(InputError) -> PickleItem {
    let full = "\(module).\(name)"
    if let number = globalNumbers[full] { return .global(number) }
    guard let global = PickleGlobal(module: module, name: name) else {
      throw fault(
        "only tensors and plain data", "the global \(full.escapingControlCharacters(limit: 200))",
        remedy:
          "Loading this file elsewhere could run code. If you trust it, load it in PyTorch and save only its tensors.")
    }
    let number = UInt32(globals.count)
    globals.append(global)
    globalNames.append(full)
    globalNumbers[full] = number
    return .global(number)
  }
}
