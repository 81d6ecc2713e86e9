extension JSONValue {
  /// The value as JSON text in one line.
  public var text: String {
    var result = ""
    write(to: &result, indent: nil, level: 0)
    return result
  }

  /// The value as indented JSON text, arrays of plain values in one line.
  public var indentedText: String {
    var result = ""
    write(to: &result, indent: "  ", level: 0)
    return result
  }

  private var isPlain: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }

  private func write(to result: inout String, indent: String?, level: Int) {
    switch self {
    case .null: result += "null"
    case .bool(let value): result += value ? "true" : "false"
    case .integer(let value): result += "\(value)"
    // JSON has no NaN and no infinity.
    case .number(let value): result += value.isFinite ? "\(value)" : "null"
    case .string(let value): Self.writeQuoted(value, to: &result)
    case .array(let elements):
      let inOneLine = indent == nil || elements.allSatisfy(\.isPlain)
      result += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { result += inOneLine && indent != nil ? ", " : "," }
        if !inOneLine { Self.newLine(&result, indent, level + 1) }
        element.write(to: &result, indent: indent, level: level + 1)
      }
      if !inOneLine { Self.newLine(&result, indent, level) }
      result += "]"
    case .object(let members):
      result += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { result += "," }
        Self.newLine(&result, indent, level + 1)
        Self.writeQuoted(member.key, to: &result)
        result += indent == nil ? ":" : ": "
        member.value.write(to: &result, indent: indent, level: level + 1)
      }
      if !members.isEmpty { Self.newLine(&result, indent, level) }
      result += "}"
    }
  }

  private static func newLine(_ result: inout String, _ indent: String?, _ level: Int) {
    guard let indent else { return }
    result += "\n" + String(repeating: indent, count: level)
  }

  private static func writeQuoted(_ text: String, to result: inout String) {
    result += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{0}"..<"\u{20}", "\u{7f}"..<"\u{a0}":
        let hex = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
      default: result.unicodeScalars.append(scalar)
      }
    }
    result += "\""
  }
}
