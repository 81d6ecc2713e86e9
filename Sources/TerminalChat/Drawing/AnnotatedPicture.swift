import Dialogue
import Pictures

/// A picture in full resolution with boxes and their numbers drawn into it.
struct AnnotatedPicture {
  private let width: Int
  private let height: Int
  private var pixels: [UInt8]
  /// How thick lines are, in pixels.
  private let thickness: Int

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
      for box in phrase.boxes { label(box, phrase.number) }
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

  /// Digits of three by five dots, a row in three bits.
  private static let digits: [[UInt8]] = [
    [7, 5, 5, 5, 7], [2, 6, 2, 2, 7], [7, 1, 7, 4, 7], [7, 1, 7, 1, 7], [5, 5, 7, 1, 1],
    [7, 4, 7, 1, 7], [7, 4, 7, 5, 7], [7, 1, 1, 2, 2], [7, 5, 7, 5, 7], [7, 5, 7, 1, 7],
  ]

  /// Writes the number on a ground of the box's colour, at its upper left corner.
  private mutating func label(_ box: BoundingBox, _ number: Int) {
    let edges = box.pixels(width: width, height: height)
    let dot = max(thickness * 2, 1)
    let text = String(number).utf8.map { Int($0 - 0x30) }
    let (across, down) = (dot * (4 * text.count + 1), dot * 7)
    let left = max(min(edges.x0, width - across), 0)
    let top = max(min(edges.y0, height - down), 0)
    fill(left..<left + across, top..<top + down, color(number))
    for (place, digit) in text.enumerated() {
      for (row, bits) in Self.digits[digit].enumerated() {
        for column in 0..<3 where bits >> UInt8(2 - column) & 1 == 1 {
          let x = left + dot * (1 + 4 * place + column)
          let y = top + dot * (1 + row)
          fill(x..<x + dot, y..<y + dot, (0, 0, 0))
        }
      }
    }
  }
}
