import Dialogue

/// A picture in cells.
public struct PictureArt: Equatable, Sendable {
  /// The size in cells.
  public var columns, rows: Int
  /// Row by row from the top left.
  public var cells: [Cell]

  /// A picture in cells: `columns * rows` of them.
  public init(columns: Int, rows: Int, cells: [Cell]) {
    self.columns = columns
    self.rows = rows
    self.cells = cells
  }
}

extension ChatState {
  /// The screen.
  ///
  /// - Parameter art: the picture in so many columns and rows of cells; nil or another size leaves it out.
  public func render(art: (_ columns: Int, _ rows: Int) -> PictureArt?) -> Cells {
    let layout = ChatLayout(self)
    guard !layout.isTooSmall else { return tooSmall }
    var painter = ScreenPainter(self, layout)
    painter.drawConversation()
    painter.drawPicture(layout.art.flatMap { art($0.columns, $0.rows) })
    painter.drawRule()
    painter.drawInput()
    painter.drawStatus()
    painter.drawOverlay()
    guard capabilities.isASCIIDrawing else { return painter.cells }
    return capabilities.isUnicode ? painter.cells.withASCIIPunctuation : painter.cells.inASCII
  }

  private var tooSmall: Cells {
    var cells = Cells(columns: columns, rows: rows)
    let lines = StyledLine("Too small for a chat: make the window larger.").wrapped(to: max(columns, 2))
    for (row, line) in lines.enumerated() where row < rows { cells.put(line, column: 0, row: row, width: columns) }
    return cells
  }
}

/// Draws the parts of a screen.
private struct ScreenPainter {
  let state: ChatState
  let layout: ChatLayout
  let view: ConversationView
  let theme: Theme
  var cells: Cells

  init(_ state: ChatState, _ layout: ChatLayout) {
    self.state = state
    self.layout = layout
    view = ConversationView(state, layout)
    theme = Theme(state.capabilities)
    cells = Cells(columns: state.columns, rows: state.rows)
  }

  private var isASCII: Bool { state.capabilities.isASCIIDrawing }

  // MARK: conversation and picture

  mutating func drawConversation() {
    guard !layout.conversation.isEmpty else { return }
    let part = layout.conversation
    var row = 0
    func put(_ line: StyledLine) {
      if row < part.rows { cells.put(line, column: part.column + 1, row: part.row + row, width: part.columns - 1) }
      row += 1
    }
    for entry in view.visible { put(entry.line) }
    if !state.entries.contains(where: { $0.turn != nil }) { welcome(width: part.columns - 2).forEach(put) }
  }

  /// What stands on the screen before the first question: what to do first.
  private func welcome(width: Int) -> [StyledLine] {
    let first =
      state.picture == nil
      ? "/image PATH attaches a picture; then ask about it." : "Ask about the picture: write a question, then Enter."
    let keys = [
      (state.named(.nextTask), "a task: find, describe ..."), (state.named(.help), "all keys and commands"),
      ("Ctrl-D", "leave"),
    ]
    return StyledLine(first).wrapped(to: max(width, 8)) + [StyledLine()]
      + keys.map { name, help in
        var line = StyledLine("  " + name + String(repeating: " ", count: max(11 - name.utf8.count, 1)), .bold)
        line.append(help, .dim)
        return line.cut(to: max(width, 8))
      }
  }

  mutating func drawPicture(_ art: PictureArt?) {
    guard let place = layout.art, let pane = layout.pane else { return }
    if let divider = layout.divider {
      for row in 0..<layout.rule { cells.put(Cell("│", .dim), column: divider, row: row) }
    }
    if let art, art.columns == place.columns, art.rows == place.rows {
      for row in 0..<place.rows {
        for column in 0..<place.columns {
          cells.put(art.cells[row * art.columns + column], column: place.column + column, row: place.row + row)
        }
      }
    }
    let drawing = BoxDrawing(art: place, isASCII: isASCII)
    let phrases = view.shownPhrases
    drawing.draw(phrases, theme: theme, on: &cells)
    if case .region(let picker) = state.overlay {
      drawing.draw(BoxDrawing.cells(of: picker.box, in: place), on: &cells, isDouble: true, style: theme.region(over:))
    }
    let captionRow = place.row + place.rows
    guard captionRow < pane.row + pane.rows, let picture = state.picture, let facts = picture.facts else { return }
    let name = picture.path.split(separator: "/").last.map { CleanText.line(String($0)) } ?? ""
    var line = StyledLine("\(name)  \(facts.width)×\(facts.height)", .dim)
    if line.width > pane.columns - 1 { line = StyledLine(name, .dim) }
    let cut = line.cut(to: pane.columns - 1)
    cells.put(cut, column: max(pane.column + 1, place.column), row: captionRow, width: pane.columns - 1)
    drawLegend(phrases, from: captionRow + 1, in: pane)
  }

