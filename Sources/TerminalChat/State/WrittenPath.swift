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
