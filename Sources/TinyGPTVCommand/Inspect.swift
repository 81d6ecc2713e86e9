import ArgumentParser
import Diagnostics
import ModelFiles
import Tensors

/// `tinygptv inspect`: what is in a model file.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the metadata and the tensors of a model file.",
    discussion: "Reads GGUF, safetensors and PyTorch (.pth, .bin) files, and directories that hold a checkpoint.")

  @Argument(help: "A file, or a checkpoint's directory.")
  var file: String

  @Flag(help: "Leave out the table of tensors.")
  var metadataOnly = false

  @Flag(help: "Write one JSON object.")
  var json = false

  func run() throws {
    let content = try TensorFiles.open(path: file)
    let summary = FileSummary(content)
    let text = json ? summary.json(tensors: !metadataOnly).indentedText : summary.text(tensors: !metadataOnly)
    try content.checkNotCut()
    print(text)
  }
}

/// What `inspect` shows of a file, before it is laid out.
private struct FileSummary {
  var path: String
  var format: String
  var metadata: [(key: String, value: SummaryValue)]
  var adapters: [AdapterSummary]
  var tensors: [TensorDescription]

  init(_ file: any TensorFile) {
    path = file.path
    adapters = AdapterSummary.all(in: file)
    tensors = file.tensorNames.compactMap { file.description(of: $0) }
    metadata = []
    switch file {
    case let file as GGUFFile:
      format = "GGUF version \(file.version)"
      metadata = file.metadata.map { ($0.key, SummaryValue($0.value)) }
    case let file as SafetensorsFile:
      format = "safetensors"
      metadata = file.metadata.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }
    case let file as PyTorchArchive:
      format = "PyTorch archive" + (file.section.map { ", tensors under \"\($0)\"" } ?? "")
      metadata = Self.extras(of: file)
    case let file as ShardedCheckpoint:
      let names = file.shards.map { String($0.path.split(separator: "/").last ?? "") }
      format = names.count == 1 ? "directory with \(names[0])" : "directory with \(names.count) shards"
      if names.count > 1 {
        metadata = [("shards", .array(type: "string", count: names.count, first: names.prefix(8).map { .string($0) }))]
      }
      if let settings = try? JSONValue.read(path: file.path + "/adapter_config.json").object {
        metadata += settings.map { ($0.key, SummaryValue($0.value)) }
      }
    default: format = "tensors"
    }
  }

  /// What a PyTorch file holds beside its tensors by name.
  private static func extras(of file: PyTorchArchive) -> [(key: String, value: SummaryValue)] {
    var extras: [(key: String, value: SummaryValue)] = []
    var budget = SummaryValue.shownValues
    guard let entries = file.root.entries else { return [("value", SummaryValue(file.root, budget: &budget))] }
    for (key, value) in entries where budget > 0 {
      guard let name = key.string, name != file.section else { continue }
      if file.section == nil, case .tensor = value.content { continue }
      extras.append((name, SummaryValue(value, budget: &budget)))
    }
    return extras
  }

  // MARK: JSON

  func json(tensors showsTensors: Bool) -> JSONValue {
    var members: [JSONObject.Member] = [
      .init(key: "file", value: .string(path)), .init(key: "format", value: .string(format)),
      .init(
        key: "metadata",
        value: .object(JSONObject(metadata.map { .init(key: $0.key, value: $0.value.json) }))),
    ]
    if !adapters.isEmpty { members.append(.init(key: "adapters", value: .array(adapters.map(\.json)))) }
    if showsTensors {
      let list = tensors.map { tensor in
        JSONValue.object(
          JSONObject([
            .init(key: "name", value: .string(tensor.name)), .init(key: "type", value: .string(tensor.type.name)),
            .init(key: "shape", value: .array(tensor.shape.map { .integer($0) })),
            .init(key: "bytes", value: .integer(tensor.byteCount ?? 0)),
          ]))
      }
      members.append(.init(key: "tensors", value: .array(list)))
    }
    members.append(
      .init(
        key: "totals",
        value: .object(
          JSONObject([
            .init(key: "tensors", value: .integer(tensors.count)), .init(key: "elements", value: .integer(elements)),
            .init(key: "bytes", value: .integer(bytes)),
          ]))))
    return .object(JSONObject(members))
  }

  // Views of one storage may add up to more than an Int holds; they are only shown.
  private var elements: Int { tensors.reduce(0) { $0 &+ $1.shape.reduce(1, &*) } }
  private var bytes: Int { tensors.reduce(0) { $0 &+ ($1.byteCount ?? 0) } }

  // MARK: Text

  func text(tensors showsTensors: Bool) -> String {
    var lines = ["\(path.escapingControlCharacters()): \(format)"]
    if !metadata.isEmpty {
      let rows = metadata.map { [$0.key.escapingControlCharacters(limit: 120), $0.value.text] }
      lines += [""] + Self.table(header: ["metadata", ""], rows: rows, rightAligned: [])
    }
    if !adapters.isEmpty {
      let header = ["adapter"] + Array(repeating: "", count: adapters[0].cells.count - 1)
      lines += [""] + Self.table(header: header, rows: adapters.map(\.cells), rightAligned: [])
    }
    if showsTensors, !tensors.isEmpty {
      let rows = tensors.map { tensor in
        [
          tensor.name.escapingControlCharacters(limit: 200), tensor.type.name,
          tensor.shape.isEmpty ? "scalar" : tensor.shape.map(String.init).joined(separator: " × "),
          Self.size(tensor.byteCount ?? 0),
        ]
      }
      lines += [""] + Self.table(header: ["tensor", "type", "shape", "size"], rows: rows, rightAligned: [2, 3])
    }
    lines += ["", totals]
    return lines.joined(separator: "\n")
  }

  private var totals: String {
    var counts: [(name: String, count: Int)] = []
    for tensor in tensors {
      if let index = counts.firstIndex(where: { $0.name == tensor.type.name }) {
        counts[index].count += 1
      } else {
        counts.append((tensor.type.name, 1))
      }
    }
    guard !counts.isEmpty else { return "no tensors" }
    let types = counts.sorted { $0.count > $1.count }.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
    let tensorCount = tensors.count == 1 ? "1 tensor" : "\(tensors.count) tensors"
    return "\(tensorCount) (\(types)), \(Self.grouped(elements)) elements, \(Self.size(bytes))"
  }

  /// Columns as wide as their widest cell, two spaces apart.
  private static func table(header: [String], rows: [[String]], rightAligned: Set<Int>) -> [String] {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].unicodeScalars.count }.max() ?? 0 }
    return all.map { row in
      let cells = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.unicodeScalars.count)
        return rightAligned.contains(column) ? padding + cell : cell + padding
      }
      let line = "  " + cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }

  /// Bytes in the largest binary unit that leaves at least one.
  static func size(_ bytes: Int) -> String {
    var value = Double(bytes)
    for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
      if value < 1024 || unit == "TiB" {
        if unit == "B" { return "\(bytes) B" }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(unit)"
      }
      value /= 1024
    }
    return "\(bytes) B"
  }

  /// A number with its digits in groups of three.
  static func grouped(_ number: Int) -> String {
    var digits = Array(String(number))
    var position = digits.count - 3
    while position > 0, digits[position - 1] != "-" {
      digits.insert(",", at: position)
      position -= 3
    }
    return String(digits)
  }
}

