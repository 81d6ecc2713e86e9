import Dialogue

/// The part of the conversation that is on the screen. Only entries that are on it, or that a scroll passes, are laid out.
struct ConversationView {
  private let state: ChatState
  private let height: Int
  private let format: LineCache.Format

  init(_ state: ChatState, _ layout: ChatLayout? = nil) {
    let layout = layout ?? ChatLayout(state)
    self.state = state
    height = max(layout.conversation.rows, 1)
    // A column at the left stays free, and one at the right.
    format = LineCache.Format(
      width: max(layout.conversation.columns - 2, 8), showsMarkup: state.showsMarkup,
      markupKey: state.named(.markup), capabilities: state.capabilities)
  }

  private func lines(_ index: Int) -> [StyledLine] { state.lines.lines(of: state.entries[index], format) }

  /// The first line shown: an entry and a line of it.
  private var start: (index: Int, line: Int) {
    if case .top(let id, let line) = state.scroll, let index = state.index(of: id) {
      return (index, min(line, max(lines(index).count - 1, 0)))
    }
    return lastStart
  }

  /// The first line shown at the end of the conversation.
  private var lastStart: (index: Int, line: Int) {
    var left = height
    // The empty line below the last entry may be cut off.
    var isLast = true
    for index in state.entries.indices.reversed() {
      let count = lines(index).count - (isLast ? 1 : 0)
      isLast = false
      if count >= left { return (index, count - left) }
      left -= count
    }
    return (0, 0)
  }

  /// The lines to show from the top; entries' numbers go with them.
  var visible: [(entry: Int, line: StyledLine)] {
    guard !state.entries.isEmpty else { return [] }
    var result: [(Int, StyledLine)] = []
    var (index, line) = start
    while index < state.entries.count, result.count < height {
      let all = lines(index)
      for text in all[min(line, all.count)...] where result.count < height { result.append((index, text)) }
      index += 1
      line = 0
    }
    return result
  }

  /// Where the pane stands after it moved by rows, down if positive.
  func scrolled(by rows: Int) -> Scroll {
    guard !state.entries.isEmpty else { return .bottom }
    var (index, line) = start
    line += rows
    while line < 0, index > 0 {
      index -= 1
      line += lines(index).count
    }
    line = max(line, 0)
    while index < state.entries.count - 1, line >= lines(index).count {
      line -= lines(index).count
      index += 1
    }
    let last = lastStart
    if (index, line) >= (last.index, last.line) { return .bottom }
    return .top(id: state.entries[index].id, line: line)
  }

  /// How many lines an entry has, the empty one below it included.
  func lineCount(_ index: Int) -> Int { lines(index).count }

  /// Where the pane stands with an entry's first line on top, or at the end of the conversation.
  func scroll(to index: Int) -> Scroll {
    let last = lastStart
    return (index, 0) >= (last.index, last.line) ? .bottom : .top(id: state.entries[index].id, line: 0)
  }

  /// Whether there is more below.
  var isAboveEnd: Bool { state.scroll != .bottom }

  /// The boxes to draw, see ``shownTurn``.
  var shownPhrases: [NumberedPhrase] {
    shownTurn.flatMap { state.entries[$0].turn }.map(NumberedPhrase.phrases) ?? []
  }

  /// The place of the turn whose boxes are drawn: the one that the user chose; else the last one on the screen that has
  /// boxes in the picture attached now, or, at the end of the conversation, the last answer.
  var shownTurn: Int? {
    let picture = state.picture?.path
    func turn(_ index: Int) -> ChatTurn? { state.entries[index].turn.flatMap { $0.picture == picture ? $0 : nil } }
    if let id = state.boxesOf, let index = state.index(of: id), turn(index) != nil { return index }
    if state.scroll == .bottom || state.pictureMode == .zoomed {
      for index in state.entries.indices.reversed() {
        guard let turn = turn(index) else { continue }
        // While the next answer is on its way, the boxes before it are of no question any more.
        if !turn.grounded.phrases.isEmpty || !turn.isOver || turn.counts { return index }
      }
      return nil
    }
    var seen: Int?
    for (entry, _) in visible.reversed() where entry != seen {
      seen = entry
      if turn(entry)?.grounded.phrases.isEmpty == false { return entry }
    }
    return nil
  }

  /// Whose boxes are drawn, where that is not plain: those of a comparison, or not of the last answer.
  var shownAnswerer: String? {
    guard let index = shownTurn, let turn = state.entries[index].turn, !turn.grounded.phrases.isEmpty else {
      return nil
    }
    return turn.isComparison || state.boxesOf == state.entries[index].id ? turn.answerer : nil
  }
}
