/// A key press, or what a terminal sends in its place.
public struct Key: Sendable, Equatable {
  /// As bindings name it: `F5`, `PageUp`, `C-Home`, `M-e` (with Alt), `C-x`, `S-Tab`, `Escape`, `Enter`; a character that
  /// is typed is named by itself, an unknown sequence by nothing.
  public var name: String
  /// What the terminal sent, for the line editor.
  public var bytes: [UInt8]

  /// A key.
  public init(_ name: String, bytes: [UInt8] = []) {
    self.name = name
    self.bytes = bytes
  }
}

/// What the mouse does, in cells from the upper left.
public struct MouseEvent: Sendable, Equatable {
  /// What happened.
  public enum Kind: Sendable { case press, drag, release, wheelUp, wheelDown }
  /// What happened.
  public var kind: Kind
  /// Where, both from 0.
  public var column, row: Int

  /// A movement, press or turn.
  public init(_ kind: Kind, column: Int, row: Int) {
    self.kind = kind
    self.column = column
    self.row = row
  }
}

/// What the bytes of a terminal mean.
public enum TerminalInput: Sendable, Equatable {
  /// A key.
  case key(Key)
  /// Text that was pasted as one, whatever is in it.
  case paste(String)
  /// The mouse.
  case mouse(MouseEvent)
}

/// Divides the bytes of a terminal into keys, pastes and mouse events.
///
/// An escape byte may be a key or the beginning of a sequence; ``isWaiting`` tells that only time can show which, and
/// ``flush()`` decides for the key.
public struct KeyDecoder: Sendable {
  private var pending: [UInt8] = []
  private var pasted: [UInt8]?

  private static let pasteStart = Array("\u{1b}[200~".utf8)
  private static let pasteEnd = Array("\u{1b}[201~".utf8)
  /// More than this in one paste is cut: it is no question any more.
  static let pasteLimit = 1 << 20
  /// A sequence that is longer is none.
  private static let sequenceLimit = 65

  /// A decoder that has seen nothing.
  public init() {}

  /// Whether bytes are held back that may be the beginning of something.
  public var isWaiting: Bool { !pending.isEmpty && pasted == nil }

  /// Takes bytes in and tells what is complete.
  public mutating func take(_ bytes: some Sequence<UInt8>) -> [TerminalInput] {
    pending += bytes
    var inputs: [TerminalInput] = []
    while !pending.isEmpty {
      if pasted != nil {
        guard takePaste(&inputs) else { break }
        continue
      }
      guard let (input, count) = next(isFinal: false) else { break }
      pending.removeFirst(count)
      if let input { inputs.append(input) }
    }
    return inputs
  }

  /// Takes what is held back for keys: no more bytes came in time.
  public mutating func flush() -> [TerminalInput] {
    var inputs: [TerminalInput] = []
    while isWaiting, let (input, count) = next(isFinal: true) {
      pending.removeFirst(count)
      if let input { inputs.append(input) }
    }
    return inputs
  }

  /// Moves pasted bytes out of `pending`; false if more are needed.
  private mutating func takePaste(_ inputs: inout [TerminalInput]) -> Bool {
    guard var paste = pasted else { return false }
    // The end's own beginning stays until it is known to be none.
    var position = 0
    while position < pending.count {
      if pending[position] == 0x1b {
        let rest = pending[position...]
        if rest.starts(with: Self.pasteEnd) {
          pending.removeFirst(position + Self.pasteEnd.count)
          pasted = nil
          inputs.append(.paste(Self.text(of: paste)))
          return true
        }
        if Self.pasteEnd.starts(with: rest) { break }
      }
      if paste.count < Self.pasteLimit { paste.append(pending[position]) }
      position += 1
    }
    pending.removeFirst(position)
    pasted = paste
    return false
  }