/// A metadata value, cut down to what is worth showing.
private indirect enum SummaryValue {
  case plain(JSONValue)
  case string(String)
  /// The first elements and how many there are.
  case array(type: String, count: Int, first: [SummaryValue])
  case map(count: Int, first: [(key: String, value: SummaryValue)])
  /// Anything else, in words.
  case note(String)

  static let shownElements = 6
  static let shownEntries = 12
  static let shownDepth = 6
  /// How many values of a pickle are shown in all. It may refer to one value from any number of places.
  static let shownValues = 300

  init(_ value: GGUFValue) {
    switch value {
    case .string(let text): self = .string(text)
    case .bool(let value): self = .plain(.bool(value))
    case .float32(let value): self = .plain(Self.number(value))
    case .float64(let value): self = .plain(.number(value))
    case .array(let array):
      let first = (0..<min(array.count, Self.shownElements)).map { SummaryValue(array[$0]) }
      self = .array(type: array.elementTypeName, count: array.count, first: first)
    // JSON's readers take numbers for 64-bit floats; one beyond Int would lose digits.
    case .uint64(let value): self = .plain(Int(exactly: value).map { .integer($0) } ?? .string("\(value)"))
    default: self = .plain(.integer(value.integer ?? 0))
    }
  }

  /// A Float by its own shortest digits, not by those of the Double.
  private static func number(_ value: Float) -> JSONValue { .number(Double("\(value)") ?? Double(value)) }

  init(_ value: PickleValue, depth: Int = 0, budget: inout Int) {
    budget -= 1
    switch value.content {
    case .none: self = .plain(.null)
    case .bool(let value): self = .plain(.bool(value))
    case .integer(let value): self = .plain(.integer(value))
    case .float(let value): self = .plain(.number(value))
    case .string(let text): self = .string(text)
    case .bytes(let bytes): self = .note("\(bytes.count) bytes")
    case .largeInteger: self = .note("a number beyond 64 bits")
    case .tensor(let tensor): self = .note("tensor \(tensor.type.name) \(tensor.shape)")
    case .global(let name): self = .note(name)
    case .object(let name, _): self = .note("\(name)(…)")
    case .list(let values), .tuple(let values), .set(let values):
      var first: [SummaryValue] = []
      for value in values.prefix(depth < Self.shownDepth ? Self.shownElements : 0) where budget > 0 {
        first.append(SummaryValue(value, depth: depth + 1, budget: &budget))
      }
      self = .array(type: "list", count: values.count, first: first)
    case .dictionary(let entries):
      var first: [(key: String, value: SummaryValue)] = []
      for (key, value) in entries.prefix(depth < Self.shownDepth ? Self.shownEntries : 0) where budget > 0 {
        first.append((Self.key(key), SummaryValue(value, depth: depth + 1, budget: &budget)))
      }
      self = .map(count: entries.count, first: first)
    }
  }

  /// A value of a configuration, which its reader has kept from being deep.
  init(_ value: JSONValue) {
    switch value {
    case .string(let text): self = .string(text)
    case .array(let values):
      let first = values.prefix(Self.shownElements).map { SummaryValue($0) }
      self = .array(type: "list", count: values.count, first: first)
    case .object(let members):
      let first = members.prefix(Self.shownEntries).map { ($0.key, SummaryValue($0.value)) }
      self = .map(count: members.count, first: first)
    default: self = .plain(value)
    }
  }

  private static func key(_ value: PickleValue) -> String {
    value.string ?? value.integer.map(String.init) ?? value.double.map { "\($0)" } ?? "?"
  }

  var text: String {
    switch self {
    case .plain(let value): return value.text
    case .string(let text): return JSONValue.string(text).text.escapingControlCharacters(limit: 80)
    case .note(let text): return text.escapingControlCharacters(limit: 80)
    case .array(let type, let count, let first):
      let more = count > first.count ? first.isEmpty ? "…" : ", …" : ""
      let kind = type == "list" ? "" : "\(type)"
      let size = count > first.count || type != "list" ? "\(count)\(kind.isEmpty ? "" : " × \(kind)") " : ""
      return size + "[" + first.map(\.text).joined(separator: ", ") + more + "]"
    case .map(let count, let first):
      let more = count > first.count ? first.isEmpty ? "…" : ", …" : ""
      let entries = first.map { "\($0.key.escapingControlCharacters(limit: 40)): \($0.value.text)" }
      return "{" + entries.joined(separator: ", ") + more + "}"
    }
  }

  var json: JSONValue {
    switch self {
    case .plain(let value): return value
    case .string(let text):
      let scalars = text.unicodeScalars
      return .string(scalars.count > 2000 ? String(String.UnicodeScalarView(scalars.prefix(2000))) + "…" : text)
    case .note(let text): return .string(text)
    case .array(let type, let count, let first):
      if count == first.count { return .array(first.map(\.json)) }
      return .object(
        JSONObject([
          .init(key: "type", value: .string(type)), .init(key: "count", value: .integer(count)),
          .init(key: "first", value: .array(first.map(\.json))),
        ]))
    case .map(_, let first): return .object(JSONObject(first.map { .init(key: $0.key, value: $0.value.json) }))
    }
  }
}
