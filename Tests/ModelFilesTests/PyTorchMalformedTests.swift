import Diagnostics
import Foundation
import ModelFiles
import Tensors
import TestSupport
import Testing

/// Rows 39–49 of the list of malformed inputs.
@Suite struct PyTorchMalformedTests {
  // MARK: Pickles that want something called

  /// `module.name("touch …")` in the way of each opcode that can call.
  static func calls(_ module: String, _ name: String, row: String) -> [MalformedFile] {
    let mentions = ["data.pkl", "the global \(module).\(name)"]
    var files: [MalformedFile] = []
    for version in UInt8(0)...5 {
      var reduce = Pickle(protocol: version)
      reduce.global(module, name)
      reduce.op("(S'true'\ntR")
      files.append(.pickle("\(row): \(name), REDUCE, protocol \(version)", mentions + ["GLOBAL"], reduce.array))
    }
    var inst = Pickle(protocol: 0)
    inst.op("(S'true'\ni\(module)\n\(name)\n")
    files.append(.pickle("\(row): \(name), INST", mentions + ["INST"], inst.array))
    var stackGlobal = Pickle(protocol: 4)
    stackGlobal.text(module)
    stackGlobal.text(name)
    stackGlobal.op(0x93)
    stackGlobal.op(")R")
    files.append(.pickle("\(row): \(name), STACK_GLOBAL", mentions + ["STACK_GLOBAL"], stackGlobal.array))
    var obj = Pickle()
    obj.op("(")
    obj.global(module, name)
    obj.op("No")
    files.append(.pickle("\(row): \(name), OBJ", mentions, obj.array))
    return files
  }

  static let forbiddenCases: [MalformedFile] =
    calls("os", "system", row: "row 39") + [
      reduced("builtins", "getattr"), reduced("operator", "attrgetter"), reduced("torch.serialization", "load"),
      reduced("builtins", "eval"), reduced("torch", "load"), reduced("torch", "nn.Module"),
      reduced("torch.storage", "_load_from_bytes"),
    ]

  static func reduced(_ module: String, _ name: String) -> MalformedFile {
    var pickle = Pickle()
    pickle.global(module, name)
    pickle.op(")R")
    return .pickle("row 40: \(module).\(name)", ["the global \(module).\(name)"], pickle.array)
  }

  @Test("rows 39 and 40: globals that are not allowed", arguments: PyTorchMalformedTests.forbiddenCases)
  func forbidden(_ file: MalformedFile) throws { try file.expectRefused() }

  // MARK: Pickles that misuse their opcodes

  static func raw(_ name: String, _ mentions: [String], _ opcodes: String, _ more: [UInt8] = []) -> MalformedFile {
    .pickle(name, ["data.pkl"] + mentions, [0x80, 2] + Array(opcodes.utf8) + more)
  }

  static let opcodesCases: [MalformedFile] = [
    raw("row 41: SETITEM on a list", ["SETITEM", "dictionary"], "]NNs."),
    raw("row 41: SETITEMS on a tuple", ["SETITEMS", "tuple"], ")(NNu."),
    raw("row 41: APPEND on a dictionary", ["APPEND", "list"], "}Na."),
    raw("row 41: APPENDS on None", ["APPENDS", "None"], "N(Ne."),
    raw("row 41: BUILD on a list", ["BUILD", "list"], "]}b."),
    raw("row 41: BUILD on a plain dictionary", ["BUILD"], "}}b."),
    raw("row 41: REDUCE of no global", ["REDUCE", "global"], "N)R."),
    raw("row 41: an odd number of keys and values", ["SETITEMS"], "}(NNNu."),
    raw("row 46: stack underflow", ["TUPLE2", "stack"], "N", [0x86, 0x2e]),
    raw("row 46: underflow across a mark", ["APPEND", "stack"], "](Na."),
    raw("row 46: no mark", ["TUPLE", "mark"], "Nt."),
    raw("row 46: STOP on an empty stack", ["STOP", "stack"], "."),
    raw("row 46: dangling memo", ["BINGET", "memo"], "h\u{7}."),
    raw("row 46: a memo of 2^32-1", ["LONG_BINGET"], "j", [0xff, 0xff, 0xff, 0xff, 0x2e]),
    raw("row 46: truncated opcode", ["BININT", "4 bytes"], "J", [1, 2]),
    raw("row 46: truncated line", ["GLOBAL", "line"], "ctorch"),
    raw("row 46: no STOP", ["STOP"], "N"),
    raw("row 46: BINUNICODE of 2^32-1", ["BINUNICODE", "4294967295"], "X", [0xff, 0xff, 0xff, 0xff]),
    raw("row 46: BINUNICODE8 of 2^64-1", ["BINUNICODE8"], "", [0x8d] + [UInt8](repeating: 0xff, count: 8)),
    raw("row 46: text that is no UTF-8", ["BINUNICODE", "UTF-8"], "X", [1, 0, 0, 0, 0xff, 0x2e]),
    raw("row 46: an opcode that is none", ["0xff"], "", [0xff]),
    raw("row 46: protocol 6", ["PROTO", "6"], "", [0x80, 6]),
    raw("row 46: bytes behind STOP", ["STOP"], "N..."),
  ]

