/// The parser behind ``GroundedText``: one pass over the bytes, total, in linear time.
struct GroundedTextReader {
  /// What a box that comes now belongs to.
  private enum Owner {
    case none
    /// A phrase that has no box so far, at this range of the plain text.
    case phrase(Range<Int>)
    /// The last of `phrases`.
    case last
  }

  private enum Tag: String, CaseIterable {
    case phraseStart = "<p>"
    case phraseEnd = "</p>"
    case delimiter = "<delim>"
  }

  private let scanner: BoxScanner
  private let isFinal: Bool

  private(set) var plain: [UInt8] = []
  private(set) var phrases: [GroundedPhrase] = []
  private(set) var skippedBoxes = 0
  private(set) var clampedBoxes = 0

  private var owner = Owner.none
  /// Where the phrase starts whose end has not come.
  private var openPhrase: Int?
  /// White space behind a phrase or box: it goes if a box follows.
  private var heldSpace: [UInt8] = []
  private var isBehindBox = false

  init(bytes: [UInt8], isFinal: Bool) {
    self.scanner = BoxScanner(bytes: bytes)
    self.isFinal = isFinal
  }

  mutating func read() {
    let bytes = scanner.bytes
    var position = 0
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "{"), let scan = scanner.scan(at: position) {
        guard isFinal || !scan.reachesEnd else { return }
        take(scan)
        position = scan.end
      } else if byte == UInt8(ascii: "<"),
        let tag = Tag.allCases.first(where: { scanner.matches($0.rawValue, at: position) })
      {
        take(tag)
        position += tag.rawValue.utf8.count
      } else {
        if !isFinal, mayBecomeMarkup(at: position) { return }
        take(byte)
        position += 1
      }
    }
    if isFinal { plain += heldSpace }
  }

  /// Whether all that is left is the beginning of a tag or of a box.
  private func mayBecomeMarkup(at position: Int) -> Bool {
    let rest = scanner.bytes[position...]
    switch rest.first {
    case UInt8(ascii: "<"): return Tag.allCases.contains { $0.rawValue.utf8.starts(with: rest) }
    case UInt8(ascii: "{"): return scanner.mayBecomeBox(at: position)
    default: return false
    }
  }

  private mutating func take(_ byte: UInt8) {
    if BoxScanner.isSpace(byte) {
      if case .none = owner { plain.append(byte) } else { heldSpace.append(byte) }
      return
    }
    // A letter or digit must not touch what stands before a box; punctuation may.
    releaseSpace(parting: byte >= 0x80 || Unicode.Scalar(byte).properties.isAlphabetic || (0x30...0x39).contains(byte))
    owner = .none
    plain.append(byte)
  }

  private mutating func take(_ tag: Tag) {
    switch tag {
    case .delimiter: break
    case .phraseStart:
      releaseSpace(parting: true)
      owner = .none
      openPhrase = plain.count
    case .phraseEnd: closePhrase()
    }
  }

  private mutating func take(_ scan: BoxScanner.Scan) {
    closePhrase()
    heldSpace = []
    isBehindBox = true
    skippedBoxes += scan.malformed
    for numbers in scan.boxes {
      guard !Self.isOutside(numbers[0], numbers[2]), !Self.isOutside(numbers[1], numbers[3]) else {
        skippedBoxes += 1
        continue
      }
      let box = BoundingBox(x0: numbers[0], y0: numbers[1], x1: numbers[2], y1: numbers[3])
      if [box.x0, box.y0, box.x1, box.y1] != numbers { clampedBoxes += 1 }
      add(box)
    }
    // Even if no box could be read, what follows stands behind one.
    if case .none = owner { owner = .phrase(plain.count..<plain.count) }
  }

  /// Whether two opposite edges leave nothing of a box between 0 and 100.
  private static func isOutside(_ first: Int, _ second: Int) -> Bool {
    let (low, high) = (min(first, second), max(first, second))
    return low < 0 && high <= 0 || low >= 100 && high > 100
  }

  private mutating func add(_ box: BoundingBox) {
    if case .last = owner {
      phrases[phrases.count - 1].boxes.append(box)
      return
    }
    var range = plain.count..<plain.count
    if case .phrase(let given) = owner { range = given }
    phrases.append(GroundedPhrase(text: String(decoding: plain[range], as: UTF8.self), boxes: [box], range: range))
    owner = .last
  }

  private mutating func closePhrase() {
    guard let open = openPhrase else { return }
    openPhrase = nil
    var range = open..<plain.count
    while let first = plain[range].first, BoxScanner.isSpace(first) {
      range = (range.lowerBound + 1)..<range.upperBound
    }
    while let last = plain[range].last, BoxScanner.isSpace(last) { range = range.lowerBound..<(range.upperBound - 1) }
    owner = .phrase(range)
  }

  /// Writes the held white space, now that no box followed it; behind a box, so that neither two spaces meet nor words touch.
  private mutating func releaseSpace(parting: Bool) {
    if isBehindBox {
      let isParted = plain.last.map(BoxScanner.isSpace) ?? true
      if isParted, heldSpace.first == UInt8(ascii: " ") { heldSpace.removeFirst() }
      if !isParted, heldSpace.isEmpty, parting { heldSpace = [UInt8(ascii: " ")] }
    }
    plain += heldSpace
    heldSpace = []
    isBehindBox = false
  }
}

