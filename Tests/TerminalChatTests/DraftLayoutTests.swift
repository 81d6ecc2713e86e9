import TestSupport
import Testing

@testable import TerminalChat

/// The rows of a draft, found without making glyphs, against the same made of all its glyphs.
@Suite struct DraftLayoutTests {
  /// Glyph by glyph, as it is easy to see that it is right.
  private struct Naive {
    var rows: [[Glyph]] = [[]]
    var column = 0
    var row = 0

    init(_ draft: Draft, width: Int) {
      var offset = 0
      var isPlaced = false
      func used() -> Int { rows[rows.count - 1].reduce(0) { $0 + $1.width } }
      let lines = draft.text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
      for (index, line) in lines.enumerated() {
        for glyph in Glyph.glyphs(of: String(line)) {
          if used() + glyph.width > width { rows.append([]) }
          if !isPlaced, draft.cursor < offset + glyph.byteCount {
            (column, row, isPlaced) = (used(), rows.count - 1, true)
          }
          rows[rows.count - 1].append(glyph)
          offset += glyph.byteCount
        }
        guard index < lines.count - 1 else { break }
        if !isPlaced, draft.cursor <= offset { (column, row, isPlaced) = (used(), rows.count - 1, true) }
        rows.append([])
        offset += 1
      }
      guard !isPlaced else { return }
      if used() >= width { rows.append([]) }
      (column, row) = (used(), rows.count - 1)
    }
  }

  @Test func rowsAreThoseOfAllGlyphs() {
    var random = SeededGenerator(state: 3)
    let signs = ["a", "b", " ", "é", "日", "🐶", "e\u{301}", "\u{301}", "\u{200D}", "\u{1F3FD}", "👍🏽", "❤️", "\n"]
    for _ in 0..<2000 {
      var text = ""
      for _ in 0..<Int.random(in: 0...20, using: &random) { text += signs.randomElement(using: &random) ?? "" }
      let width = Int.random(in: 1...9, using: &random)
      let draft = Draft(text: text, cursor: Int.random(in: 0...text.utf8.count + 1, using: &random))
      let layout = DraftLayout(draft, width: width)
      let naive = Naive(draft, width: width)
      #expect(layout.rows.indices.map { layout.glyphs($0) } == naive.rows, "\(draft) \(width)")
      #expect(layout.row == naive.row && layout.column == naive.column, "\(draft) \(width)")
      for (index, row) in naive.rows.enumerated() where index < layout.rows.count {
        #expect(layout.rows[index].width == row.reduce(0) { $0 + $1.width })
        #expect(layout.rows[index].bytes.count == row.reduce(0) { $0 + $1.byteCount })
      }
    }
  }

  @Test func controlsKeepTheirPlaces() {
    let layout = DraftLayout(Draft(text: "a\u{1b}b\u{7f}c", cursor: 4), width: 20)
    #expect(layout.glyphs(0).map(\.text).joined() == "a?b?c" && layout.column == 4)
  }

  /// Where there is room for three rows, the rows around the cursor are shown, whatever else was pasted.
  @Test func hugeDraftsShowWhereTheCursorStands() {
    var chat = Harness(columns: 40, rows: 12)
    let text = String(repeating: "word ", count: 200_000) + "the end"
    chat.send(.draft(Draft(text: text)))
    #expect(chat.text.contains("the end") && !chat.text.contains("> word"))
    chat.send(.draft(Draft(text: text, cursor: 0)))
    #expect(chat.text.contains("> word") && !chat.text.contains("the end"))
    #expect(chat.cells.cursor == Cells.Position(column: 2, row: ChatLayout(chat.state).input.row))
  }
}
