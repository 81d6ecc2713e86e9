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
      var state = ChatState(columns: 120, rows: 40, capabilities: Capabilities(cellAspect: 0.5))
      _ = state.handle(.submit("/image bus.png"), now: 0)
      _ = state.handle(
        .picture(path: "bus.png", .success(PictureFacts(width: width, height: height, hash: ""))), now: 0)
      let art = try #require(ChatLayout(state).art)
      let lines = try terminal.lines().map { Array($0) }
      let left = art.column + art.columns * 10 / 100
      let right = art.column + (art.columns * 50 + 99) / 100 - 1
      let top = art.row + art.rows * 20 / 100
      let bottom = art.row + (art.rows * 60 + 99) / 100 - 1
      #expect(lines[top][left] == "┌" && lines[top][right] == "┐")
      #expect(lines[bottom][left] == "└" && lines[bottom][right] == "┘")
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
      try terminal.wait(for: "no box in this answer")
    }

    /// Points 18 and 19.
    @Test func picturesAreUprightAndToldByContent() throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40)
      func shown(_ number: Int) throws -> [String] {
        let path = Fixtures.path("pictures/orientation\(number).tiff")
        try terminal.enter("/image \(path)")
        try terminal.wait(for: "orientation\(number).tiff  ")
        return try terminal.lines().prefix(25).map { String($0.dropFirst(61)) }
      }
      try terminal.open()
      let upright = try shown(1)
      #expect(upright.prefix(18).joined().showsPicture)
      // The files are lossless, so that all cells are the same.
      for number in 2...8 { #expect(try shown(number).prefix(18) == upright.prefix(18)) }
      let fake = terminal.folder.appendingPathComponent("fake.png").path
      try Data("no picture".utf8).write(to: URL(fileURLWithPath: fake))
      try terminal.enter("/image fake.png")
      try terminal.wait(for: "! fake.png: magic number")
    }

    @Test func savedPicturesHaveTheirBoxes() throws {
      let terminal = try TmuxTerminal(columns: 120, rows: 40)
      try terminal.makePicture("bus.png", width: 400, height: 300)
      try terminal.open("bus.png")
      try terminal.enter("corners")
      try terminal.wait(for: "┘")
      try terminal.enter("/save-picture out.png")
      try terminal.wait(for: "Wrote out.png with 1 box.")
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
