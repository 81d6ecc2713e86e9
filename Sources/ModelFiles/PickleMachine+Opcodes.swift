import Diagnostics
import Tensors

extension PickleMachine {
  /// Does one opcode. https://github.com/python/cpython/blob/main/Lib/pickletools.py says what each means.
  mutating func step() throws(InputError) {
    switch opcode {
    case 0x80:  // PROTO
      let version = try number(UInt8.self)
      guard version <= 5 else { throw fault("protocol 0…5", "\(version)") }
    case 0x95: _ = try number(UInt64.self)  // FRAME: only a hint for buffering
    case UInt8(ascii: "("):
      try charge()
      marks.append(stack.count)
    case UInt8(ascii: "0"):  // POP takes a mark if that is what is on top
      if let mark = marks.last, mark == stack.count { marks.removeLast() } else { _ = try pop() }
    case UInt8(ascii: "1"): _ = try popToMark()
    case UInt8(ascii: "2"): try push(try top())
    case UInt8(ascii: "N"): try push(.none)
    case 0x88: try push(.bool(true))
    case 0x89: try push(.bool(false))
    default:
      if try stepNumber() { return }
      if try stepText() { return }
      if try stepMemo() { return }
      if try stepContainer() { return }
      if try stepCall() { return }
      throw fault("an opcode of protocol 0…5", "byte 0x\(String(opcode, radix: 16))")
    }
  }

  private mutating func stepNumber() throws(InputError) -> Bool {
    switch opcode {
    case UInt8(ascii: "J"): try push(.integer(Int64(try number(Int32.self))))
    case UInt8(ascii: "K"): try push(.integer(Int64(try number(UInt8.self))))
    case UInt8(ascii: "M"): try push(.integer(Int64(try number(UInt16.self))))
    case 0x8a: try pushLong(UInt64(try number(UInt8.self)))
    case 0x8b: try pushLong(UInt64(try number(UInt32.self)))
    case UInt8(ascii: "G"):
      // The one big-endian number of the format.
      try push(.float(Double(bitPattern: try number(UInt64.self).byteSwapped)))
    case UInt8(ascii: "F"):
      let slice = try line()
      guard let value = Double(text(slice)) else { throw fault("a number", text(slice)) }
      try push(.float(value))
    case UInt8(ascii: "I"), UInt8(ascii: "L"):
      let slice = try line()
      var digits = text(slice)
      // Protocol 0 writes truth values as 00 and 01, long integers with an L.
      if opcode == UInt8(ascii: "I"), digits == "00" || digits == "01" {
        try push(.bool(digits == "01"))
        return true
      }
      if digits.hasSuffix("L") { digits.removeLast() }
      guard let value = Int64(digits) else { throw fault("a whole number of 64 bits", text(slice)) }
      try push(.integer(value))
    default: return false
    }
    return true
  }

  private mutating func pushLong(_ count: UInt64) throws(InputError) {
    let slice = try slice(count)
    guard slice.count <= 8 else { return try push(.largeInteger(slice)) }
    var value: UInt64 = 0
    for (index, byte) in cursor.bytes[slice.range].enumerated() { value |= UInt64(byte) << UInt64(8 * index) }
    // Extend the sign of the topmost byte.
    let unused = UInt64(64 - 8 * Int(slice.count))
    try push(.integer(slice.count == 0 ? 0 : Int64(bitPattern: value << unused) >> Int64(unused)))
  }

  private mutating func stepText() throws(InputError) -> Bool {
    switch opcode {
    case 0x8c: try push(.text(try textSlice(UInt64(try number(UInt8.self)))))
    case UInt8(ascii: "X"): try push(.text(try textSlice(UInt64(try number(UInt32.self)))))
    case 0x8d: try push(.text(try textSlice(try number(UInt64.self))))
    // Python 2's strings: text, as torch files use them.
    case UInt8(ascii: "U"): try push(.text(try textSlice(UInt64(try number(UInt8.self)))))
    case UInt8(ascii: "T"): try push(.text(try textSlice(UInt64(try number(UInt32.self)))))
    case UInt8(ascii: "C"): try push(.bytes(try slice(UInt64(try number(UInt8.self)))))
    case UInt8(ascii: "B"): try push(.bytes(try slice(UInt64(try number(UInt32.self)))))
    case 0x8e, 0x96: try push(.bytes(try slice(try number(UInt64.self))))
    case UInt8(ascii: "V"), UInt8(ascii: "S"):
      var slice = try line()
      if opcode == UInt8(ascii: "S") {
        let quotes = [UInt8(ascii: "'"), UInt8(ascii: "\"")]
        guard slice.count >= 2, let first = cursor.bytes[slice.range].first, quotes.contains(first),
          cursor.bytes[slice.range].last == first
        else { throw fault("a quoted string", text(slice)) }
        slice = PickleSlice(offset: slice.offset + 1, count: slice.count - 2)
      }
      guard !cursor.bytes[slice.range].contains(UInt8(ascii: "\\")) else {
        throw fault("a string without escapes", text(slice), remedy: "Save the file with pickle protocol 2.")
      }
      try push(.text(slice))
    default: return false
    }
    return true
  }

  private mutating func stepMemo() throws(InputError) -> Bool {
    switch opcode {
    case UInt8(ascii: "q"): try put(UInt32(try number(UInt8.self)))
    case UInt8(ascii: "r"): try put(try number(UInt32.self))
    case UInt8(ascii: "p"): try put(try memoNumber())
    case 0x94: try put(UInt32(memo.count))
    case UInt8(ascii: "h"): try get(UInt32(try number(UInt8.self)))
    case UInt8(ascii: "j"): try get(try number(UInt32.self))
    case UInt8(ascii: "g"): try get(try memoNumber())
    default: return false
    }
    return true
  }

