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
      for box in phrase.boxes {
        draw(Self.cells(of: box, in: art), on: &cells) { theme.frame(phrase.number, over: $0) }
      }
    }
    var places = LabelPlaces(art: art)
    for phrase in phrases {
      var style = theme.phrase(phrase.number)
      style.isReversed = true
      for box in phrase.boxes {
        guard let place = places.place(phrase, at: Self.cells(of: box, in: art)) else { continue }
        cells.put(place.text, style, column: place.column, row: place.row, width: place.width)
      }
    }
  }

  /// Draws the outline of a part of the picture.
  ///
  /// - Parameter style: how a line looks over a cell of the picture.
  func draw(_ part: Rectangle, on cells: inout Cells, isDouble: Bool = false, style: (Cell) -> Style) {
    let glyphs = isASCII ? (isDouble ? "####=I" : "++++-|") : isDouble ? "╔╗╚╝═║" : "┌┐└┘─│"
    let marks = glyphs.map(String.init)
    let (right, bottom) = (part.column + part.columns - 1, part.row + part.rows - 1)
    func put(_ mark: String, _ column: Int, _ row: Int) {
      guard column >= 0, column < cells.columns, row >= 0, row < cells.rows else { return }
      cells.put(Cell(mark, style(cells[column, row])), column: column, row: row)
    }
    for column in part.column...right {
      put(marks[4], column, part.row)
      put(marks[4], column, bottom)
    }
    for row in part.row...bottom {
      put(marks[5], part.column, row)
      put(marks[5], right, row)
    }
    // A box of one row or column has two ends in place of four corners.
    if part.rows == 1 {
      put("[", part.column, bottom)
      put("]", right, bottom)
    } else if part.columns > 1 {
      put(marks[0], part.column, part.row)
      put(marks[1], right, part.row)
      put(marks[2], part.column, bottom)
      put(marks[3], right, bottom)
    }
  }
}