  /// The phrases below the picture, as far as there is room: labels in small boxes are cut. Where not all have a line
  /// of their own, they follow each other, and the last line says how many are missing.
  private mutating func drawLegend(_ phrases: [NumberedPhrase], from row: Int, in pane: Rectangle) {
    var row = row
    let width = pane.columns - 1
    var room = pane.row + pane.rows - row
    if room > 0, let answerer = view.shownAnswerer {
      cells.put(
        StyledLine("boxes of the answer \(answerer):", .dim).cut(to: width), column: pane.column + 1, row: row,
        width: width)
      (row, room) = (row + 1, room - 1)
    }
    for (index, line) in Legend.lines(phrases, theme, width: width, rows: room).enumerated() {
      cells.put(line, column: pane.column + 1, row: row + index, width: width)
    }
  }

  // MARK: below

  mutating func drawRule() {
    let bar = "─"
    for column in 0..<state.columns { cells.put(Cell(bar, .dim), column: column, row: layout.rule) }
    if let divider = layout.divider {
      cells.put(Cell("┴", .dim), column: divider, row: layout.rule)
    }
    let width = state.columns - 4
    // What a region or a menu needs to say stands here.
    switch state.overlay {
    case .region, .menu: return
    default: break
    }
    if let text = activityText {
      cells.put(StyledLine(" \(text) ", theme.accent).cut(to: width), column: 2, row: layout.rule, width: width)
    } else if let toast = state.toast {
      cells.put(StyledLine(" \(toast.text) ", theme.accent).cut(to: width), column: 2, row: layout.rule, width: width)
    } else if view.isAboveEnd {
      let key = state.named(.bottom)
      cells.put(
        StyledLine(" more below\(key.isEmpty ? "" : ": \(key)") ", .dim).cut(to: width), column: 2, row: layout.rule,
        width: width)
    }
  }

  /// What the program is busy with, how far it is, and for how long.
  private var activityText: String? {
    guard let activity = state.activity else { return nil }
    let seconds = max(state.now - activity.since, 0)
    var text = activity.stage.words
    if let fraction = activity.fraction, fraction.isFinite {
      text += " \(Int((min(max(fraction, 0), 1) * 100).rounded()))%"
    }
    text += " \(seconds.formatted(decimals: 1)) s"
    if state.running != nil {
      text += " · \(state.stopKey) stops"
    }
    if let toast = state.toast { text += " · \(toast.text)" }
    return text
  }

  mutating func drawInput() {
    let draft = layout.draft
    let part = layout.input
    let promptWidth = DisplayWidth.of(layout.prompt)
    // The rows around the cursor.
    let first = min(max(draft.row - part.rows + 1, 0), max(draft.rows.count - part.rows, 0))
    for row in 0..<min(part.rows, draft.rows.count - first) {
      let items = draft.glyphs(first + row).map { StyledLine.Item(glyph: $0, style: .plain) }
      cells.put(StyledLine(items: items), column: promptWidth, row: part.row + row, width: part.columns - promptWidth)
    }
    if first == 0 {
      let style = state.draft.search == nil ? theme.user : theme.accent
      cells.put(layout.prompt, style, column: 0, row: part.row, width: part.columns)
    }
    if state.overlay == nil {
      cells.cursor = Cells.Position(
        column: min(promptWidth + draft.column, state.columns - 1), row: part.row + draft.row - first)
    }
  }

