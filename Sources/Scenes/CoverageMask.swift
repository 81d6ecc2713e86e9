import Foundation

/// How much of each pixel of a rectangle polygons cover, from 0 to 1.
struct CoverageMask {
  /// The first column and row.
  let left, top: Int
  let width, height: Int
  private(set) var values: [Float]

  /// Lines of samples in a row of pixels; along a line coverage is exact.
  private static let linesPerRow = 8

  /// The union of polygons, each of any direction, cut to a picture of this size.
  init(_ polygons: [[Point]], pictureWidth: Int, pictureHeight: Int) {
    let extent = Extent(polygons.flatMap { $0 })
    left = max(0, min(Int(extent.low.x.rounded(.down)), pictureWidth))
    top = max(0, min(Int(extent.low.y.rounded(.down)), pictureHeight))
    width = max(0, min(Int(extent.high.x.rounded(.up)), pictureWidth) - left)
    height = max(0, min(Int(extent.high.y.rounded(.up)), pictureHeight) - top)
    values = [Float](repeating: 0, count: width * height)
    guard width > 0, height > 0 else { return }
    var crossings: [Crossing] = []
    for polygon in polygons { addCrossings(of: polygon, to: &crossings) }
    crossings.sort { ($0.line, $0.x) < ($1.line, $1.x) }
    fill(between: crossings)
  }

  private struct Crossing {
    let line: Int32
    let x: Float
    /// 1 where the outline goes down, −1 where it goes up.
    let direction: Int32
  }

  private func addCrossings(of polygon: [Point], to crossings: inout [Crossing]) {
    let lines = Double(CoverageMask.linesPerRow)
    var doubledArea = 0.0
    for (index, point) in polygon.enumerated() {
      let next = polygon[(index + 1) % polygon.count]
      doubledArea += point.x * next.y - next.x * point.y
    }
    // All polygons are made to go the same way round, so that one does not cut a hole into another.
    let sign: Int32 = doubledArea < 0 ? -1 : 1
    for (index, from) in polygon.enumerated() {
      let to = polygon[(index + 1) % polygon.count]
      let (upper, lower) = from.y < to.y ? (from, to) : (to, from)
      let first = max(0, Int(((upper.y - Double(top)) * lines - 0.5).rounded(.up)))
      let end = min(height * CoverageMask.linesPerRow, Int(((lower.y - Double(top)) * lines - 0.5).rounded(.up)))
      guard first < end else { continue }
      let slope = (lower.x - upper.x) / (lower.y - upper.y)
      for line in first..<end {
        let y = Double(top) + (Double(line) + 0.5) / lines
        let x = upper.x + slope * (y - upper.y) - Double(left)
        crossings.append(
          Crossing(line: Int32(line), x: Float(x), direction: from.y < to.y ? sign : -sign))
      }
    }
  }

  private mutating func fill(between crossings: [Crossing]) {
    let share = 1 / Float(CoverageMask.linesPerRow)
    // What a row's pixels are covered by more than their left neighbours, summed up when the row is done.
    var steps = [Float](repeating: 0, count: width + 2)
    var (index, row) = (0, 0)
    while index < crossings.count {
      let line = crossings[index].line
      let lineRow = Int(line) / CoverageMask.linesPerRow
      if lineRow != row {
        finish(row: row, &steps)
        row = lineRow
      }
      var winding: Int32 = 0
      while index < crossings.count, crossings[index].line == line {
        let start = crossings[index].x
        repeat {
          winding += crossings[index].direction
          index += 1
        } while winding != 0 && index < crossings.count && crossings[index].line == line
        let end = crossings[index - 1].x
        add(from: max(0, min(start, Float(width))), share, &steps)
        add(from: max(0, min(end, Float(width))), -share, &steps)
      }
    }
    finish(row: row, &steps)
  }

  /// Adds to the coverage of everything right of a position in a row.
  private func add(from x: Float, _ amount: Float, _ steps: inout [Float]) {
    let column = Int(x)
    let part = x - Float(column)
    steps[column] += amount * (1 - part)
    steps[column + 1] += amount * part
  }

  private mutating func finish(row: Int, _ steps: inout [Float]) {
    var sum: Float = 0
    for column in 0..<width {
      sum += steps[column]
      values[row * width + column] = max(0, min(sum, 1))
    }
    for column in steps.indices { steps[column] = 0 }
  }

  /// Takes the part that both masks cover.
  func intersected(with other: CoverageMask) -> CoverageMask {
    var result = self
    for row in 0..<height {
      for column in 0..<width {
        let (x, y) = (column + left - other.left, row + top - other.top)
        let isInside = x >= 0 && y >= 0 && x < other.width && y < other.height
        result.values[row * width + column] *= isInside ? other.values[y * other.width + x] : 0
      }
    }
    return result
  }
}
