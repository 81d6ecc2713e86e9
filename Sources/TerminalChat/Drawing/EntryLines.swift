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
    case .complaint(let text): addMessage("! " + CleanText.lines(text))
    case .turn(let turn): add(turn)
    }
    lines.append(StyledLine())
  }

  private var bullet: String { "· " }

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
    for note in Self.notes(turn) {
      if note.isFault { addMessage(bullet + note.text, indent: 2) } else { add(bullet + note.text, .dim, indent: 2) }
    }
  }

  /// A message that takes more lines is shortened.
  private static let messageLines = 4

  /// Adds what went wrong; of a long message the beginning, unless all is wanted.
  private mutating func addMessage(_ text: String, indent: Int = 0) {
    let all = StyledLine(text, theme.complaint).wrapped(to: format.width, indent: indent)
    guard all.count > Self.messageLines, !format.showsMarkup else { return lines += all }
    let shown = Self.messageLines - 1
    lines += all.prefix(shown)
    let key = format.markupKey.isEmpty ? "" : ": " + format.markupKey
    add("… \(all.count - shown) more lines\(key)", .dim, indent: max(indent, 2))
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
      add("…", .dim, indent: 2)
      return
    }
    guard !turn.answer.isEmpty else { return }
    if format.showsMarkup {
      add(CleanText.lines(turn.answer), .plain, indent: 2)
      return
    }
    let line = phrased(turn)
    if !line.text.trimmingSpaces.isEmpty { add(line, indent: 2) }
  }

  /// The text with its phrases in their colours and with their numbers. Boxes without a phrase are called what was
  /// asked for, where there is nothing else to read.
  private func phrased(_ turn: ChatTurn) -> StyledLine {
    var line = StyledLine()
    for part in turn.grounded.parts(names: NumberedPhrase.phrases(of: turn).map(\.text)) {
      var style = part.number.map(theme.phrase) ?? .plain
      style.isUnderlined = part.number != nil && !part.isMark
      line.append(CleanText.lines(part.text), style)
    }
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
      if turn.expectsBoxes, grounded.phrases.isEmpty { notes.append(("nothing is marked in the picture", false)) }
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