  /// Pasted bytes as text: lines end as terminals or files end them, controls are left out.
  private static func text(of bytes: [UInt8]) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    var result = String.UnicodeScalarView()
    var last: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      defer { last = scalar }
      switch scalar.value {
      case 0x0d: result.append("\n")
      case 0x0a: if last != "\r" { result.append("\n") }
      case 0x09: result.append(contentsOf: "  ".unicodeScalars)
      case 0..<0x20, 0x7f..<0xa0: continue
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  /// What the pending bytes begin with, and how many bytes that is; nil if more are needed. No input: nothing to tell.
  private mutating func next(isFinal: Bool) -> (TerminalInput?, Int)? {
    let first = pending[0]
    if first == 0x1b { return escape(isFinal: isFinal) }
    if first >= 0x80 {
      let length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1
      guard pending.count >= length || isFinal else { return nil }
      let bytes = Array(pending.prefix(length))
      return (.key(Key(String(decoding: bytes, as: UTF8.self), bytes: bytes)), bytes.count)
    }
    return (.key(Key(Self.name(of: first), bytes: [first])), 1)
  }

  private static func name(of byte: UInt8) -> String {
    switch byte {
    case 0x0d: "Enter"
    case 0x0a: "C-j"
    case 0x09: "Tab"
    case 0x7f, 0x08: "Backspace"
    case 0x00: "C-Space"
    case 0x01...0x1a: "C-" + String(Unicode.Scalar(byte + 0x60))
    case 0x1b: "Escape"
    case 0x1c...0x1f: "C-" + String(Unicode.Scalar(byte + 0x40))
    default: String(Unicode.Scalar(byte))
    }
  }

  private mutating func escape(isFinal: Bool) -> (TerminalInput?, Int)? {
    guard pending.count > 1 else { return isFinal ? (.key(Key("Escape", bytes: [0x1b])), 1) : nil }
    switch pending[1] {
    case UInt8(ascii: "["): return controlSequence(isFinal: isFinal)
    case UInt8(ascii: "O"):
      guard pending.count > 2 else { return isFinal ? (.key(Key("M-O", bytes: [0x1b, 0x4f])), 2) : nil }
      let name = Self.finals[pending[2]] ?? ""
      return (.key(Key(name, bytes: Array(pending.prefix(3)))), 3)
    case 0x1b, 0x03, 0x04:
      // Two presses of Escape, or Alt with a key that is a sequence; the second tells by itself. Nor does anybody mean
      // Alt with Ctrl-C or Ctrl-D.
      return (.key(Key("Escape", bytes: [0x1b])), 1)
    case let byte where byte >= 0x80:
      let length = byte >= 0xf0 ? 5 : byte >= 0xe0 ? 4 : byte >= 0xc0 ? 3 : 2
      guard pending.count >= length || isFinal else { return nil }
      let bytes = Array(pending.prefix(length))
      return (.key(Key("M-" + String(decoding: bytes.dropFirst(), as: UTF8.self), bytes: bytes)), bytes.count)
    case let byte: return (.key(Key("M-" + Self.name(of: byte), bytes: [0x1b, byte])), 2)
    }
  }

  private mutating func controlSequence(isFinal: Bool) -> (TerminalInput?, Int)? {
    // The Linux console's F1 to F5.
    if pending.count > 2, pending[2] == UInt8(ascii: "[") {
      guard pending.count > 3 else { return isFinal ? (nil, pending.count) : nil }
      let number = Int(pending[3]) - 0x40
      return (.key(Key((1...5).contains(number) ? "F\(number)" : "", bytes: Array(pending.prefix(4)))), 4)
    }
    let start = pending.prefix(Self.sequenceLimit)
    guard let end = start.dropFirst(2).firstIndex(where: { (0x40...0x7e).contains($0) }) else {
      return isFinal || start.count == Self.sequenceLimit ? (nil, start.count) : nil
    }
    let bytes = Array(pending[...end])
    let parameters = String(decoding: bytes[2..<end], as: UTF8.self)
    if bytes == Self.pasteStart {
      pasted = []
      return (nil, bytes.count)
    }
    if parameters.hasPrefix("<") {
      return (
        Self.mouse(parameters.dropFirst(), isRelease: bytes[end] == UInt8(ascii: "m")).map { .mouse($0) }, bytes.count
      )
    }
    return (.key(Key(Self.name(parameters: parameters, final: bytes[end]), bytes: bytes)), bytes.count)
  }

  private static let finals: [UInt8: String] = Dictionary(
    uniqueKeysWithValues: zip(
      "ABCDHFPQRSZ".utf8, ["Up", "Down", "Right", "Left", "Home", "End", "F1", "F2", "F3", "F4", "S-Tab"]))
  private static let numbers: [Int: String] = [
    1: "Home", 2: "Insert", 3: "Delete", 4: "End", 5: "PageUp", 6: "PageDown", 7: "Home", 8: "End", 11: "F1", 12: "F2",
    13: "F3", 14: "F4", 15: "F5", 17: "F6", 18: "F7", 19: "F8", 20: "F9", 21: "F10", 23: "F11", 24: "F12",
  ]

  private static func name(parameters: String, final: UInt8) -> String {
    let values = parameters.split(separator: ";", omittingEmptySubsequences: false).map { number($0) }
    let base = final == UInt8(ascii: "~") ? values[0].flatMap { numbers[$0] } : finals[final]
    guard let base else { return "" }
    let modifiers = values.count > 1 ? (values[1] ?? 1) - 1 : 0
    guard (0..<16).contains(modifiers) else { return base }
    return (modifiers & 4 != 0 ? "C-" : "") + (modifiers & 2 != 0 ? "M-" : "") + (modifiers & 1 != 0 ? "S-" : "") + base
  }

  /// A parameter of a sequence: digits alone, below a million; nil for all else.
  private static func number(_ digits: Substring) -> Int? {
    guard digits.utf8.count <= 6, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(digits)
  }

  private static func mouse(_ parameters: Substring, isRelease: Bool) -> MouseEvent? {
    let values = parameters.split(separator: ";").compactMap { number($0) }
    guard values.count == 3, (1...100_000).contains(values[1]), (1...100_000).contains(values[2]) else { return nil }
    let (column, row) = (values[1] - 1, values[2] - 1)
    switch values[0] & ~28 {
    case 0: return MouseEvent(isRelease ? .release : .press, column: column, row: row)
    case 32: return MouseEvent(.drag, column: column, row: row)
    case 64: return MouseEvent(.wheelUp, column: column, row: row)
    case 65: return MouseEvent(.wheelDown, column: column, row: row)
    default: return nil
    }
  }
}
