/// What is wrong with something that a user gave us: a file, a field in it, an option.
///
/// One error type for every loader, so that a program can print, count and test them alike. The error carries data;
/// ``description`` is the only place where it becomes a sentence.
public struct InputError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file or option that is at fault, as the user named it.
  public var file: String
  /// The field in it: a metadata key, a tensor's name, a pickle opcode, a JSON path.
  public var field: String?
  /// Where the field starts, in bytes from the start of the file.
  public var offset: UInt64?
  /// What would have been right.
  public var expected: String
  /// What is there instead.
  public var found: String
  /// What the user can do about it.
  public var remedy: String?

  /// Describes a fault.
  public init(
    file: String, field: String? = nil, offset: UInt64? = nil, expected: String, found: String, remedy: String? = nil
  ) {
    self.file = file
    self.field = field
    self.offset = offset
    self.expected = expected
    self.found = found
    self.remedy = remedy
  }

  /// `FILE: FIELD (at byte N): expected X, found Y. Remedy.`, with control characters made visible, since names in a
  /// hostile file must not reach the terminal raw.
  public var description: String {
    var text = file
    if let field { text += ": \(field)" }
    if let offset { text += " (at byte \(offset))" }
    text += ": expected \(expected), found \(found)"
    if let remedy { text += ". \(remedy)" }
    return text.escapingControlCharacters()
  }
}

extension String {
  /// The text with every control character written as `\u{…}` and anything beyond `limit` scalars cut off.
  public func escapingControlCharacters(limit: Int = 2000) -> String {
    var result = ""
    for (index, scalar) in unicodeScalars.enumerated() {
      if index == limit { return result + "…" }
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
