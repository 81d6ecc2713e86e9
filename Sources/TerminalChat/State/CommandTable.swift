/// The commands that begin with a slash.
enum CommandTable {
  struct Command {
    let name: String
    /// What may follow; empty for nothing.
    let argument: String
    let help: String
    /// Whether a chat of lines has nothing like it.
    var isForScreens = false
  }

  static let all: [Command] = [
    Command(name: "image", argument: "PATH", help: "attach a picture; its path alone does too"),
    Command(name: "tasks", argument: "[NAME]", help: "choose the task: none, vqa, caption, grounding, refer ..."),
    Command(name: "adapter", argument: "[NAME]", help: "choose the adapter; none is the bare model"),
    Command(name: "compare", argument: "QUESTION", help: "ask every adapter the same, outside the conversation"),
    Command(name: "regen", argument: "", help: "answer the last question anew"),
    Command(name: "undo", argument: "", help: "take the last question and its answer back"),
    Command(name: "clear", argument: "", help: "begin anew with this picture and these settings"),
    Command(name: "new", argument: "", help: "begin a new conversation without a picture"),
    Command(name: "temp", argument: "[0 or 0.1-1.5]", help: "how freely words are chosen; 0 is not at all"),
    Command(name: "top-p", argument: "[0.05-1]", help: "from which part of the likely words"),
    Command(name: "seed", argument: "[NUMBER]", help: "the same seed repeats an answer"),
    Command(name: "template", argument: "[NAME]", help: "what stands around a question in the prompt"),
    Command(name: "stats", argument: "", help: "what the last answer took"),
    Command(name: "save-picture", argument: "[PATH]", help: "write the picture with its boxes, as PNG"),
    Command(name: "export", argument: "[PATH]", help: "write the conversation, as Markdown or .json"),
    Command(name: "sessions", argument: "[NUMBER]", help: "go on with an earlier conversation"),
    Command(name: "region", argument: "", help: "choose a region of the picture"),
    Command(name: "boxes", argument: "", help: "show the boxes of the answer above", isForScreens: true),
    Command(name: "markup", argument: "", help: "show answers with their raw markup, and back"),
    Command(name: "hide", argument: "", help: "hide the picture, and show it", isForScreens: true),
    Command(name: "zoom", argument: "", help: "picture over the whole screen, and back", isForScreens: true),
    Command(name: "edit", argument: "", help: "write in $VISUAL or $EDITOR"),
    Command(name: "help", argument: "", help: "keys and commands"),
    Command(name: "quit", argument: "", help: "leave"),
  ]

  /// Other names for commands.
  private static let aliases = [
    "task": "tasks", "adapters": "adapter", "exit": "quit", "regenerate": "regen", "open": "image",
  ]

  /// A command by its name, or by its beginning if no other begins so.
  static func find(_ word: String) -> Command? {
    let word = aliases[word] ?? word
    if let exact = all.first(where: { $0.name == word }) { return exact }
    return nil
  }

  /// The command that looks most like a word; nil if none does.
  static func nearest(to word: String) -> Command? {
    let beginnings = all.filter { $0.name.hasPrefix(word) }
    if !word.isEmpty, beginnings.count == 1 { return beginnings[0] }
    let distances = all.map { (distance(Array(word.unicodeScalars), Array($0.name.unicodeScalars)), $0) }
    guard let best = distances.min(by: { $0.0 < $1.0 }), best.0 <= max(2, word.count / 2) else { return nil }
    return best.1
  }

  /// How many insertions, deletions, exchanges and swaps of neighbours part two words (optimal string alignment).
  private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var rows = [Array(0...b.count)]
    for i in 0..<min(a.count, 64) {
      var row = [i + 1]
      for j in 0..<b.count {
        var best = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[rows.count - 1][b.count]
  }
}

/// A path as people write it on a line.
enum WrittenPath {
  /// The first path of a text and what follows it. Quotes hold spaces together, a backslash the character behind it;
  /// `file://` is left out.
  static func split(_ text: String) -> (path: String, rest: String) {
    var path = String.UnicodeScalarView()
    var scalars = Substring(text).unicodeScalars.drop { $0 == " " }
    var quote: Unicode.Scalar?
    while let scalar = scalars.first {
      if quote == nil, scalar == " " || scalar == "\n" { break }
      scalars.removeFirst()
      if let open = quote {
        if scalar == open { quote = nil } else { path.append(scalar) }
      } else if scalar == "\"" || scalar == "'" {
        quote = scalar
      } else if scalar == "\\", let next = scalars.first {
        path.append(next)
        scalars.removeFirst()
      } else {
        path.append(scalar)
      }
    }
    var result = String(path)
    if result.hasPrefix("file://") { result = decodingPercents(String(result.dropFirst("file://".count))) }
    return (result, String(Substring(scalars.drop { $0 == " " || $0 == "\n" })))
  }

  /// All of a text as one path, where it has no quotes; `split` where it has.
  static func whole(_ text: String) -> String {
    let (path, rest) = split(text)
    guard !rest.isEmpty, !text.contains("\""), !text.contains("'"), !text.contains("\\") else { return path }
    return text.trimmingSpaces
  }

  /// The line with its path escaped, where a file lies under the path as it was written: spaces and quotes need no
  /// care then. After `/image` all of the rest is the path; alone, a path is the longest beginning that is a file.
  ///
  /// - Parameter exists: whether a file is there, `~` allowed.
  static func literal(_ line: String, exists: (String) -> Bool) -> String {
    for command in ["/image ", "/open "] where line.hasPrefix(command) {
      let path = String(line.dropFirst(command.count)).trimmingSpaces
      return exists(path) ? command + escaped(path) : line
    }
    guard begins(line), !exists(split(line).path) else { return line }
    var end = line.endIndex
    while true {
      let path = String(line[..<end])
      if path.contains(" "), exists(path) { return escaped(path) + line[end...] }
      guard let space = line[..<end].lastIndex(of: " ") else { return line }
      end = space
    }
  }

  private static func decodingPercents(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest.removeFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Whether a line begins with a picture's path: it is absolute, in the home folder or in this one, and has another
  /// slash or a picture's ending.
  static func begins(_ line: String) -> Bool {
    let start = line.drop { $0 == "\"" || $0 == "'" }
    guard
      start.hasPrefix("/") || start.hasPrefix("~/") || start.hasPrefix("./") || start.hasPrefix("../")
        || start.hasPrefix("file://")
    else { return false }
    let path = split(line).path
    if hasPictureEnding(path) { return true }
    // "/home/me" is no command, and "~/what" no question.
    return path.hasPrefix("/") && path.dropFirst().contains("/")
  }

  static func hasPictureEnding(_ path: String) -> Bool {
    let lower = path.lowercased()
    return ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff"].contains { lower.hasSuffix("." + $0) }
  }

  /// A path as it has to be written so that ``split(_:)`` reads it.
  static func escaped(_ path: String) -> String {
    var result = ""
    for character in path {
      if " \"'\\".contains(character) { result.append("\\") }
      result.append(character)
    }
    return result
  }
}

extension String {
  /// Without spaces and newlines at both ends.
  var trimmingSpaces: String {
    let isSpace: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
    var scalars = unicodeScalars.drop(while: isSpace)
    while let last = scalars.last, isSpace(last) { scalars.removeLast() }
    return String(scalars)
  }
}
