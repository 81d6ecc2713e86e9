import Dialogue
import Pictures

/// A picture in full resolution with boxes, their numbers and phrases drawn into it.
struct AnnotatedPicture {
  private let width: Int
  private let height: Int
  private var pixels: [UInt8]
  /// How thick lines are, in pixels.
  private let thickness: Int
  /// How large the dots of letters are, in pixels.
  private var dot: Int { max(thickness, 2) }
  /// Where labels are.
  private var labels: [Rectangle] = []

  private static let colors: [(UInt8, UInt8, UInt8)] = [
    (255, 70, 70), (60, 200, 90), (250, 200, 40), (70, 140, 255), (220, 90, 220), (40, 200, 210), (255, 150, 40),
    (160, 110, 255),
  ]

  /// Draws boxes.
  init(_ picture: Picture, _ phrases: [NumberedPhrase]) {
    width = picture.width
    height = picture.height
    pixels = picture.pixels
    thickness = max(min(width, height) / 200, 1)
    for phrase in phrases {
      for box in phrase.boxes { outline(box, phrase.number) }
    }
    for phrase in phrases {
      for box in phrase.boxes { label(box, phrase) }
    }
  }

  /// The picture with its boxes.
  var picture: Picture { Picture(width: width, height: height, pixels: pixels) }

  private func color(_ number: Int) -> (UInt8, UInt8, UInt8) { Self.colors[(max(number, 1) - 1) % Self.colors.count] }

  private mutating func fill(_ columns: Range<Int>, _ rows: Range<Int>, _ color: (UInt8, UInt8, UInt8)) {
    let columns = columns.clamped(to: 0..<width)
    for row in rows.clamped(to: 0..<height) {
      for column in columns {
        let index = 3 * (row * width + column)
        (pixels[index], pixels[index + 1], pixels[index + 2]) = color
      }
    }
  }

  private mutating func outline(_ box: BoundingBox, _ number: Int) {
    let edges = box.pixels(width: width, height: height)
    // A box at the edge keeps its lines inside.
    let x0 = min(edges.x0, width - 1)
    let y0 = min(edges.y0, height - 1)
    let x1 = max(edges.x1, x0 + 1)
    let y1 = max(edges.y1, y0 + 1)
    fill(x0..<x1, y0..<min(y0 + thickness, y1), color(number))
    fill(x0..<x1, max(y1 - thickness, y0)..<y1, color(number))
    fill(x0..<min(x0 + thickness, x1), y0..<y1, color(number))
    fill(max(x1 - thickness, x0)..<x1, y0..<y1, color(number))
  }

  /// Writes the number and what it stands for on a ground of the box's colour, at its upper left corner: the phrase too
  /// where it is no wider than the picture, no other label is there, and its letters are known; else the number alone.
  private mutating func label(_ box: BoundingBox, _ phrase: NumberedPhrase) {
    let edges = box.pixels(width: width, height: height)
    for text in [phrase.label, "\(phrase.number)"] {
      guard let letters = DotLetters.dots(of: text) else { continue }
      let across = dot * ((DotLetters.columns + 1) * letters.count + 1)
      let down = dot * (DotLetters.rows + 2)
      let left = max(min(edges.x0, width - across), 0)
      let top = max(min(edges.y0, height - down), 0)
      let place = Rectangle(column: left, row: top, columns: across, rows: down)
      let isFree = across <= width && !labels.contains { $0.overlaps(place) }
      guard isFree || text != phrase.label || phrase.text.isEmpty else { continue }
      labels.append(place)
      fill(left..<left + across, top..<top + down, color(phrase.number))
      for (index, letter) in letters.enumerated() {
        write(letter, column: left + dot * (1 + (DotLetters.columns + 1) * index), row: top + dot)
      }
      return
    }
  }

  private mutating func write(_ letter: [UInt8], column: Int, row: Int) {
    for (y, bits) in letter.enumerated() {
      for x in 0..<DotLetters.columns where bits >> UInt8(DotLetters.columns - 1 - x) & 1 == 1 {
        let (left, top) = (column + dot * x, row + dot * y)
        fill(left..<left + dot, top..<top + dot, (0, 0, 0))
      }
    }
  }
}

extension Rectangle {
  fileprivate func overlaps(_ other: Rectangle) -> Bool {
    column < other.column + other.columns && other.column < column + columns && row < other.row + other.rows
      && other.row < row + rows
  }
}
