import Diagnostics
import Dialogue
import Pictures
import Testing

@testable import TerminalChat

/// Pictures in cells, and lines over them.
@Suite struct PictureTests {
  private func picture(_ width: Int, _ height: Int, _ color: (Int, Int) -> (UInt8, UInt8, UInt8)) -> Picture {
    var pixels: [UInt8] = []
    for row in 0..<height {
      for column in 0..<width {
        let (red, green, blue) = color(column, row)
        pixels += [red, green, blue]
      }
    }
    return Picture(width: width, height: height, pixels: pixels)
  }

  private func art(_ picture: Picture, _ columns: Int, _ rows: Int, _ capabilities: Capabilities) throws -> [[Cell]] {
    let painter = PicturePainter()
    painter.use(picture)
    let art = try #require(painter.art(columns: columns, rows: rows, capabilities))
    return (0..<rows).map { Array(art.cells[$0 * columns..<($0 + 1) * columns]) }
  }

  // MARK: written pictures

  /// How many pixels of the first label's ground there are in the row below its upper edge.
  private func ground(_ phrases: [NumberedPhrase], width: Int = 400) -> Int {
    let plain = picture(width, 300) { _, _ in (1, 2, 3) }
    let drawn = AnnotatedPicture(plain, phrases).picture
    let row = drawn.pixels[3 * 61 * width..<3 * 62 * width]
    return stride(from: row.startIndex, to: row.endIndex, by: 3).count { Array(row[$0..<$0 + 3]) == [255, 70, 70] }
  }

  @Test func writtenPicturesSayThePhraseWhereItFits() {
    let box = BoundingBox(x0: 10, y0: 20, x1: 50, y1: 60)
    func labelled(_ text: String, count: Int = 1, width: Int = 400) -> Int {
      let phrases = (1...count).map { _ in NumberedPhrase(number: 1, text: text, boxes: [box]) }
      return ground(phrases, width: width)
    }
    // Dots of two pixels: a column of six for each letter, and one. The box's other edge has a pixel of its own.
    let bare = labelled("")
    #expect(bare == 2 * (6 * 1 + 1) + 1)
    #expect(labelled("the cat") == 2 * (6 * 9 + 1) + 1 && labelled("Él") == 2 * (6 * 4 + 1) + 1)
    #expect(labelled("猫") == bare && labelled("the cat", width: 100) == bare)
    // A label hides no other; so the second one has its number alone, over the first.
    #expect(labelled("the cat", count: 2) == labelled("the cat"))
  }

  @Test func writtenPicturesArePNGByName() throws {
    func name(_ given: String?, _ hasBoxes: Bool = true) throws(InputError) -> String {
      try SavedPictureName.chosen(given, picture: "/p/bus.jpg", hasBoxes: hasBoxes) { $0 == "bus-boxes.png" }
    }
    let made = [try name(nil), try name(nil, false)]
    #expect(made == ["bus-boxes-2.png", "bus.png"])
    let given = [try name("out.PNG"), try name("a.b/out"), try name("v1.5")]
    #expect(given == ["out.PNG", "a.b/out.png", "v1.5.png"])
    let error = #expect(throws: InputError.self) { try name("out.jpg") }
    #expect(error?.file == "out.jpg" && error?.expected.contains(".png") == true)
  }

  // MARK: pictures in cells

  /// Rows of pixels are whole numbers of four bytes for libchafa, whatever the picture's width.
  @Test(arguments: 61...64)
  func uprightLinesStayUpright(width: Int) throws {
    let halves = picture(width, 48) { column, _ in column < width / 2 ? (255, 0, 0) : (0, 0, 255) }
    let rows = try art(halves, 20, 8, Capabilities())
    for row in rows { #expect(row == rows[0]) }
    #expect(rows[0][2] != rows[0][17])
  }

  /// Without colours, things on a plain ground stand on the terminal's background, dark ones and bright ones alike.
  @Test(arguments: [false, true], [false, true])
  func thingsStandOutWithoutColours(isASCII: Bool, isLight: Bool) throws {
    let scene = picture(80, 40) { column, row in
      guard (10..<30).contains(row) else { return (150, 224, 210) }
      return (10..<30).contains(column) ? (250, 180, 0) : (50..<70).contains(column) ? (0, 30, 90) : (150, 224, 210)
    }
    let capabilities = Capabilities(isASCIIDrawing: isASCII, colors: 0, isLight: isLight)
    let rows = try art(scene, 40, 20, capabilities)
    #expect(rows[10][10] == rows[10][30] && rows[10][10].text != " ")
    #expect(rows[2][20].text == " " && rows[10][20].text == " " && rows[10][10].style == .plain)
  }

  /// Without a ground the brighter part is the brighter one on the screen too.
  @Test(arguments: [false, true])
  func shadesArePartedInTheMiddle(isLight: Bool) {
    let shades = picture(64, 8) { column, _ in
      let gray = UInt8(4 * column)
      return (gray, gray, gray)
    }
    let pixels = Silhouette(shades, isLight: isLight).picture.pixels
    let row = (0..<64).map { pixels[3 * $0] }
    #expect(Set(row[..<32]) == [isLight ? 255 : 0] && Set(row[32...]) == [isLight ? 0 : 255])
  }

  @Test func onePlainColourIsDrawnToo() throws {
    let plain = picture(8, 8) { _, _ in (9, 9, 9) }
    #expect(try art(plain, 4, 2, Capabilities(colors: 0)).count == 2)
  }

  // MARK: frames

  /// Lines of every colour are seen over every colour of a picture, which shows through.
  @Test(arguments: [false, true])
  func framesStandOutFromAllPictures(isLight: Bool) throws {
    let theme = Theme(Capabilities(isLight: isLight))
    for color in UInt8(16)...255 {
      let behind = Cell(" ", Style(background: .indexed(color)))
      for style in (1...8).map({ theme.frame($0, over: behind) }) + [theme.region(over: behind)] {
        #expect(style.background == .indexed(color))
        let line = try #require(Palette.rgb(style.foreground))
        #expect(Palette.contrast(line, try #require(Palette.rgb(color))) >= 2.4, "\(color)")
      }
    }
    // A full block shows its foreground.
    let block = Cell("█", Style(foreground: .indexed(231), background: .indexed(16)))
    #expect(theme.frame(1, over: block).background == .indexed(231))
    // Nothing is known of the terminal's own colours.
    #expect(theme.frame(1, over: .blank) == theme.phrase(1))
  }

  @Test func framesAreDrawnOverThePicture() throws {
    var chat = Harness(columns: 120, rows: 40)
    chat.attach(width: 400, height: 300)
    chat.talk("where?", "{<10><20><50><60>}")
    let place = try #require(ChatLayout(chat.state).art)
    for color in [UInt8(16), 231] {
      let cell = Cell(" ", Style(background: .indexed(color)))
      let cells = chat.state.render {
        PictureArt(columns: $0, rows: $1, cells: Array(repeating: cell, count: $0 * $1))
      }
      let corner = BoxDrawing.cells(of: BoundingBox(x0: 10, y0: 20, x1: 50, y1: 60), in: place)
      let frame = cells[corner.column, corner.row]
      #expect(frame.text == "┌" && frame.style.background == .indexed(color))
    }
  }
}
