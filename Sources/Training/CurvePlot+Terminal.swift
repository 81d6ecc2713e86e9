extension CurvePlot {
  /// How a terminal can be drawn on.
  public struct TerminalStyle: Sendable, Equatable {
    /// Whether it shows Unicode: lines and Braille patterns, which have eight dots a character.
    public var isUnicode: Bool
    /// Whether it shows colours.
    public var hasColor: Bool

    /// A style.
    public init(isUnicode: Bool, hasColor: Bool) {
      self.isUnicode = isUnicode
      self.hasColor = hasColor
    }
  }

  /// Text of `height` lines, none wider than `width`: the curves, the axes and the legend.
  ///
  /// Curves that neither colour nor dots tell apart are drawn in signs of their own.
  public func text(width: Int, height: Int, style: TerminalStyle) -> String {
    let width = max(width, 30)
    let legend = legendLines(width: width, style: style)
    let rows = max(height - legend.count - 2, 4)
    let vertical = verticalAxis(maximumTicks: max(2, rows / 3))
    let margin = (vertical.ticks.map(\.label.utf8.count).max() ?? 0) + 1
    let columns = max(width - margin - 1, 10)
    let horizontal = horizontalAxis(maximumTicks: max(2, columns / 10))
    let usesDots = usesDots(style)
    var canvas = DotCanvas(columns: columns, rows: rows, cell: usesDots ? (2, 4) : (1, 1))
    for (index, curve) in curves.enumerated() {
      for segment in segments(curve.smoothed) {
        let dots = segment.map { canvas.dot(horizontal.fraction($0.x), vertical.fraction($0.y)) }
        canvas.draw(dots, owner: index)
      }
    }
    var lines: [String] = []
    var labels: [Int: String] = [:]
    for tick in vertical.ticks { labels[canvas.row(vertical.fraction(tick.value))] = tick.label }
    let frame = style.isUnicode ? Frame.unicode : .ascii
    for row in 0..<rows {
      let label = labels[row] ?? ""
      let padding = String(repeating: " ", count: margin - 1 - label.utf8.count)
      let cells = (0..<columns).map { cell(canvas.cells[row * columns + $0], usesDots: usesDots, style: style) }
      let end = (cells.lastIndex { $0 != " " } ?? -1) + 1
      lines.append(
        padding + label + " " + (label.isEmpty ? frame.side : frame.sideTick) + cells[..<end].joined())
    }
    lines += Self.horizontalLines(horizontal, columns: columns, margin: margin, frame: frame)
    return (lines + legend).joined(separator: "\n")
  }

  private func usesDots(_ style: TerminalStyle) -> Bool { style.isUnicode && (style.hasColor || curves.count == 1) }

  private struct Frame {
    var side, sideTick, corner, floor, floorTick: String

    static let unicode = Frame(side: "│", sideTick: "┤", corner: "└", floor: "─", floorTick: "┬")
    static let ascii = Frame(side: "|", sideTick: "+", corner: "+", floor: "-", floorTick: "+")
  }

  private static let signs = ["*", "o", "x", "+", "#", "@", "%", "&"]
  /// ANSI colours that are readable on dark and on light grounds: blue, red, green, magenta, cyan, yellow.
  private static let colors = [34, 31, 32, 35, 36, 33]

  private func cell(_ cell: DotCanvas.Cell, usesDots: Bool, style: TerminalStyle) -> String {
    guard cell.dots != 0 else { return " " }
    let sign = usesDots ? String(UnicodeScalar(0x2800 + UInt32(cell.dots)) ?? " ") : Self.sign(cell.owner)
    return style.hasColor ? Self.colored(sign, cell.owner) : sign
  }

  private static func sign(_ index: Int) -> String { signs[index % signs.count] }

  private static func colored(_ text: String, _ index: Int) -> String {
    "\u{1b}[\(colors[index % colors.count])m\(text)\u{1b}[0m"
  }

  private func legendLines(width: Int, style: TerminalStyle) -> [String] {
    var lines: [String] = []
    var line = ""
    var used = 0
    for (index, curve) in curves.enumerated() {
      let mark = usesDots(style) ? "──" : Self.sign(index)
      let name = String(String.UnicodeScalarView(curve.name.unicodeScalars.prefix(width - 5)))
      let size = mark.unicodeScalars.count + 1 + name.unicodeScalars.count
      if used > 0, used + 3 + size > width {
        lines.append(line)
        (line, used) = ("", 0)
      }
      line += (used > 0 ? "   " : "  ") + (style.hasColor ? Self.colored(mark, index) : mark) + " " + name
      used += (used > 0 ? 3 : 2) + size
    }
    return lines + [line]
  }

  /// The axis and its labels. A label that would run into the one before is left out.
  private static func horizontalLines(_ axis: PlotAxis, columns: Int, margin: Int, frame: Frame) -> [String] {
    var floor = [String](repeating: frame.floor, count: columns)
    var labels = ""
    for tick in axis.ticks {
      let column = min(max(Int((axis.fraction(tick.value) * Double(columns - 1)).rounded()), 0), columns - 1)
      floor[column] = frame.floorTick
      let size = tick.label.utf8.count
      let start = min(max(margin + 1 + column - size / 2, 0), margin + 1 + columns - size)
      guard labels.isEmpty || start > labels.utf8.count else { continue }
      labels += String(repeating: " ", count: start - labels.utf8.count) + tick.label
    }
    let title = "step"
    if labels.utf8.count + 2 + title.utf8.count <= margin + 1 + columns {
      labels += String(repeating: " ", count: margin + 1 + columns - title.utf8.count - labels.utf8.count) + title
    }
    return [String(repeating: " ", count: margin) + frame.corner + floor.joined(), labels]
  }
}

