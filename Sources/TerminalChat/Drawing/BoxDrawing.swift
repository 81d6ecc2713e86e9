import Dialogue

/// Draws boxes over a picture.
struct BoxDrawing {
  /// Where the picture is.
  let art: Rectangle
  let isASCII: Bool

  /// The cells that a box covers: every cell that shares some of it.
  ///
  /// An edge at `p` percent of `n` cells lies `p·n/100` cells from the start. The first cell is the one that holds the
  /// left (or upper) edge; the last is the one whose inside the right (or lower) edge ends. So the whole picture is all
  /// cells, and a box is at least one.
  static func cells(of box: BoundingBox, in art: Rectangle) -> Rectangle {
    func span(_ low: Int, _ high: Int, _ count: Int) -> (Int, Int) {
      let first = min(low * count / 100, count - 1)
      return (first, max((high * count + 99) / 100 - 1, first))
    }
    let (left, right) = span(box.x0, box.x1, art.columns)
    let (top, bottom) = span(box.y0, box.y1, art.rows)
    return Rectangle(
      column: art.column + left, row: art.row + top, columns: right - left + 1, rows: bottom - top + 1)
  }

  /// Draws all boxes of all phrases, then their labels, so that no line hides one.
  func draw(_ phrases: [NumberedPhrase], theme: Theme, on cells: inout Cells) {
    for phrase in phrases {
      let style = theme.phrase(phrase.number)
      for box in phrase.boxes { draw(Self.cells(of: box, in: art), style, on: &cells) }
    }
    for phrase in phrases {
      var style = theme.phrase(phrase.number)
      style.isReversed = true
      for box in phrase.boxes { label(phrase, Self.cells(of: box, in: art), style, on: &cells) }
    }
  }

  /// Draws the outline of a part of the picture.
  func draw(_ part: Rectangle, _ style: Style, on cells: inout Cells, isDouble: Bool = false) {
    let glyphs = isASCII ? (isDouble ? "####=I" : "++++-|") : isDouble ? "╔╗╚╝═║" : "┌┐└┘─│"
    let marks = glyphs.map(String.init)
    let (right, bottom) = (part.column + part.columns - 1, part.row + part.rows - 1)
    func put(_ mark: Int, _ column: Int, _ row: Int) { cells.put(Cell(marks[mark], style), column: column, row: row) }
    for column in part.column...right {
      put(4, column, part.row)
      put(4, column, bottom)
    }
    for row in part.row...bottom {
      put(5, part.column, row)
      put(5, right, row)
    }
    // A box of one row or column has two ends in place of four corners.
    if part.rows == 1 {
      cells.put(Cell("[", style), column: part.column, row: bottom)
      cells.put(Cell("]", style), column: right, row: bottom)
    } else if part.columns > 1 {
      put(0, part.column, part.row)
      put(1, right, part.row)
      put(2, part.column, bottom)
      put(3, right, bottom)
    }
  }

  /// Writes the number and as much of the phrase as fits between the upper corners; beside the box if nothing does.
  private func label(_ phrase: NumberedPhrase, _ part: Rectangle, _ style: Style, on cells: inout Cells) {
    let number = "\(phrase.number)"
    let room = part.columns - 2
    if room >= number.utf8.count {
      let line = StyledLine(phrase.label, style).cut(to: room, mark: isASCII ? "." : "…")
      let fits = line.text.hasPrefix(number)
      cells.put(fits ? line : StyledLine(number, style), column: part.column + 1, row: part.row, width: room)
      return
    }
    let after = part.column + part.columns
    let isAfter = after + number.utf8.count <= art.column + art.columns
    let before = part.column - number.utf8.count
    guard isAfter || before >= art.column else { return }
    cells.put(number, style, column: isAfter ? after : before, row: part.row, width: number.utf8.count)
  }
}