/// Finds boxes in bytes.
struct BoxScanner {
  /// What begins with `{`, white space, `<` and a number.
  struct Scan {
    /// Four numbers each: left, upper, right and lower edge as they are written.
    var boxes: [[Int]] = []
    /// How many more there were that are no boxes.
    var malformed = 0
    /// Where it ends.
    var end: Int
    /// Whether the end of the bytes came first.
    var reachesEnd = false
  }

  let bytes: [UInt8]

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

  func matches(_ text: String, at position: Int) -> Bool { bytes[position...].starts(with: text.utf8) }

  /// Whether the bytes end before it is certain that no box begins at the `{` at this position.
  func mayBecomeBox(at position: Int) -> Bool { firstNumber(after: position) == bytes.count }

  /// The box, or what was meant for one, at the `{` at this position; nil for a brace with other things in it.
  func scan(at position: Int) -> Scan? {
    guard let number = firstNumber(after: position), number < bytes.count else { return nil }
    var scan = Scan(end: position + 1)
    var numbers: [Int] = []
    var isWellFormed = true
    func finishBox() {
      if isWellFormed, numbers.count == 4 { scan.boxes.append(numbers) } else { scan.malformed += 1 }
      numbers = []
      isWellFormed = true
    }
    while true {
      let position = skipSpace(from: scan.end)
      if position == bytes.count { break }
      if bytes[position] == UInt8(ascii: "}") {
        finishBox()
        scan.end = position + 1
        return scan
      }
      if matches("<delim>", at: position) {
        finishBox()
        scan.end = position + 7
        continue
      }
      // The whole of a beginning that ends in the middle of "<delim>" waits for the rest.
      if "<delim>".utf8.starts(with: bytes[position...]) {
        scan.end = bytes.count
        break
      }
      guard let element = element(at: position) else {
        // Not closed: what was read so far is dropped, and this stays text.
        scan.malformed += 1
        return scan
      }
      // Five are as wrong as more.
      if numbers.count < 5 { numbers.append(element.value) }
      isWellFormed = isWellFormed && element.isClosed
      scan.end = element.end
    }
    scan.malformed += 1
    scan.end = bytes.count
    scan.reachesEnd = true
    return scan
  }

  /// The position of the first digit behind `{`, white space, `<`, white space and an optional minus; the end of the bytes
  /// when they end before it; nil when something else is there.
  private func firstNumber(after brace: Int) -> Int? {
    var position = skipSpace(from: brace + 1)
    if position == bytes.count { return position }
    guard bytes[position] == UInt8(ascii: "<") else { return nil }
    position = skipSpace(from: position + 1)
    if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
    if position == bytes.count { return position }
    return isDigit(at: position) ? position : nil
  }

  /// A number in angle brackets, of which the second may be missing. Values beyond ±10⁶ count as ±10⁶.
  private func element(at start: Int) -> (value: Int, isClosed: Bool, end: Int)? {
    guard bytes[start] == UInt8(ascii: "<") else { return nil }
    var position = skipSpace(from: start + 1)
    var sign = 1
    if position < bytes.count, bytes[position] == UInt8(ascii: "-") {
      sign = -1
      position += 1
    }
    guard position == bytes.count || isDigit(at: position) else { return nil }
    var value = 0
    while position < bytes.count, isDigit(at: position) {
      value = min(value * 10 + Int(bytes[position] - UInt8(ascii: "0")), 1_000_000)
      position += 1
    }
    let next = skipSpace(from: position)
    if next < bytes.count, bytes[next] == UInt8(ascii: ">") { return (sign * value, true, next + 1) }
    return (sign * value, false, position)
  }

  private func skipSpace(from start: Int) -> Int {
    var position = start
    while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    return position
  }

  private func isDigit(at position: Int) -> Bool { (0x30...0x39).contains(bytes[position]) }
}