/// A grid of dots, several to a character.
private struct DotCanvas {
  struct Cell {
    /// Which dots are set, numbered as in the Braille patterns of Unicode.
    var dots: UInt8 = 0
    /// Whose the last one is.
    var owner = 0
  }

  private let cell: (width: Int, height: Int)
  private let columns: Int
  private let rows: Int
  private(set) var cells: [Cell]

  init(columns: Int, rows: Int, cell: (width: Int, height: Int)) {
    self.columns = columns
    self.rows = rows
    self.cell = cell
    cells = [Cell](repeating: Cell(), count: columns * rows)
  }

  /// The dot at fractions of the width and, from below, of the height.
  func dot(_ x: Double, _ y: Double) -> (x: Int, y: Int) {
    let (width, height) = (columns * cell.width, rows * cell.height)
    func clamped(_ value: Double, _ count: Int) -> Int { Int(min(max(value, 0), 1) * Double(count - 1) + 0.5) }
    return (clamped(x, width), height - 1 - clamped(y, height))
  }

  /// The row of characters at a fraction of the height.
  func row(_ y: Double) -> Int { dot(0, y).y / cell.height }

  /// Joins dots by straight lines (Bresenham 1965).
  mutating func draw(_ path: [(x: Int, y: Int)], owner: Int) {
    guard var (x, y) = path.first else { return }
    set(x, y, owner)
    for end in path.dropFirst() {
      let (dx, dy) = (abs(end.x - x), -abs(end.y - y))
      let (stepX, stepY) = (x < end.x ? 1 : -1, y < end.y ? 1 : -1)
      var error = dx + dy
      while (x, y) != (end.x, end.y) {
        let twice = 2 * error
        if twice >= dy {
          error += dy
          x += stepX
        }
        if twice <= dx {
          error += dx
          y += stepY
        }
        set(x, y, owner)
      }
    }
  }

  private mutating func set(_ x: Int, _ y: Int, _ owner: Int) {
    /// Bits by row, then column, of a Braille pattern.
    let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]
    let index = y / cell.height * columns + x / cell.width
    cells[index].dots |= bits[y % cell.height][x % cell.width]
    cells[index].owner = owner
  }
}
