import Diagnostics
import Foundation

extension BytePairTokenizer {
  /// Far above any vocabulary; a file must not make us read without end.
  private static let largestFile = 64 << 20

  /// A tokenizer from the directory of a published model: vocab.json and merges.txt, and where present added_tokens.json,
  /// tokenizer_config.json (`added_tokens_decoder`, special tokens) and special_tokens_map.json.
  ///
  /// - Throws: ``InputError`` naming the file that is missing or malformed.
  public init(directory: String) throws(InputError) {
    let folder = URL(fileURLWithPath: directory)
    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
    let vocabulary = try Self.required(path("vocab.json"))
    var entries = try TokenIDs.parse(vocabulary, file: path("vocab.json")).map { Entry(text: $0.text, id: $0.id) }
    let merges = try Self.merges(try Self.required(path("merges.txt")), file: path("merges.txt"))
    if let bytes = try Self.contents(of: path("added_tokens.json")) {
      entries += try TokenIDs.parse(bytes, file: path("added_tokens.json")).map {
        Entry(text: $0.text, id: $0.id, type: .userDefined)
      }
    }
    var special: Set<[UInt8]> = []
    var endOfText = "<|endoftext|>"
    for name in ["tokenizer_config.json", "special_tokens_map.json"] {
      guard let settings = try Self.object(path(name)) else { continue }
      entries += try Self.addedTokens(settings["added_tokens_decoder"], file: path(name))
      endOfText = Self.text(settings["eos_token"]) ?? endOfText
      for (key, value) in settings where key.hasSuffix("_token") {
        if let text = Self.text(value) { special.insert(Array(text.utf8)) }
      }
      for value in settings["additional_special_tokens"] as? [Any] ?? [] {
        if let text = Self.text(value) { special.insert(Array(text.utf8)) }
      }
    }
    special.insert(Array(endOfText.utf8))
    let (tokens, types) = try Self.table(entries, special: special, file: path("vocab.json"))
    let endOfTextBytes = Array(endOfText.utf8)
    try self.init(
      tokens: tokens, merges: merges, tokenTypes: types.map(\.rawValue),
      endOfText: tokens.indices.first { types[$0] == .control && Array(tokens[$0].utf8) == endOfTextBytes },
      file: directory)
  }

  private struct Entry {
    var text: String
    var id: Int
    var type = TokenType.normal
  }

  /// Puts the entries of all files in the order of their ids. An id may be named twice if it is the same text.
  private static func table(
    _ entries: [Entry], special: Set<[UInt8]>, file: String
  ) throws(InputError) -> ([String], [TokenType]) {
    let report = FaultReport(file: file)
    var table: [Entry?] = []
    table.reserveCapacity(entries.count)
    for entry in entries {
      // Ids have no gaps, so no id can reach the number of entries; this also bounds what is allocated.
      guard entry.id < entries.count else {
        throw report.fault(
          "\"\(entry.text)\"", expected: "ids 0..<n without gaps, n at most \(entries.count)", found: "id \(entry.id)")
      }
      while table.count <= entry.id { table.append(nil) }
      if let other = table[entry.id] {
        guard Array(other.text.utf8) == Array(entry.text.utf8) else {
          throw report.fault(
            "id \(entry.id)", expected: "one token for each id", found: "\"\(other.text)\" and \"\(entry.text)\"")
        }
        if other.type == .control { continue }
      }
      table[entry.id] = entry
    }
    var tokens: [String] = []
    var types: [TokenType] = []
    for (id, entry) in table.enumerated() {
      guard let entry else {
        throw report.fault("id \(id)", expected: "ids 0..<\(table.count) without gaps", found: "no token of this id")
      }
      tokens.append(entry.text)
      types.append(special.contains(Array(entry.text.utf8)) ? .control : entry.type)
    }
    return (tokens, types)
  }

  private static func merges(_ bytes: [UInt8], file: String) throws(InputError) -> [String] {
    var merges: [String] = []
    for (index, line) in bytes.split(separator: 0x0a, omittingEmptySubsequences: false).enumerated() {
      let line = line.last == 0x0d ? line.dropLast() : line
      if line.isEmpty || index == 0 && line.starts(with: "#version".utf8) { continue }
      guard let text = String(validating: line, as: UTF8.self) else {
        throw InputError(file: file, field: "line \(index + 1)", expected: "UTF-8", found: "other bytes")
      }
      guard line.split(separator: 0x20, omittingEmptySubsequences: false).count == 2 else {
        throw InputError(
          file: file, field: "line \(index + 1)", expected: "two tokens with a space between",
          found: "\"\(text.escapingControlCharacters(limit: 80))\"")
      }
      merges.append(text)
    }
    return merges
  }

  /// `{"50257": {"content": "  ", "special": false}}`, as newer exports of a tokenizer have it.
  private static func addedTokens(_ value: Any?, file: String) throws(InputError) -> [Entry] {
    guard let value else { return [] }
    let fault = InputError(
      file: file, field: "added_tokens_decoder", expected: "objects with \"content\" under their ids",
      found: "something else")
    guard let decoder = value as? [String: Any] else { throw fault }
    var entries: [Entry] = []
    for (key, value) in decoder {
      guard let id = Int(key), id >= 0, let settings = value as? [String: Any], let text = text(settings) else {
        throw fault
      }
      entries.append(Entry(text: text, id: id, type: settings["special"] as? Bool == true ? .control : .userDefined))
    }
    return entries
  }

  /// A token in a settings file: a string, or an object whose `content` is one.
  private static func text(_ value: Any?) -> String? {
    value as? String ?? (value as? [String: Any])?["content"] as? String
  }

  private static func object(_ path: String) throws(InputError) -> [String: Any]? {
    guard let bytes = try contents(of: path) else { return nil }
    guard let object = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] else {
      throw InputError(file: path, expected: "a JSON object", found: "something else")
    }
    return object
  }

  private static func required(_ path: String) throws(InputError) -> [UInt8] {
    if let bytes = try contents(of: path) { return bytes }
    throw InputError(
      file: path, expected: "a file of the tokenizer", found: "no such file",
      remedy: "Name the directory of phi-2 that holds vocab.json and merges.txt")
  }

  /// The bytes of a regular file of bounded size; nil where nothing has this name.
  private static func contents(of path: String) throws(InputError) -> [UInt8]? {
    var information = stat()
    guard stat(path, &information) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw InputError(file: path, expected: "a readable file", found: String(cString: strerror(errno)))
    }
    guard information.st_mode & S_IFMT == S_IFREG else {
      throw InputError(file: path, expected: "a regular file", found: "a directory or device")
    }
    guard information.st_size <= largestFile else {
      throw InputError(file: path, expected: "at most \(largestFile) bytes", found: "\(information.st_size)")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw InputError(file: path, expected: "a readable file", found: "one that cannot be read")
    }
    return Array(data)
  }
}
