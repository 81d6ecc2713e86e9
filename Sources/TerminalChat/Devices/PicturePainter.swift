import CChafa
import Pictures

/// Draws a picture in cells with libchafa: the only file that touches it.
final class PicturePainter {
  private var picture: Picture?
  /// The picture in black and white, for terminals without colours.
  private var silhouette: (picture: Picture, isLight: Bool)?
  private var drawn: (art: PictureArt, capabilities: Capabilities)?

  /// More pixels than this at a side cannot be seen in a terminal.
  static let largestSide = 800

  /// The picture to draw from now on.
  func use(_ picture: Picture?) {
    self.picture = picture
    silhouette = nil
    drawn = nil
  }

  /// A smaller picture where it has more pixels than can be seen.
  static func reduced(_ picture: Picture) -> Picture {
    let side = max(picture.width, picture.height)
    guard side > largestSide else { return picture }
    return picture.resized(
      width: max(picture.width * largestSide / side, 1), height: max(picture.height * largestSide / side, 1))
  }

  /// The pixels with each row at a multiple of four bytes: libchafa takes other rows for shorter ones, and shears them.
  private static func padded(_ picture: Picture, stride: Int) -> [UInt8] {
    let row = 3 * picture.width
    guard row != stride else { return picture.pixels }
    var result = [UInt8](repeating: 0, count: stride * picture.height)
    for index in 0..<picture.height {
      result.replaceSubrange(
        index * stride..<index * stride + row, with: picture.pixels[index * row..<(index + 1) * row])
    }
    return result
  }

  private func blackAndWhite(_ picture: Picture, _ isLight: Bool) -> Picture {
    if let silhouette, silhouette.isLight == isLight { return silhouette.picture }
    let result = Silhouette(picture, isLight: isLight).picture
    silhouette = (result, isLight)
    return result
  }

  /// The picture over exactly so many cells.
  func art(columns: Int, rows: Int, _ capabilities: Capabilities) -> PictureArt? {
    guard let picture, columns > 0, rows > 0 else { return nil }
    if let drawn, drawn.art.columns == columns, drawn.art.rows == rows, drawn.capabilities == capabilities {
      return drawn.art
    }
    let shown = capabilities.colors < 8 ? blackAndWhite(picture, capabilities.isLight) : picture
    let stride = (3 * shown.width + 3) & ~3
    let canvas = Self.padded(shown, stride: stride).withUnsafeBufferPointer {
      cchafa_draw(
        $0.baseAddress, Int32(shown.width), Int32(shown.height), Int32(stride), Int32(columns), Int32(rows),
        Int32(clamping: capabilities.colors), capabilities.isASCIIDrawing ? 1 : 0)
    }
    defer { chafa_canvas_unref(canvas) }
    var cells: [Cell] = []
    cells.reserveCapacity(columns * rows)
    for row in 0..<rows {
      for column in 0..<columns {
        var foreground: Int32 = -1
        var background: Int32 = -1
        let value = cchafa_cell(canvas, Int32(column), Int32(row), &foreground, &background)
        func color(_ number: Int32) -> Color {
          guard number >= 0, capabilities.colors > 0 else { return .standard }
          return capabilities.colors >= 1 << 24 ? .rgb(UInt32(number)) : .indexed(UInt8(truncatingIfNeeded: number))
        }
        let text = Unicode.Scalar(value).map { $0.value < 0x20 ? " " : String($0) } ?? " "
        cells.append(Cell(text, Style(foreground: color(foreground), background: color(background))))
      }
    }
    let art = PictureArt(columns: columns, rows: rows, cells: cells)
    drawn = (art, capabilities)
    return art
  }
}
