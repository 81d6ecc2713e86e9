import Diagnostics
import Foundation
import Tensors
import Yams

extension TrainingConfiguration {
  /// Reads a configuration file.
  ///
  /// - Parameters:
  ///   - path: a YAML file of at most 1 MiB. Relative paths in it are relative to its folder.
  ///   - options: values that replace the file's, `run.max_epoch=2`, with lists and mappings as YAML has them on one line.
  ///     Paths among them are relative to the working directory.
  /// - Throws: ``InputError`` with line and column for what is no YAML, an unknown key (naming the nearest known one), a
  ///   missing one, a value of a wrong type or out of range.
  public init(path: String, options: [String] = []) throws(InputError) {
    let file = try MappedFile(path: path)
    guard file.bytes.count <= 1 << 20 else {
      throw InputError(file: path, expected: "a configuration of at most 1 MiB", found: "\(file.bytes.count) bytes")
    }
    guard let text = String(validating: file.bytes.bindMemory(to: UInt8.self), as: UTF8.self) else {
      throw InputError(file: path, expected: "text in UTF-8", found: "bytes that are none")
    }
    try file.checkNotCut()
    let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ""
    try self.init(yaml: text, file: path, directory: directory, options: options)
  }

  /// Reads a configuration from a text.
  ///
  /// - Parameters:
  ///   - file: the name for errors.
  ///   - directory: what relative paths are relative to; empty for the working directory.
  public init(yaml: String, file: String, directory: String = "", options: [String] = []) throws(InputError) {
    // The parser takes a byte order mark for text.
    let text = yaml.unicodeScalars.first == "\u{feff}" ? String(yaml.unicodeScalars.dropFirst()) : yaml
    guard var root = try Self.compose(text, file: file) else {
      throw InputError(file: file, expected: "a mapping with model, datasets, run", found: "an empty file")
    }
    for option in options { try Self.apply(option, to: &root) }
    try self.init(ConfigurationValue(node: root, path: "", file: file, directory: directory))
  }

  /// The configuration as YAML with every key and absolute paths, from which ``init(yaml:file:directory:options:)`` makes
  /// one that means the same in any folder.
  public var yaml: String {
    // The emitter fails on what it cannot write to memory and on malformed trees; this is neither.
    (try? Yams.serialize(node: node, width: -1, allowUnicode: true)) ?? ""
  }

  private static func compose(_ text: String, file: String) throws(InputError) -> Node? {
    do {
      return try Parser(yaml: text).singleRoot()
    } catch {
      var place = file
      var found = "\(error)"
      switch error as? YamlError {
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        place += ":\(mark.line):\(mark.column)"
        found = "an error (\(problem))"
      case .duplicatedKeysInMapping(let duplicates, let context):
        place += ":\(context.mark.line):\(context.mark.column)"
        found = "a key twice: \(duplicates.joined(separator: ", "))"
      case .reader(let problem, _, _, _): found = "an error (\(problem))"
      default: break
      }
      throw InputError(file: place, expected: "YAML", found: found)
    }
  }
}

// MARK: - Options of the command line

extension TrainingConfiguration {
  private static func apply(_ option: String, to root: inout Node) throws(InputError) {
    let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let keys = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, keys.allSatisfy({ !$0.isEmpty }) else {
      throw InputError(file: "--options", expected: "section.key=value, such as run.max_epoch=2", found: "'\(option)'")
    }
    var value = Node(parts[1], .implicit, .plain)
    // Only brackets and quotes are read as YAML: elsewhere a '#' or ': ' belongs to the text.
    if let first = parts[1].first, "[{\"'".contains(first) {
      value = try compose(parts[1], file: "--options \(parts[0])")?.withoutMarks ?? value
    }
    try set(value, at: keys[...], of: option, in: &root)
  }

  private static func set(
    _ value: Node, at keys: ArraySlice<String>, of option: String, in node: inout Node
  ) throws(InputError) {
    guard let key = keys.first else {
      node = value
      return
    }
    var mapping = Node.Mapping([])
    if case .mapping(let given) = node {
      mapping = given
    } else if case .scalar(let scalar) = node, scalar.string.isEmpty {
      mapping.mark = scalar.mark
    } else {
      throw InputError(
        file: "--options", field: option, expected: "keys of mappings", found: "a key behind what is none",
        remedy: "A list is replaced as a whole")
    }
    var pairs = mapping.map { ($0.key, $0.value) }
    let index = pairs.firstIndex { $0.0.scalar?.string == key } ?? pairs.count
    if index == pairs.count { pairs.append((Node(key), Node(""))) }
    try set(value, at: keys.dropFirst(), of: option, in: &pairs[index].1)
    node = .mapping(Node.Mapping(pairs, mapping.tag, mapping.style, mapping.mark))
  }
}

extension Node {
  /// The node as if it stood in no file.
  fileprivate var withoutMarks: Node {
    switch self {
    case .scalar(var scalar):
      scalar.mark = nil
      return .scalar(scalar)
    case .sequence(let sequence): return Node(sequence.map(\.withoutMarks), .implicit, .flow)
    case .mapping(let mapping):
      return Node(mapping.map { ($0.key.withoutMarks, $0.value.withoutMarks) }, .implicit, .flow)
    case .alias: return self
    }
  }
}

extension String {
  /// The path from the root, so that it means the same in another folder.
  var absolutePath: String {
    if hasPrefix("/") { return self }
    let current = FileManager.default.currentDirectoryPath
    let rest = hasPrefix("./") ? String(dropFirst(2)) : self
    return current.hasSuffix("/") ? current + rest : current + "/" + rest
  }
}
