import Dialogue

/// Lays out an entry of the conversation.
struct EntryLines {
  private(set) var lines: [StyledLine] = []
  private let format: LineCache.Format
  private let theme: Theme

  init(_ entry: Entry, _ format: LineCache.Format) {
    self.format = format
    theme = Theme(format.capabilities)
    switch entry.content {
    case .notice(let text): add(bullet + CleanText.lines(text), .dim)
    case .complaint(let text): add("! " + CleanText.lines(text), theme.complaint)
    case .turn(let turn): add(turn)
    }
    lines.append(StyledLine())
  }

  private var bullet: String { format.capabilities.isASCIIDrawing ? "* " : "· " }

  private mutating func add(_ text: String, _ style: Style, indent: Int = 0) {
    add(StyledLine(text, style), indent: indent)
  }

  private mutating func add(_ line: StyledLine, indent: Int = 0) {
    lines += line.wrapped(to: format.width, indent: indent)
  }

  private mutating func add(_ turn: ChatTurn) {
    if !turn.hidesQuestion { addQuestion(turn) }
    var answerHead = StyledLine("TinyGPT-V", theme.model)
    answerHead.append(" \(turn.adapter.map { "with " + CleanText.line($0) } ?? "without adapter")", .dim)
    add(answerHead)
    addAnswer(turn)
    for note in Self.notes(turn) { add(bullet + note.text, note.isFault ? theme.complaint : .dim, indent: 2) }
  }

  private mutating func addQuestion(_ turn: ChatTurn) {
    var head = StyledLine("You", theme.user)
    if let task = turn.task { head.append(" \(task.tag)", theme.accent) }
    if turn.isComparison { head.append(" (compare)", .dim) }
    add(head)
    if !turn.question.isEmpty { add(CleanText.lines(turn.question), .plain, indent: 2) }
  }

  private mutating func addAnswer(_ turn: ChatTurn) {
    if case .waiting = turn.status, turn.answer.isEmpty {
      add(format.capabilities.isASCIIDrawing ? "..." : "…", .dim, indent: 2)
      return
    }
    guard !turn.answer.isEmpty else { return }
    if format.showsMarkup {
      add(CleanText.lines(turn.answer), .plain, indent: 2)
      return
    }
    let line = phrased(turn.grounded)
    if !line.text.trimmingSpaces.isEmpty { add(line, indent: 2) }
  }

  /// The text with its phrases in their colours and with their numbers. A box without a phrase is called `box`.
  private func phrased(_ grounded: GroundedText) -> StyledLine {
    var line = StyledLine()
    let bytes = Array(grounded.plainText.utf8)
    func text(_ range: Range<Int>) -> String { CleanText.lines(String(decoding: bytes[range], as: UTF8.self)) }
    var position = 0
    for (index, phrase) in grounded.phrases.enumerated() {
      let range = max(phrase.range.lowerBound, position)..<max(phrase.range.upperBound, position)
      line.append(text(position..<range.lowerBound))
      var style = theme.phrase(index + 1)
      style.isUnderlined = !range.isEmpty
      line.append(range.isEmpty ? "box" : text(range), style)
      style.isUnderlined = false
      line.append("[\(index + 1)]", style)
      position = range.upperBound
    }
    line.append(text(position..<bytes.count))
    // White space at both ends is the model's habit.
    while let first = line.items.first, first.glyph.text == " " || first.glyph.text == "\n" { line.items.removeFirst() }
    while let last = line.items.last, last.glyph.text == " " || last.glyph.text == "\n" { line.items.removeLast() }
    return line
  }

  /// What there is to say about an answer.
  static func notes(_ turn: ChatTurn) -> [(text: String, isFault: Bool)] {
    var notes: [(String, Bool)] = []
    let grounded = turn.grounded
    if turn.droppedTurns > 0 {
      let count = turn.droppedTurns == 1 ? "the oldest turn was" : "the \(turn.droppedTurns) oldest turns were"
      notes.append(("the context is full: \(count) left out, the picture was not", false))
    }
    switch turn.status {
    case .failed(let failure): notes.append((CleanText.lines(failure.description), true))
    case .stopped: notes.append(("stopped", false))
    case .waiting, .answering: return notes
    case .done:
      if turn.answer.trimmingSpaces.isEmpty { notes.append(("an empty answer", false)) }
      switch turn.statistics?.stopReason {
      case .length: notes.append(("cut at the longest answer allowed", false))
      case .context: notes.append(("cut: the context is full", false))
      default: break
      }
      if turn.expectsBoxes, grounded.phrases.isEmpty { notes.append(("no box in this answer", false)) }
    }
    var faults: [String] = []
    if grounded.skippedBoxes > 0 { faults.append("\(count(grounded.skippedBoxes, "box", "boxes")) skipped") }
    if grounded.clampedBoxes > 0 {
      faults.append("\(count(grounded.clampedBoxes, "box", "boxes")) clamped to the picture")
    }
    if !faults.isEmpty { notes.append((faults.joined(separator: ", "), false)) }
    return notes
  }

  private static func count(_ number: Int, _ one: String, _ many: String) -> String {
    "\(number) \(number == 1 ? one : many)"
  }
}
