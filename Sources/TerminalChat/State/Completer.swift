import Dialogue

/// Completes what stands before the cursor: commands, paths, a question's task, the names of tasks, adapters and
/// templates.
struct Completer {
  /// The names of adapters and of stored conversations.
  var adapters: [String] = []
  var sessions: [String] = []
  /// What a folder holds; folders end in a slash. The folder is written as the user wrote it.
  var list: (String) -> [String]

  /// Whole lines that could stand in place of `line`, each with what a list of choices shows of it; in order.
  func completions(of line: String) -> [(line: String, shown: String)] {
    if WrittenPath.begins(line) || line.hasPrefix("~/") || line.hasPrefix("./") {
      return paths(line, before: "")
    }
    if line.hasPrefix("[") { return names(VisionTask.allCases.map(\.tag), beginningWith: line, before: "", after: " ") }
    guard line.hasPrefix("/") else { return [] }
    guard let space = line.firstIndex(of: " ") else {
      let commands = names(CommandTable.all.map { "/" + $0.name }, beginningWith: line, before: "", after: " ")
      // "/ho" may become "/home/".
      return commands.isEmpty ? paths(line, before: "") : commands
    }
    let before = String(line[...space])
    let argument = String(line[line.index(after: space)...])
    switch CommandTable.find(String(line[..<space].dropFirst()))?.name {
    case "image", "save-picture", "export": return paths(argument, before: before)
    case "tasks": return names(["none"] + VisionTask.allCases.map(\.rawValue), beginningWith: argument, before: before)
    case "adapter": return names(adapters, beginningWith: argument, before: before)
    case "template": return names(PromptTemplate.named.map(\.name), beginningWith: argument, before: before)
    case "sessions": return names(sessions, beginningWith: argument, before: before)
    default: return []
    }
  }

  /// Choices on one line: as many as fit, and how many more there are.
  static func listed(_ choices: [String], width: Int) -> String {
    let all = choices.joined(separator: "  ")
    guard DisplayWidth.of(all) > width else { return all }
    func line(_ count: Int) -> String {
      (choices.prefix(count) + ["… \(choices.count - count) more"]).joined(separator: "  ")
    }
    let fitting = (1..<max(choices.count, 1)).last { DisplayWidth.of(line($0)) <= width }
    return line(fitting ?? min(choices.count, 1))
  }

  private func names(
    _ all: [String], beginningWith start: String, before: String, after: String = ""
  ) -> [(line: String, shown: String)] {
    all.filter { $0.hasPrefix(start) }.map { (before + $0 + after, $0) }
  }

  private func paths(_ written: String, before: String) -> [(line: String, shown: String)] {
    // An open quote stays open; without one, special characters are escaped.
    let quote = written.first.flatMap { $0 == "\"" || $0 == "'" ? String($0) : nil } ?? ""
    let path =
      quote.isEmpty ? WrittenPath.split(written + "x").path.dropLast().description : String(written.dropFirst())
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    let start = String(path.dropFirst(folder.count))
    return list(folder).filter { name in
      name.lowercased().hasPrefix(start.lowercased()) && (start.hasPrefix(".") || !name.hasPrefix("."))
    }.sorted().map { name in
      let whole = folder + name
      return (before + quote + (quote.isEmpty ? WrittenPath.escaped(whole) : whole), name)
    }
  }
}
