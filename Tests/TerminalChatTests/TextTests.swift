import Testing

@testable import TerminalChat

@Suite struct TextTests {
  @Test(arguments: [
    ("a", 1), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("한", 2), ("🐶", 2), ("👍🏽", 2), ("👩‍🚀", 4), ("❤️", 1), ("ﬁ", 1), ("", 0),
    ("\u{200B}a", 2), ("ｱ", 1), ("🫨", 2),
  ])
  func widthInColumns(text: String, width: Int) {
    #expect(DisplayWidth.of(text) == width)
  }

  @Test func glyphsAccountForAllBytes() {
    let text = "a日e\u{301}\u{302}👩‍🚀❤️👍🏽🇩🇪\u{301}"
    #expect(Glyph.glyphs(of: text).reduce(0) { $0 + $1.byteCount } == text.utf8.count)
  }

  @Test(arguments: [
    ("\u{1b}[31mred\u{7}", "^[[31mred^G"), ("a\r\nb\tc", "a\nb  c"), ("\u{9b}31m", "\u{FFFD}31m"),
    ("\u{202E}evil", "\u{FFFD}evil"), ("日本é", "日本é"),
  ])
  func controlsBecomeVisible(text: String, clean: String) {
    #expect(CleanText.lines(text) == clean)
  }

  @Test(arguments: [2, 3, 5, 8, 13, 40])
  func wrappingLosesNothingButSpaces(width: Int) {
    let text = "The 日本語 text has wide ones, e\u{301} marks, 🐶🐱🐭🐹 and averyveryverylongwordindeed end"
    let lines = StyledLine(text).wrapped(to: width)
    #expect(lines.allSatisfy { $0.width <= width })
    let wanted = StyledLine(text).text.filter { $0 != " " }
    #expect(lines.map(\.text).joined().filter { $0 != " " } == wanted)
  }

  @Test func wrapsAtSpaces() {
    #expect(StyledLine("one two three\n\nfour").wrapped(to: 7).map(\.text) == ["one two", "three", "", "four"])
    #expect(StyledLine("one two three").wrapped(to: 9, indent: 2).map(\.text) == ["  one two", "  three"])
  }

  @Test func cutsWithAMark() {
    #expect(StyledLine("日本語").cut(to: 4).text == "日…")
    #expect(StyledLine("abc").cut(to: 3).text == "abc")
  }

  @Test func cursorStandsWhereTextEnds() {
    let layout = DraftLayout(Draft(text: "日本é🐶"), width: 20)
    #expect(layout.column == 7 && layout.row == 0)
    let marks = DraftLayout(Draft(text: "e\u{301}x", cursor: 3), width: 20)
    #expect(marks.column == 1)
  }

  @Test func longDraftsBreakWithoutLoss() {
    let text = "日本語日本語 and\nmore 🐶🐶🐶🐶"
    let layout = DraftLayout(Draft(text: text), width: 5)
    #expect(layout.rows.allSatisfy { $0.width <= 5 })
    #expect(layout.rows.indices.flatMap { layout.glyphs($0) }.map(\.text).joined() == text.filter { $0 != "\n" })
  }

  @Test func cursorMovesBetweenRows() {
    let layout = DraftLayout(Draft(text: "abc\ndefg\nh", cursor: 6), width: 10)
    #expect(layout.row == 1 && layout.column == 2)
    #expect(layout.cursor(rows: -1) == 2)
    #expect(layout.cursor(rows: 1) == 10)
    #expect(layout.cursor(rows: 2) == nil)
  }
}
