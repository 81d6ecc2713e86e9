import Dialogue

/// Chooses a region of the picture.
struct RegionPicker: Equatable {
  /// Left, upper, right, lower edge in percent; at least 1 apart.
  var x0 = 25
  var y0 = 25
  var x1 = 75
  var y1 = 75

  /// How far a key moves, in percent.
  static let step = 2

  var box: BoundingBox { BoundingBox(x0: x0, y0: y0, x1: x1, y1: y1) }

  /// Takes a key; whether it is one of the picker's.
  mutating func press(_ key: Key) -> Bool {
    let step = Self.step
    switch key.name {
    case "Left": move(-step, 0)
    case "Right": move(step, 0)
    case "Up": move(0, -step)
    case "Down": move(0, step)
    case "S-Left", "M-Left": size(-step, 0)
    case "S-Right", "M-Right": size(step, 0)
    case "S-Up", "M-Up": size(0, -step)
    case "S-Down", "M-Down": size(0, step)
    case "+", "=": size(step, step)
    case "-": size(-step, -step)
    default: return false
    }
    return true
  }

  private mutating func move(_ columns: Int, _ rows: Int) {
    let dx = min(max(columns, -x0), 100 - x1)
    let dy = min(max(rows, -y0), 100 - y1)
    (x0, x1, y0, y1) = (x0 + dx, x1 + dx, y0 + dy, y1 + dy)
  }

  private mutating func size(_ columns: Int, _ rows: Int) {
    x1 = min(max(x1 + columns, x0 + 1), 100)
    y1 = min(max(y1 + rows, y0 + 1), 100)
  }

  /// Spans the cells between two places, both included. The percents lie within these cells, so that the box is drawn
  /// in exactly them again.
  mutating func drag(from start: MouseEvent, to end: MouseEvent, in art: Rectangle) {
    func span(_ a: Int, _ b: Int, _ first: Int, _ count: Int) -> (Int, Int) {
      let low = min(max(min(a, b) - first, 0), count - 1)
      let high = min(max(max(a, b) - first, 0), count - 1)
      let from = (100 * low + count - 1) / count
      return (min(from, 99), max(100 * (high + 1) / count, min(from, 99) + 1))
    }
    guard !art.isEmpty else { return }
    (x0, x1) = span(start.column, end.column, art.column, art.columns)
    (y0, y1) = span(start.row, end.row, art.row, art.rows)
  }
}
