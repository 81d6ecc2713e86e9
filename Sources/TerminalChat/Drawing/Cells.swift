/// A place of the screen.
public struct Cell: Sendable, Equatable {
  /// The character with its marks; empty for the right half of a wide one.
  public var text: String
  /// How it looks.
  public var style: Style

  /// A cell.
  public init(_ text: String = " ", _ style: Style = .plain) {
    self.text = text
    self.style = style
  }

  /// An empty place.
  public static let blank = Cell()
  /// The right half of the wide character in the cell before.
  static func half(_ style: Style) -> Cell { Cell("", style) }
}

/// A part of the screen in cells: columns and rows from its upper left corner.
public struct Rectangle: Sendable, Equatable {
  /// The first column and row, and how many of each there are.
  public var column, row, columns, rows: Int

  /// A part of the screen.
  public init(column: Int, row: Int, columns: Int, rows: Int) {
    self.column = column
    self.row = row
    self.columns = columns
    self.rows = rows
  }

  /// Whether there is nothing in it.
  var isEmpty: Bool { columns <= 0 || rows <= 0 }

  func contains(column other: Int, row otherRow: Int) -> Bool {
    other >= column && other < column + columns && otherRow >= row && otherRow < row + rows
  }
}

/// A screenful of cells.
public struct Cells: Sendable, Equatable {
  /// The size.
  public let columns, rows: Int
  /// Row by row from the top left: `columns * rows`.
  public private(set) var cells: [Cell]
  /// Where the terminal's cursor stands; nil hides it.
  public var cursor: Position?

  /// A place.
  public struct Position: Sendable, Equatable {
    /// From the left and from the top, both from 0.
    public var column, row: Int
  }

  /// A blank screen.
  public init(columns: Int, rows: Int) {
    self.columns = max(columns, 0)
    self.rows = max(rows, 0)
    cells = Array(repeating: .blank, count: self.columns * self.rows)
  }

  /// The cell at a place within the size.
  public subscript(column: Int, row: Int) -> Cell {
    get { cells[row * columns + column] }
    set { cells[row * columns + column] = newValue }
  }

  /// Puts a cell where it is on the screen; elsewhere nothing happens. What is left of a wide character whose other half
  /// is overwritten becomes blank.
  mutating func put(_ cell: Cell, column: Int, row: Int) {
    guard column >= 0, column < columns, row >= 0, row < rows else { return }
    let index = row * columns + column
    if cells[index].text.isEmpty, column > 0 { cells[index - 1].text = " " }
    if column + 1 < columns, cells[index + 1].text.isEmpty, !cell.text.isEmpty { cells[index + 1].text = " " }
    cells[index] = cell
  }

  /// Puts a line of glyphs, cut at `width`; returns the column behind it.
  @discardableResult
  mutating func put(_ line: StyledLine, column: Int, row: Int, width: Int) -> Int {
    var position = column
    for (glyph, style) in line.glyphs {
      guard position + glyph.width <= column + width else { break }
      put(Cell(glyph.text, style), column: position, row: row)
      if glyph.width == 2 { cells[safe: row * columns + position + 1, in: position + 1 < columns] = .half(style) }
      position += glyph.width
    }
    return position
  }

  /// Puts a text, cut at `width`; returns the column behind it.
  @discardableResult
  mutating func put(_ text: String, _ style: Style = .plain, column: Int, row: Int, width: Int) -> Int {
    put(StyledLine(text, style), column: column, row: row, width: width)
  }

  /// Fills a part of the screen.
  mutating func fill(_ part: Rectangle, with cell: Cell = .blank) {
    for row in max(part.row, 0)..<max(min(part.row + part.rows, rows), max(part.row, 0)) {
      for column in max(part.column, 0)..<max(min(part.column + part.columns, columns), max(part.column, 0)) {
        put(cell, column: column, row: row)
      }
    }
  }

  /// The screen with ASCII in place of our own signs; letters of other languages stay.
  var withASCIIPunctuation: Cells {
    var result = self
    for index in cells.indices {
      guard let first = cells[index].text.unicodeScalars.first, !first.isASCII else { continue }
      if let plain = first.asciiSign { result.cells[index].text = plain }
    }
    return result
  }

  /// The screen with a question mark in place of what is not ASCII.
  var inASCII: Cells {
    var result = self
    for index in cells.indices where !cells[index].text.utf8.allSatisfy({ $0 < 0x80 }) || cells[index].text.isEmpty {
      result.cells[index].text =
        cells[index].text.isEmpty ? " " : cells[index].text.plain(if: true).first.map(String.init) ?? " "
    }
    return result
  }

  /// The screen as text, a line a row, without blanks at the ends: what a test compares with.
  public var text: String {
    (0..<rows).map { row in
      var line = cells[row * columns..<(row + 1) * columns].map(\.text).joined()
      while line.hasSuffix(" ") { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}

extension Array {
  /// Sets an element if it is there and `condition` holds.
  fileprivate subscript(safe index: Int, in condition: Bool) -> Element {
    get { self[index] }
    set { if condition, indices.contains(index) { self[index] = newValue } }
  }
}
