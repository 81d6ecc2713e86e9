import Dialogue

/// The names of keys as people write them in settings.
enum KeyName {
  private enum Modifier { case control, alt, shift }

  private static let modifiers: [(name: String, modifier: Modifier)] = [
    ("ctrl", .control), ("control", .control), ("c", .control), ("alt", .alt), ("meta", .alt), ("m", .alt),
    ("shift", .shift), ("s", .shift),
  ]

  /// Keys that have a name and may have any modifier, as ``KeyDecoder`` calls them.
  private static let named =
    (1...12).map { "F\($0)" }
    + ["Up", "Down", "Left", "Right", "Home", "End", "PageUp", "PageDown", "Insert", "Delete"]

  /// Other names.
  private static let others = [
    "esc": "escape", "pgup": "pageup", "pgdn": "pagedown", "pgdown": "pagedown", "ins": "insert",
    "del": "delete", "return": "enter",
  ]

  /// The name that ``KeyDecoder`` has for a key that was written as `Esc`, `Ctrl-T`, `alt+x`, `PgUp` or `C-Home`; nil for
  /// what is no key, for what terminals do not tell (Ctrl-1), and for keys that write (letters, Enter, Backspace).
  static func reading(_ text: String) -> String? {
    let (held, base) = parts(text)
    let word = base.lowercased().filter { $0 != "-" && $0 != "_" && $0 != " " }
    let name = others[word] ?? word
    if let key = named.first(where: { $0.lowercased() == name }) {
      return (held.contains(.control) ? "C-" : "") + (held.contains(.alt) ? "M-" : "")
        + (held.contains(.shift) ? "S-" : "") + key
    }
    switch (name, held) {
    case ("escape", []), ("[", [.control]): return "Escape"
    case ("tab", []), ("i", [.control]): return "Tab"
    case ("tab", [.shift]), ("backtab", []): return "S-Tab"
    case ("tab", [.alt]): return "M-Tab"
    case ("enter", [.alt]): return "M-Enter"
    case ("backspace", [.alt]): return "M-Backspace"
    case ("space", [.control]): return "C-Space"
    default: return character(base, held)
    }
  }

  /// A letter or sign with Ctrl or Alt.
  private static func character(_ base: Substring, _ held: Set<Modifier>) -> String? {
    guard base.unicodeScalars.count == 1, let scalar = base.lowercased().unicodeScalars.first,
      scalar.value > 0x20, scalar.value != 0x7f
    else { return nil }
    switch held {
    // Ctrl-H is Backspace, Ctrl-M Enter.
    case [.control] where "abcdefgjklnopqrstuvwxyz\\]^_".unicodeScalars.contains(scalar): return "C-\(scalar)"
    // Escape and a bracket begin the sequences of other keys; so does a capital O.
    case [.alt] where scalar != "[": return "M-\(scalar)"
    case [.alt, .shift] where ("a"..."z").contains(scalar) && scalar != "o": return "M-\(base.uppercased())"
    default: return nil
    }
  }

  /// The name that comes nearest to one that is none, spelled as people do; nil if none is near.
  static func nearest(to text: String) -> String? {
    let (_, base) = parts(text)
    guard base.count > 1,
      let name = Spelling.nearest(to: String(base), in: named + ["Escape", "Tab", "Space"], changes: 2),
      let key = reading(String(text.dropLast(base.count)) + name)
    else { return nil }
    return HelpText.spelled(key)
  }

  /// What is held down, and the key.
  private static func parts(_ text: String) -> (held: Set<Modifier>, base: Substring) {
    var held: Set<Modifier> = []
    var rest = Substring(text)
    while let end = rest.dropFirst().firstIndex(where: { $0 == "-" || $0 == "+" }),
      rest.index(after: end) < rest.endIndex,
      let found = modifiers.first(where: { $0.name == rest[..<end].lowercased() })
    {
      held.insert(found.modifier)
      rest = rest[rest.index(after: end)...]
    }
    return (held, rest)
  }
}
