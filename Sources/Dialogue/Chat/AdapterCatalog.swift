import Diagnostics
import Foundation
import TinyGPTV

/// The adapters that a chat offers: those in the model file, those given by path, those in the adapters folder.
struct AdapterCatalog {
  /// Where an adapter is.
  enum Source: Equatable {
    case model
    case file(String)
  }

  /// An adapter that can be asked for.
  struct Entry {
    /// What requests call it: the model's or its file's name; a second one of that name has `-2` behind it.
    var name: String
    var source: Source
    /// Whether the model has it already. Those in the folder are read when they are first asked for.
    var isLoaded: Bool

    var summary: String {
      switch source {
      case .model: "in the model file"
      case .file(let path): path.escapingControlCharacters(limit: 300)
      }
    }
  }

  private(set) var entries: [Entry] = []

  /// More than this many in the folder are not listed.
  static let folderLimit = 200

  /// Adds an adapter and returns its name.
  @discardableResult
  mutating func add(_ name: String, _ source: Source, isLoaded: Bool) -> String {
    let taken = Set(entries.map(\.name) + ["none"])
    var unique = name
    var number = 2
    while taken.contains(unique) {
      unique = "\(name)-\(number)"
      number += 1
    }
    entries.append(Entry(name: unique, source: source, isLoaded: isLoaded))
    return unique
  }

  /// Adds the GGUF adapters and PEFT directories in a folder, which need not be there.
  mutating func addFolder(_ folder: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let adapters = names.filter { name in
      name.hasSuffix(".gguf") && !name.hasPrefix(".")
        || FileManager.default.fileExists(atPath: "\(folder)/\(name)/adapter_config.json")
    }
    for name in adapters.sorted().prefix(Self.folderLimit) {
      add(Self.name(of: name), .file("\(folder)/\(name)"), isLoaded: false)
    }
  }

  /// Notes that the model has an adapter now.
  mutating func setLoaded(_ name: String) {
    for index in entries.indices where entries[index].name == name { entries[index].isLoaded = true }
  }

  subscript(name: String) -> Entry? { entries.first { $0.name == name } }

  /// An adapter's name by its path: the last component without `.gguf`.
  static func name(of path: String) -> String {
    let last = path.split(separator: "/").last.map(String.init) ?? path
    return last.hasSuffix(".gguf") ? String(last.dropLast(5)) : last
  }
}