  mutating func drawStatus() {
    for column in 0..<state.columns { cells.put(Cell(" ", .reversed), column: column, row: layout.status) }
    let status = StatusLine(state)
    let helpWidth = DisplayWidth.of(status.help)
    let room = state.columns - helpWidth
    cells.put(StyledLine(status.text, .reversed).cut(to: room), column: 0, row: layout.status, width: room)
    cells.put(status.help, .reversed, column: room, row: layout.status, width: helpWidth)
  }

  // MARK: over all

  mutating func drawOverlay() {
    switch state.overlay {
    case .help(let scroll): drawHelp(scroll)
    case .menu(let menu): drawMenu(menu)
    case .region(let picker):
      let room = state.columns - 6
      let region = "region \(picker.box.markup)"
      let hints = [
        "  arrows move, Shift-arrows or + - size, Enter inserts, Esc leaves",
        "  arrows, + -, Enter inserts, Esc leaves",
        "  arrows, + -, Enter", "",
      ]
      let text = hints.map { region + $0 }.first { DisplayWidth.of($0) <= room } ?? region
      cells.put(StyledLine(" \(text) ", theme.accent).cut(to: room + 2), column: 2, row: layout.rule, width: room + 2)
    case nil: break
    }
  }

  private mutating func drawHelp(_ scroll: Int) {
    let height = state.rows - 1
    cells.fill(Rectangle(column: 0, row: 0, columns: state.columns, rows: height))
    let lines = HelpText.lines(state.bindings, width: state.columns - 4)
    for (row, line) in lines.dropFirst(scroll).prefix(height - 1).enumerated() {
      cells.put(line, column: 2, row: row, width: state.columns - 3)
    }
    let more = scroll + height - 1 < lines.count
    let text = more ? " Down and PageDown show more, any other key closes " : " any other key closes "
    for column in 0..<state.columns { cells.put(Cell("─", .dim), column: column, row: height - 1) }
    cells.put(
      StyledLine(text, theme.accent).cut(to: state.columns - 2), column: 2, row: height - 1, width: state.columns)
  }

  private mutating func drawMenu(_ menu: Menu) {
    let names = min(menu.items.map { DisplayWidth.of(CleanText.line($0.label)) }.max() ?? 0, 30)
    let helps = menu.items.map { DisplayWidth.of(CleanText.line($0.help)) }.max() ?? 0
    let numbers = "\(menu.items.count)".utf8.count
    let width = min(numbers + names + helps + 9, state.columns)
    let height = min(menu.items.count + 2, layout.rule)
    guard width > 6, height > 2 else { return }
    let part = Rectangle(column: 0, row: layout.rule - height, columns: width, rows: height)
    cells.fill(part)
    let frame = BoxDrawing(art: part, isASCII: isASCII)
    frame.draw(part, on: &cells) { _ in theme.accent }
    cells.put(" \(menu.title) ", theme.accent, column: 2, row: part.row, width: width - 4)
    let rows = height - 2
    let first = min(max(menu.selected - rows + 1, 0), max(menu.items.count - rows, 0))
    for row in 0..<rows {
      let index = first + row
      let item = menu.items[index]
      let style: Style = index == menu.selected ? .reversed : .plain
      let mark = index == menu.selected ? ">" : " "
      let number = "\(index + 1)"
      var line = StyledLine("\(mark) \(String(repeating: " ", count: numbers - number.utf8.count))\(number) ", style)
      let name = StyledLine(CleanText.line(item.label), style).cut(to: names)
      line.items += name.items
      line.append(String(repeating: " ", count: names - name.width + 2) + CleanText.line(item.help), style)
      line = line.cut(to: width - 2)
      line.append(String(repeating: " ", count: max(width - 2 - line.width, 0)), style)
      cells.put(line, column: 1, row: part.row + 1 + row, width: width - 2)
    }
    let room = state.columns - 6
    let hint = StyledLine(" \(menu.hint(width: room, arrows: arrows)) ", theme.accent)
    cells.put(hint.cut(to: room + 2), column: 2, row: layout.rule, width: room + 2)
  }

  private var arrows: String { isASCII ? "Up and Down" : "↑↓" }
}

extension ChatStage {
  /// What is going on, for people.
  var words: String {
    switch self {
    case .loadingModel: "loading the model"
    case .readingPicture: "reading the picture"
    case .encodingPicture: "encoding the picture"
    case .readingPrompt: "reading the prompt"
    case .answering: "answering"
    }
  }
}
