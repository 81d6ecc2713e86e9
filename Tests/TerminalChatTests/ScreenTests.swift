import Dialogue
import Testing

@testable import TerminalChat

@Suite struct ScreenTests {
  // MARK: boxes

  @Test(arguments: [(300, 100), (100, 300), (100, 100)])
  func boxesFollowThePicture(width: Int, height: Int) throws {
    var chat = Harness(columns: 120, rows: 40)
    chat.attach(width: width, height: height)
    chat.talk("where?", "{<10><20><50><60>}")
    let art = try #require(ChatLayout(chat.state).art)
    // Twice as tall as wide are cells, so this is the picture's aspect within a cell.
    #expect(
      abs(Double(art.columns) * Double(height) - 2 * Double(art.rows) * Double(width)) <= 2 * Double(max(width, height))
    )
    let left = art.column + art.columns / 10
    let right = art.column + (art.columns + 1) / 2 - 1
    let top = art.row + art.rows / 5
    let bottom = art.row + (3 * art.rows + 4) / 5 - 1
    let cells = chat.cells
    #expect(cells[left, top].text == "┌")
    #expect(cells[right, top].text == "┐")
    #expect(cells[left, bottom].text == "└")
    #expect(cells[right, bottom].text == "┘")
  }

  @Test func wholePictureIsAllCells() {
    let art = Rectangle(column: 3, row: 4, columns: 17, rows: 9)
    #expect(BoxDrawing.cells(of: BoundingBox(x0: 0, y0: 0, x1: 100, y1: 100), in: art) == art)
    for edge in 0...100 {
      let part = BoxDrawing.cells(of: BoundingBox(x0: edge, y0: edge, x1: edge, y1: edge), in: art)
      #expect(part.columns == 1 && part.rows == 1 && art.contains(column: part.column, row: part.row))
    }
  }

  @Test func phrasesHaveNumbersOfTheirBoxes() {
    var chat = Harness(columns: 120, rows: 40)
    chat.attach(width: 400, height: 300)
    chat.talk("what?", "<p>a cat</p>{<0><0><40><40>}<p>a dog</p>{<50><50><90><90>}<delim>{<50><0><90><40>}")
    let text = chat.text
    #expect(text.contains("a cat[1] a dog[2]"))
    #expect(text.contains("┌1 a cat") && text.components(separatedBy: "┌2 a dog").count == 3)
  }

  @Test func asciiHasNothingElse() {
    var chat = Harness(columns: 100, rows: 30, capabilities: Capabilities(isUnicode: false, colors: 0))
    chat.attach(width: 400, height: 300)
    chat.talk("wo ist 日?", "<p>dör</p>{<0><0><60><60>}")
    #expect(chat.text.utf8.allSatisfy { $0 < 0x80 })
    #expect(chat.text.contains("+1 d?r-") && chat.text.contains("wo ist ? ?"))
    chat.press("F1")
    #expect(chat.text.utf8.allSatisfy { $0 < 0x80 })
  }

  @Test func brokenBoxesAreCounted() {
    var chat = Harness()
    chat.attach(width: 400, height: 300)
    chat.talk("what?", "{<90><90><10><10>} x {<10><20><300><40>} y {<1><2><3>} z {<120><0><130><9>} {<1><2")
    #expect(chat.text.contains("skipped") && chat.text.contains("clamped"))
  }

  @Test func tinyBoxesShowTheirNumber() {
    var chat = Harness()
    chat.attach(width: 400, height: 300)
    chat.talk("what?", "{<50><50><51><51>}")
    let art = ChatLayout(chat.state).art!
    let part = BoxDrawing.cells(of: BoundingBox(x0: 50, y0: 50, x1: 51, y1: 51), in: art)
    #expect(chat.cells[part.column + 1, part.row].text == "1")
  }

  /// What was asked for names a box that the answer gives without a phrase.
  @Test func lonelyBoxesShowWhatWasAskedFor() {
    var chat = Harness(columns: 120, rows: 40)
    chat.attach(width: 400, height: 300)
    chat.ask("/tasks refer")
    chat.talk("<p>the dog</p>", "{<10><20><80><90>}")
    #expect(chat.text.contains("┌1 the dog") && chat.text.contains("[1] the dog") && chat.text.contains("  the dog[1]"))
    chat.ask("/tasks vqa")
    chat.talk("where is it?", "{<10><20><80><90>}")
    #expect(chat.text.contains("┌1─") && chat.text.contains("  box 1"))
  }

  // MARK: the first screen

  @Test func theFirstScreenSaysWhatToDo() {
    var chat = Harness(columns: 80, rows: 24)
    #expect(chat.text.contains("/image PATH attaches a picture") && chat.text.contains("Shift-Tab"))
    chat.attach(width: 400, height: 300)
    #expect(chat.text.contains("Ask about the picture"))
    for key in ["Shift-Tab", "F1", "Ctrl-D"] { #expect(chat.text.contains("   \(key) ")) }
    chat.talk("what?", "that")
    #expect(!chat.text.contains("Ask about the picture") && !chat.text.contains("Ctrl-D"))
  }

  // MARK: themes

  @Test(arguments: [false, true])
  func onlyThePictureHasABackground(isLight: Bool) throws {
    var chat = Harness(columns: 100, rows: 30, capabilities: Capabilities(isLight: isLight))
    chat.attach(width: 640, height: 480)
    chat.talk("what?", "<p>a cat</p>{<0><0><40><40>}<p>a dog</p>{<50><50><90><90>}")
    for key in ["F5", "F1", "F2", "F3", "F8"] {
      chat.press("Escape", key)
      let cells = chat.cells
      #expect(cells.cells.allSatisfy { $0.style.background == .standard }, "\(key)")
    }
    chat.press("Escape")
    let art = try #require(ChatLayout(chat.state).art)
    let label = chat.cells[art.column + 1, art.row]
    #expect(label.text == "1" && label.style.isReversed && label.style.foreground != .standard)
  }

  // MARK: layout

  @Test(arguments: [(120, 40), (80, 24), (40, 12), (40, 10), (20, 6), (300, 100), (70, 7)])
  func allFits(columns: Int, rows: Int) {
    var chat = Harness(columns: columns, rows: rows)
    chat.attach(width: 640, height: 480)
    chat.talk("what is this?", "<p>a thing</p>{<0><0><99><99>} of a kind")
    let layout = ChatLayout(chat.state)
    #expect(!layout.isTooSmall)
    #expect(layout.conversation.rows >= 2)
    if let art = layout.art {
      #expect(art.column >= 0 && art.column + art.columns <= columns && art.row + art.rows <= layout.rule)
      for row in 0..<layout.conversation.rows {
        #expect(!art.contains(column: layout.conversation.column, row: layout.conversation.row + row))
      }
    }
    #expect(chat.lines.count == rows)
    #expect(chat.lines[rows - 1].contains("demo"))
  }

  @Test(arguments: [(19, 24), (80, 5), (1, 1), (0, 0)])
  func tooSmallSaysSo(columns: Int, rows: Int) {
    let chat = Harness(columns: columns, rows: rows)
    #expect(chat.lines.count <= max(rows, 1))
    if columns > 10, rows > 2 { #expect(chat.text.contains("Too small")) }
  }

  @Test func besideOnWideAboveOnNarrow() {
    var chat = Harness(columns: 100, rows: 30)
    chat.attach(width: 640, height: 480)
    #expect(ChatLayout(chat.state).divider != nil)
    chat.send(.resized(columns: 60, rows: 30))
    let layout = ChatLayout(chat.state)
    #expect(layout.divider == nil && layout.conversation.row == layout.art!.rows)
  }

  @Test func hidesAndZooms() {
    var chat = Harness(columns: 100, rows: 30)
    chat.attach(width: 640, height: 480)
    chat.talk("q", "the answer")
    chat.press("F6")
    #expect(ChatLayout(chat.state).art == nil && chat.text.contains("the answer"))
    chat.press("F6", "F7")
    #expect(ChatLayout(chat.state).art!.rows == 27 && !chat.text.contains("the answer"))
    chat.press("Escape")
    #expect(chat.text.contains("the answer"))
  }

  @Test func rawMarkupIsAKeyAway() {
    var chat = Harness()
    chat.talk("q", "<p>dog</p>{<1><2><3><4>}")
    #expect(!chat.text.contains("<p>"))
    chat.press("F5")
    #expect(chat.text.contains("<p>dog</p>{<1><2><3><4>}"))
  }

  // MARK: regions

  @Test func regionsAreMovedSizedAndInserted() {
    var chat = Harness(columns: 100, rows: 30)
    chat.attach(width: 640, height: 480)
    chat.ask("/tasks identify")
    #expect(chat.text.contains("╔") && chat.text.contains("{<25><25><75><75>}"))
    chat.press("Right", "Down", "S-Left", "Enter")
    #expect(chat.state.draft.text == "{<27><27><75><77>}")
  }

  @Test func dragsSpanCells() {
    var chat = Harness(columns: 100, rows: 30)
    chat.attach(width: 640, height: 480)
    let art = ChatLayout(chat.state).art!
    for (a, b) in [(0, art.columns - 1), (3, 3), (5, 20), (20, 5)] {
      chat.send(.mouse(MouseEvent(.press, column: art.column + a, row: art.row + 2)))
      chat.send(.mouse(MouseEvent(.drag, column: art.column + b, row: art.row + 7)))
      chat.send(.mouse(MouseEvent(.release, column: art.column + b, row: art.row + 7)))
      guard case .region(let picker) = chat.state.overlay else { Issue.record("no picker"); return }
      let part = BoxDrawing.cells(of: picker.box, in: art)
      #expect(part == Rectangle(column: art.column + min(a, b), row: art.row + 2, columns: abs(a - b) + 1, rows: 6))
      chat.press("Escape")
    }
  }

  @Test func typedRegionsWin() {
    var chat = Harness()
    chat.attach(width: 640, height: 480)
    chat.ask("/tasks identify")
    chat.press("{")
    #expect(chat.state.overlay == nil && chat.state.draft.text == "{")
    chat.send(.draft(Draft(text: "{<1><2><30><40>}")))
    chat.press("Enter")
    #expect(chat.state.overlay == nil)
  }

  // MARK: scrolling

  @Test func scrollsToBothEnds() {
    var chat = Harness()
    for number in 0..<50 { chat.talk("question \(number)?", "answer \(number)") }
    #expect(chat.text.contains("answer 49"))
    chat.press("Home")
    #expect(chat.text.contains("question 0?") && !chat.text.contains("answer 49") && chat.text.contains("more below"))
    chat.press("PageDown")
    #expect(!chat.text.contains("question 0?"))
    chat.press("PageUp")
    #expect(chat.text.contains("question 0?"))
    chat.press("End")
    #expect(chat.text.contains("answer 49") && chat.state.scroll == .bottom)
    chat.press("PageUp")
    for _ in 0..<30 { chat.send(.mouse(MouseEvent(.wheelDown, column: 1, row: 1))) }
    #expect(chat.state.scroll == .bottom)
  }

  @Test func everyLineIsSeenOnce() {
    var chat = Harness(rows: 12)
    for number in 0..<20 { chat.talk("q\(number)", "a\(number) " + String(repeating: "word ", count: number * 3)) }
    chat.press("Home")
    var seen: [String] = []
    let height = ChatLayout(chat.state).conversation.rows
    for _ in 0..<200 {
      seen.append(chat.lines[0])
      if chat.state.scroll == .bottom { break }
      chat.state.scrollBy(1)
    }
    seen += chat.lines[1..<height]
    let all = chat.state.entries.flatMap {
      EntryLines($0, LineCache.Format(width: 78, showsMarkup: false, capabilities: chat.state.capabilities)).lines
    }.map { $0.text.isEmpty ? "" : " " + $0.text }
    #expect(seen == Array(all.dropLast()))
  }

  @Test func thousandsOfTurnsCostNothing() {
    var chat = Harness(columns: 120, rows: 40)
    for number in 0..<2000 { chat.talk("question \(number)", String(repeating: "many words ", count: 40)) }
    let clock = ContinuousClock()
    _ = chat.cells
    let time = clock.measure {
      for _ in 0..<50 {
        chat.press("PageUp")
        _ = chat.cells
      }
    }
    #expect(time < .seconds(2))
    chat.press("Home")
    #expect(chat.text.contains("question 0"))
  }

  @Test func helpScrolls() {
    var chat = Harness()
    chat.press("F1")
    #expect(chat.text.contains("Keys") && chat.text.contains("F4"))
    chat.press("End")
    #expect(chat.text.contains("/quit"))
    chat.press("q")
    #expect(!chat.text.contains("/quit"))
  }

  @Test func draftsGrow() {
    var chat = Harness()
    chat.send(.draft(Draft(text: "one\ntwo\nthree")))
    #expect(chat.text.contains("> one\n  two\n  three"))
    #expect(chat.cells.cursor == Cells.Position(column: 7, row: 22))
  }
}