  @Test("rows 41 and 46: opcodes", arguments: PyTorchMalformedTests.opcodesCases)
  func opcodes(_ file: MalformedFile) throws { try file.expectRefused() }

  // MARK: Tensors

  static func tensor(
    _ name: String, _ mentions: [String], elements: Int = 6, offset: Int = 0, shape: [Int] = [2, 3],
    strides: [Int] = [3, 1], type: String = "FloatStorage"
  ) -> MalformedFile {
    let pickle = Pickle.dictionary(elements: elements, offset: offset, shape: shape, strides: strides, type: type)
    return .pickle(name, ["data.pkl"] + mentions, pickle, storages: [floatBytes([0, 1, 2, 3, 4, 5])])
  }

  static let tensorsCases: [MalformedFile] = [
    tensor("row 42: more elements than the record has", ["BINPERSID", "24 bytes"], elements: 7),
    tensor("row 42: fewer elements", ["BINPERSID", "24 bytes"], elements: 5),
    tensor("row 42: negative", ["BINPERSID"], elements: -6),
    tensor("row 42: a count that wraps to the right size", ["BINPERSID"], elements: 0x4000_0000_0000_0006),
    tensor("row 42: 0x4000000000000001 × 4", ["BINPERSID"], elements: 0x4000_0000_0000_0001),
    tensor("row 42: another element size", ["BINPERSID"], type: "DoubleStorage"),
    tensor("row 43: offset past the storage", ["REDUCE", "offset 7"], offset: 7),
    tensor("row 43: offset and size past it", ["REDUCE", "offset 1"], offset: 1),
    tensor("row 43: negative offset", ["REDUCE", "offset -1"], offset: -1),
    tensor("row 43: size past it", ["REDUCE", "[2, 4]"], shape: [2, 4], strides: [4, 1]),
    tensor("row 43: stride past it", ["REDUCE", "[4, 1]"], strides: [4, 1]),
    tensor("row 43: negative stride", ["REDUCE", "stride"], strides: [-3, 1]),
    tensor("row 43: negative size", ["REDUCE", "size"], shape: [-2, 3]),
    tensor("row 43: strides that wrap", ["REDUCE"], shape: [3, 3], strides: [1 << 62, 1]),
    tensor("row 43: a size that wraps", ["REDUCE"], shape: [1 << 62, 1 << 62], strides: [0, 0]),
    tensor("row 43: a view of 2^40 elements by stride 0", ["REDUCE"], shape: [1 << 40], strides: [0]),
    tensor("row 43: strides for other dimensions", ["REDUCE", "strides"], strides: [1]),
    .pickle(
      "row 43: no record", ["BINPERSID", "storage 0"], Pickle.dictionary(elements: 6, shape: [6], strides: [1])),
  ]

  @Test("rows 42 and 43: tensors past their storage", arguments: PyTorchMalformedTests.tensorsCases)
  func tensors(_ file: MalformedFile) throws { try file.expectRefused() }

  // MARK: Bounded memory

  /// Opcodes repeated until something must give.
  static let bombsCases: [MalformedFile] = [
    raw("lists nested 10^6 deep", ["at most"], "", Array(repeatElement([0x5d, 0x28], count: 1_000_000).joined())),
    raw("tuples in tuples", ["at most"], "N", Array(repeatElement(0x85, count: 3_000_000))),
    raw("a memo of a million entries", ["at most"], "N", memoBomb),
    raw("a dictionary that is copied again and again", ["at most"], "N", Array(repeatElement(0x32, count: 2_000_000))),
  ]

  static let memoBomb: [UInt8] = {
    var bytes = Bytes()
    for index in UInt32(0)..<1_000_000 {
      bytes.add("r")
      bytes.add(index)
    }
    return bytes.array
  }()

  @Test("pickles that grow are refused in time", arguments: PyTorchMalformedTests.bombsCases)
  func bombs(_ file: MalformedFile) throws { try file.expectRefused() }

  @Test("a pickle nested 100 000 deep loads, is shown and released without a stack overflow")
  func deepNesting() throws {
    var pickle = Pickle()
    pickle.op(String(repeating: "]", count: 100_000))
    pickle.op(String(repeating: "a", count: 99_999))
    try TemporaryFolder.shared.with(ZipBytes(pickle: pickle.array).bytes, suffix: "pth") { path in
      let result = try ChildProcess.tinygptv(["inspect", path], seconds: 10, dataLimit: MalformedFile.memoryLimit)
      #expect(result.ending == .exited(0), "\(result.errorOutput)")
    }
  }

  @Test("a list that holds itself, and lists that double, are shown in time")
  func sharing() throws {
    var pickle = Pickle()
    pickle.op("]q\u{1}h\u{1}a")  // a list with itself as its element
    pickle.op("0]")
    for _ in 0..<60 {
      pickle.op("q\u{1}0](h\u{1}h\u{1}h\u{1}h\u{1}h\u{1}h\u{1}e")
    }
    try TemporaryFolder.shared.with(ZipBytes(pickle: pickle.array).bytes, suffix: "pth") { path in
      let result = try ChildProcess.tinygptv(["inspect", path], seconds: 10, dataLimit: MalformedFile.memoryLimit)
      #expect(result.ending == .exited(0), "\(result.errorOutput)")
    }
  }
}
