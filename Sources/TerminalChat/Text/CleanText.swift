/// Text from models, files and keyboards without what a terminal would obey.
public enum CleanText {
  /// The text with control characters made visible (`^[` for escape) and direction overrides replaced; newlines stay,
  /// tabs become spaces.
  public static func lines(_ text: String) -> String { clean(text, keepingNewlines: true) }

  /// The same on one line: newlines become spaces.
  public static func line(_ text: String) -> String { clean(text, keepingNewlines: false) }

  private static func clean(_ text: String, keepingNewlines: Bool) -> String {
    guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      guard isUnsafe(scalar) else {
        result.append(scalar)
        continue
      }
      switch scalar.value {
      case 0x0A: result.append(keepingNewlines ? "\n" : " ")
      case 0x09: result.append(contentsOf: "  ".unicodeScalars)
      case 0x0D: break
      case 0..<0x20, 0x7F:
        result.append("^")
        result.append(Unicode.Scalar(UInt8(scalar.value ^ 0x40)))
      default: result.append("\u{FFFD}")
      }
    }
    return String(result)
  }

  /// Controls, and the invisible signs that reorder what follows.
  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
