import Foundation
import Pictures
import TestSupport
import Testing

@testable import TerminalChat

extension RealTerminal {
  @Suite(.serialized) struct Boxes {
    /// Point 3: corners in the cells that follow from the picture's rectangle.
    @Test(arguments: [(300, 100), (100, 300), (120, 100)])
    func cornersStandInTheirCells(width: Int, height: Int) throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40)
      try terminal.makePicture("bus.png", width: width, height: height)
      try terminal.open("bus.png")
      try terminal.wait(for: "\(width)×\(height)")
      try terminal.enter("corners")
      try terminal.wait(for: "┘")
      let art = try Self.art(width: width, height: height, columns: 120, rows: 40)
      let lines = try terminal.lines().map { Array($0) }
      let left = art.column + art.columns * 10 / 100
      let right = art.column + (art.columns * 50 + 99) / 100 - 1
      let top = art.row + art.rows * 20 / 100
      let bottom = art.row + (art.rows * 60 + 99) / 100 - 1
      #expect(lines[top][left] == "┌" && lines[top][right] == "┐")
      #expect(lines[bottom][left] == "└" && lines[bottom][right] == "┘")
    }

    /// Point 14: in the middle of an answer too, boxes follow the picture to where each size puts it.
    @Test func boxesFollowTheWindow() throws {
      let terminal = try TmuxTerminal(columns: 80, rows: 24)
      try terminal.makePicture("bus.png", width: 400, height: 300)
      try terminal.open("bus.png")
      try terminal.wait(for: "400×300")
      try terminal.enter("moving")
      try terminal.wait(for: "┘")
      for (columns, rows) in [(80, 24), (40, 10), (120, 40), (60, 20), (100, 12)] {
        try terminal.resize(columns: columns, rows: rows)
        let art = try Self.art(width: 400, height: 300, columns: columns, rows: rows)
        let left = art.column + art.columns * 10 / 100
        let right = art.column + (art.columns * 50 + 99) / 100 - 1
        let top = art.row + art.rows * 20 / 100
        let bottom = art.row + (art.rows * 60 + 99) / 100 - 1
        try terminal.wait("corners at \(columns)×\(rows)") { text in
          let lines = text.components(separatedBy: "\n").map { Array($0) }
          func mark(_ column: Int, _ row: Int) -> Character? {
            lines.indices.contains(row) && lines[row].indices.contains(column) ? lines[row][column] : nil
          }
          return mark(left, top) == "┌" && mark(right, top) == "┐" && mark(left, bottom) == "└"
            && mark(right, bottom) == "┘" && text.filter { $0 == "┌" }.count == 1 && text.contains("stops")
            && text.contains("word word")
        }
      }
    }

    private static func art(width: Int, height: Int, columns: Int, rows: Int) throws -> Rectangle {
      var state = ChatState(columns: columns, rows: rows, capabilities: Capabilities(cellAspect: 0.5))
      _ = state.handle(.submit("/image bus.png"), now: 0)
      _ = state.handle(
        .picture(path: "bus.png", .success(PictureFacts(width: width, height: height, hash: ""))), now: 0)
      return try #require(ChatLayout(state).art)
    }

    /// Points 4 and 5.
    @Test func phrasesAndTheirBoxesShareNumberAndColour() throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40)
      try terminal.makePicture("bus.png", width: 400, height: 300)
      try terminal.open("bus.png")
      try terminal.wait(for: "400×300")
      try terminal.enter("pair")
      var text = try terminal.wait(for: "a cat[1] a dog[2]")
      #expect(text.contains("┌1 a cat") && text.contains("┌2 a dog"))
      try terminal.enter("many")
      text = try terminal.wait(for: "bird[1] and bird[2]")
      #expect(text.components(separatedBy: "┌1 bird").count == 3)
      #expect(text.components(separatedBy: "┌2 bird").count == 2)
      let colored = try terminal.screen(withEscapes: true)
      for number in 1...2 {
        let color = try #require(Theme(Capabilities()).phrase(number).foreground.index)
        #expect(colored.contains("38;5;\(color)m"))
      }
    }

    /// Point 6.
    @Test func brokenBoxesAreCounted() throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40)
      try terminal.makePicture("bus.png", width: 400, height: 300)
      try terminal.open("bus.png")
      try terminal.enter("broken")
      let text = try terminal.wait(for: "clamped to the picture")
      #expect(text.contains("3 boxes skipped, 2 boxes clamped"))
      try terminal.enter("still there?")
      try terminal.wait(for: "answer to still there?")
    }

    /// Point 24.
    @Test func missingBoxesAreTold() throws {
      let terminal = try TmuxTerminal()
      try terminal.open("--task refer")
      try terminal.enter("nothing")
      try terminal.wait(for: "nothing is marked in the picture")
    }

    /// Point 18: pictures that are stored turned or mirrored look like the upright one, and so do their boxes. TIFF is
    /// the same in all cells; what JPEG and WebP lose differs by orientation, so their cells' mean colours are near.
    @Test(arguments: ["tiff", "jpg", "webp"])
    func orientationsShowTheSame(type: String) throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40)
      func shown(_ number: Int) throws -> (cells: [[Character]], colors: [[UInt32?]]) {
        try terminal.enter("/image \(Fixtures.path("pictures/orientation\(number).\(type)"))")
        try terminal.wait(for: "orientation\(number).\(type)  ")
        try terminal.enter("corners")
        try terminal.wait("the box") { $0.contains("┌1") && !$0.contains(" stops") }
        return (
          try terminal.lines().prefix(18).map { Array($0.dropFirst(61)) },
          try terminal.meanColors().prefix(18).map { Array($0.dropFirst(61)) }
        )
      }
      /// How far apart two colours are, in steps of 255 a channel.
      func distance(_ one: UInt32?, _ other: UInt32?) -> Int {
        guard let one, let other else { return one == other ? 0 : 765 }
        return [16, 8, 0].reduce(0) { $0 + abs(Int(one >> $1 & 0xff) - Int(other >> $1 & 0xff)) }
      }
      func frame(_ cells: [[Character]]) -> [[Character]] { cells.map { $0.map { "┌┐└┘─│1".contains($0) ? $0 : " " } } }
      try terminal.open()
      let upright = try shown(1)
      #expect(String(upright.cells.joined()).showsPicture && upright.cells.joined().contains("┘"))
      /// How many cells are of quite another colour than those of the upright picture.
      func far(_ colors: [[UInt32?]]) -> Int {
        zip(colors.joined(), upright.colors.joined()).count { distance($0, $1) > 160 }
      }
      // What the comparison is worth: a mirrored picture does not pass.
      #expect(far(upright.colors.map { $0.reversed() }) * 20 > upright.colors.joined().count)
      for number in 2...8 {
        let turned = try shown(number)
        let distances = zip(turned.colors.joined(), upright.colors.joined()).map { distance($0, $1) }
        if type == "tiff" { #expect(turned.cells == upright.cells && distances.allSatisfy { $0 == 0 }) }
        #expect(far(turned.colors) * 20 <= upright.colors.joined().count, "\(number)")
        #expect(
          frame(turned.cells).map { String($0).trimmedEnd } == frame(upright.cells).map { String($0).trimmedEnd })
      }
    }

    /// Point 19.
    @Test func typesAreToldByContent() throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40)
      try terminal.open()
      let picture = try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("pictures/lossy.webp")))
      try picture.write(to: terminal.folder.appendingPathComponent("really.png"))
      try terminal.enter("/image really.png")
      try terminal.wait("the picture") { $0.contains("really.png  ") && $0.showsPicture }
      try Data("no picture".utf8).write(to: terminal.folder.appendingPathComponent("fake.png"))
      try terminal.enter("/image fake.png")
      try terminal.wait(for: "found a text file")
    }

    @Test func savedPicturesHaveTheirBoxes() throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40)
      try terminal.makePicture("bus.png", width: 400, height: 300)
      try terminal.open("bus.png")
      try terminal.enter("corners")
      try terminal.wait(for: "┘")
      for name in ["bus-boxes.png", "bus-boxes-2.png"] {
        try terminal.enter("/save-picture")
        try terminal.wait(for: "Wrote ~/\(name) with 1 box.")
      }
      try terminal.enter("/save-picture out.png")
      try terminal.wait(for: "Wrote ~/out.png with 1 box.")
      let before = try Picture(contentsOf: terminal.folder.appendingPathComponent("bus.png").path)
      let after = try Picture(contentsOf: terminal.folder.appendingPathComponent("out.png").path)
      #expect(after.width == 400 && after.height == 300)
      func pixel(_ picture: Picture, _ column: Int, _ row: Int) -> ArraySlice<UInt8> {
        picture.pixels[3 * (row * 400 + column)..<3 * (row * 400 + column) + 3]
      }
      #expect(Array(pixel(after, 199, 120)) == [255, 70, 70] && Array(pixel(after, 100, 179)) == [255, 70, 70])
      #expect(Array(pixel(after, 150, 150)) == Array(pixel(before, 150, 150)))
    }
  }
}

extension Color {
  fileprivate var index: UInt8? {
    if case .indexed(let index) = self { return index }
    return nil
  }
}

extension String {
  fileprivate var trimmedEnd: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
