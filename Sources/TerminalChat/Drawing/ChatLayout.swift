/// Where everything is on the screen.
///
/// From below: the status line, the lines that are being written, a rule above them, and the rest for conversation and
/// picture, beside each other on wide screens and on low ones, else above each other.
struct ChatLayout: Equatable {
  /// Fewer columns or rows than these show a message and nothing else.
  static let smallestColumns = 20
  static let smallestRows = 6
  /// From this width on the picture stands beside the text.
  static let wideColumns = 70

  /// Whether there is room for a chat at all.
  let isTooSmall: Bool
  /// The conversation; empty while the picture is zoomed.
  private(set) var conversation = Rectangle(column: 0, row: 0, columns: 0, rows: 0)
  /// The picture with the line below it; nil if it is not shown.
  private(set) var pane: Rectangle?
  /// Exactly the picture's cells.
  private(set) var art: Rectangle?
  /// The column of the line between conversation and picture.
  private(set) var divider: Int?
  /// The row above the input.
  private(set) var rule = 0
  /// The lines that are being written.
  private(set) var input = Rectangle(column: 0, row: 0, columns: 0, rows: 0)
  /// The last row.
  private(set) var status = 0
  /// What stands in front of the line.
  let prompt: String
  /// The lines that are being written in their rows; empty where there is no room for a chat.
  private(set) var draft = DraftLayout(Draft(), width: 1)

  init(_ state: ChatState) {
    let (columns, rows) = (state.columns, state.rows)
    let tag = state.task.map { $0.tag + " " } ?? ""
    prompt = (state.draft.search ?? "") + (state.draft.search == nil ? "\(tag)> " : " ")
    isTooSmall = columns < Self.smallestColumns || rows < Self.smallestRows
    guard !isTooSmall else { return }
    status = rows - 1
    input.columns = columns
    draft = DraftLayout(state.draft, width: max(columns - DisplayWidth.of(prompt) - 1, 1))
    input.rows = min(draft.rows.count, max((rows - 2) / 3, 1))
    input.row = status - input.rows
    rule = input.row - 1
    let above = Rectangle(column: 0, row: 0, columns: columns, rows: rule)
    conversation = above
    guard let facts = state.picture?.facts, state.pictureMode != .hidden else { return }
    func fit(_ columns: Int, _ rows: Int) -> (columns: Int, rows: Int) {
      Self.fit(width: facts.width, height: facts.height, aspect: state.capabilities.cellAspect, columns, rows)
    }
    if state.pictureMode == .zoomed {
      let size = fit(columns, rule)
      conversation = Rectangle(column: 0, row: 0, columns: 0, rows: 0)
      pane = above
      art = Rectangle(
        column: (columns - size.columns) / 2, row: (rule - size.rows) / 2, columns: size.columns, rows: size.rows)
    } else {
      place(above, fit)
    }
  }

  private typealias Fit = (Int, Int) -> (columns: Int, rows: Int)

  /// Picture and text beside each other on wide screens. On others the picture goes where it is larger: above the text,
  /// or beside it where the screen is low; too small to show anything, it goes away.
  private mutating func place(_ all: Rectangle, _ fit: Fit) {
    if all.columns >= Self.wideColumns {
      // The text keeps at least 38 columns.
      return placeBeside(all, most: min(max(all.columns / 2, all.columns - 90), all.columns - 39), fit)
    }
    let beside = all.columns - Self.leastText - 1
    let mostRows = all.rows * 45 / 100
    let sizeAbove = fit(all.columns, max(mostRows, 1))
    if all.rows < Self.lowRows, beside >= Self.leastArt.columns {
      let size = fit(beside, all.rows - 1)
      if size.columns * size.rows > sizeAbove.columns * sizeAbove.rows, Self.isLegible(size) {
        return placeBeside(all, most: beside, fit)
      }
    }
    guard mostRows >= Self.leastArt.rows, Self.isLegible(sizeAbove) else { return }
    placeAbove(all, sizeAbove)
  }

  /// Fewer rows than these are low.
  private static let lowRows = 14
  /// Where the screen is narrow and low, text beside a picture has so many columns, and the picture so many cells.
  private static let leastText = 22
  private static let leastArt = (columns: 8, rows: 3)

  private static func isLegible(_ size: (columns: Int, rows: Int)) -> Bool {
    size.columns * size.rows >= leastArt.columns * leastArt.rows
  }

  private mutating func placeBeside(_ all: Rectangle, most: Int, _ fit: Fit) {
    // The caption below the picture takes one row.
    let size = fit(most, all.rows - 1)
    let paneColumns = min(max(size.columns, 16), most)
    let column = all.columns - paneColumns
    pane = Rectangle(column: column, row: 0, columns: paneColumns, rows: all.rows)
    art = Rectangle(
      column: column + (paneColumns - size.columns) / 2, row: 0, columns: size.columns, rows: size.rows)
    divider = column - 1
    conversation.columns = column - 1
  }

  private mutating func placeAbove(_ all: Rectangle, _ size: (columns: Int, rows: Int)) {
    pane = Rectangle(column: 0, row: 0, columns: all.columns, rows: size.rows)
    art = Rectangle(column: (all.columns - size.columns) / 2, row: 0, columns: size.columns, rows: size.rows)
    conversation.row = size.rows
    conversation.rows = all.rows - size.rows
  }

  /// The cells that show a picture as large as fits and in its right proportions, as far as whole cells allow.
  ///
  /// - Parameter aspect: the width of a cell by its height.
  static func fit(
    width: Int, height: Int, aspect: Double, _ columns: Int, _ rows: Int
  ) -> (columns: Int, rows: Int) {
    let (columns, rows) = (max(columns, 1), max(rows, 1))
    let tall = Double(height) * aspect
    let scale = min(Double(columns) / Double(max(width, 1)), Double(rows) / max(tall, 1e-9))
    func cells(_ length: Double, _ most: Int) -> Int { min(max(Int((length * scale).rounded()), 1), most) }
    return (cells(Double(width), columns), cells(tall, rows))
  }
}
