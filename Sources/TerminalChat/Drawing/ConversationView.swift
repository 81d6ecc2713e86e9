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
      width: max(layout.conversation.columns - 2, 8), showsMarkup: state.showsMarkup, capabilities: state.capabilities)
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

  /// Whether there is more below.
  var isAboveEnd: Bool { state.scroll != .bottom }

  /// The boxes to draw: those of the last answer on the screen that has boxes in the picture attached now, or, at the
  /// end of the conversation, of the last answer.
  var shownPhrases: [NumberedPhrase] {
    let picture = state.picture?.path
    func boxes(_ index: Int) -> [NumberedPhrase]? {
      guard let turn = state.entries[index].turn, turn.picture == picture else { return nil }
      return NumberedPhrase.phrases(of: turn)
    }
    if state.scroll == .bottom || state.pictureMode == .zoomed {
      for index in state.entries.indices.reversed() {
        if let phrases = boxes(index), let turn = state.entries[index].turn {
          // While the next answer is on its way, the boxes before it are of no question any more.
          if !phrases.isEmpty || !turn.isOver || turn.counts { return phrases }
        }
      }
      return []
    }
    var seen: Int?
    for (entry, _) in visible.reversed() where entry != seen {
      seen = entry
      if let phrases = boxes(entry), !phrases.isEmpty { return phrases }
    }
    return []
  }
}