  private mutating func memoNumber() throws(InputError) -> UInt32 {
    let slice = try line()
    guard let number = UInt32(text(slice)) else { throw fault("a memo's number", text(slice)) }
    return number
  }

  private mutating func put(_ number: UInt32) throws(InputError) {
    // An entry takes about as much memory as three values on the stack.
    try charge(3)
    memo[number] = try top()
  }

  private mutating func get(_ number: UInt32) throws(InputError) {
    guard let item = memo[number] else { throw fault("a memo entry \(number)", "none") }
    try push(item)
  }

  // MARK: Containers

  private mutating func stepContainer() throws(InputError) -> Bool {
    switch opcode {
    case UInt8(ascii: "]"): try push(try newNode(.list))
    case UInt8(ascii: "}"): try push(try newNode(.dictionary))
    case UInt8(ascii: ")"): try push(try newNode(.tuple))
    case 0x8f: try push(try newNode(.set))
    case UInt8(ascii: "l"): try push(try newNode(.list, try popToMark()))
    case UInt8(ascii: "t"): try push(try newNode(.tuple, try popToMark()))
    case 0x91: try push(try newNode(.set, try popToMark()))
    case 0x85, 0x86, 0x87:
      var items: [PickleItem] = []
      for _ in 0..<opcode - 0x84 { items.insert(try pop(), at: 0) }
      try push(try newNode(.tuple, items))
    case UInt8(ascii: "d"):
      let items = try popToMark()
      let dictionary = try newNode(.dictionary)
      try add(items, to: dictionary, .dictionary)
      try push(dictionary)
    case UInt8(ascii: "a"):
      let item = try pop()
      try add([item], to: try top(), .list)
    case UInt8(ascii: "e"): try addFromMark(.list)
    case UInt8(ascii: "s"):
      let value = try pop()
      let key = try pop()
      try add([key, value], to: try top(), .dictionary)
    case UInt8(ascii: "u"): try addFromMark(.dictionary)
    case 0x90: try addFromMark(.set)
    default: return false
    }
    return true
  }

  private mutating func addFromMark(_ kind: PickleArena.Node.Kind) throws(InputError) {
    let items = try popToMark()
    try add(items, to: try top(), kind)
  }

  mutating func add(
    _ items: [PickleItem], to container: PickleItem, _ kind: PickleArena.Node.Kind
  ) throws(InputError) {
    guard let index = node(container, kind) else { throw fault("a \(kind) to add to", describe(container)) }
    guard kind != .dictionary || items.count % 2 == 0 else { throw fault("keys with values", "a key without one") }
    try charge(items.count)
    nodes[index].items.append(contentsOf: items)
  }

  // MARK: Names of opcodes

  /// The opcode's name in Python's pickletools, for errors.
  static func name(of opcode: UInt8) -> String {
    names[opcode] ?? "opcode 0x\(String(opcode, radix: 16))"
  }

  private static let names: [UInt8: String] = {
    var names: [UInt8: String] = [
      0x80: "PROTO", 0x81: "NEWOBJ", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x85: "TUPLE1", 0x86: "TUPLE2",
      0x87: "TUPLE3", 0x88: "NEWTRUE", 0x89: "NEWFALSE", 0x8a: "LONG1", 0x8b: "LONG4", 0x8c: "SHORT_BINUNICODE",
      0x8d: "BINUNICODE8", 0x8e: "BINBYTES8", 0x8f: "EMPTY_SET", 0x90: "ADDITEMS", 0x91: "FROZENSET",
      0x92: "NEWOBJ_EX", 0x93: "STACK_GLOBAL", 0x94: "MEMOIZE", 0x95: "FRAME", 0x96: "BYTEARRAY8", 0x97: "NEXT_BUFFER",
      0x98: "READONLY_BUFFER",
    ]
    let letters: [(Unicode.Scalar, String)] = [
      ("(", "MARK"), (".", "STOP"), ("0", "POP"), ("1", "POP_MARK"), ("2", "DUP"), ("F", "FLOAT"), ("I", "INT"),
      ("J", "BININT"), ("K", "BININT1"), ("L", "LONG"), ("M", "BININT2"), ("N", "NONE"), ("P", "PERSID"),
      ("Q", "BINPERSID"), ("R", "REDUCE"), ("S", "STRING"), ("T", "BINSTRING"), ("U", "SHORT_BINSTRING"),
      ("V", "UNICODE"), ("X", "BINUNICODE"), ("B", "BINBYTES"), ("C", "SHORT_BINBYTES"), ("a", "APPEND"),
      ("b", "BUILD"), ("c", "GLOBAL"), ("d", "DICT"), ("}", "EMPTY_DICT"), ("e", "APPENDS"), ("g", "GET"),
      ("h", "BINGET"), ("i", "INST"), ("j", "LONG_BINGET"), ("l", "LIST"), ("]", "EMPTY_LIST"), ("o", "OBJ"),
      ("p", "PUT"), ("q", "BINPUT"), ("r", "LONG_BINPUT"), ("s", "SETITEM"), ("t", "TUPLE"), (")", "EMPTY_TUPLE"),
      ("u", "SETITEMS"), ("G", "BINFLOAT"),
    ]
    for (letter, name) in letters { names[UInt8(ascii: letter)] = name }
    return names
  }()
}
