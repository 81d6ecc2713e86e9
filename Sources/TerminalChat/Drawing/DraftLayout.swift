/// The line that is being written in rows of a width: broken where a row is full and at newlines, with nothing left out.
///
/// A pass over the text finds the rows; glyphs are made only of those that are looked at, so that a key costs little
/// however much was pasted.
struct DraftLayout: Equatable {
  struct Row: Equatable {
    /// Its bytes in the text, without the newline.
    var bytes: Range<Int>
    /// In columns.
    var width = 0
  }

  /// At least one.
  private(set) var rows = [Row(bytes: 0..<0)]
  /// Where the cursor stands.
  private(set) var column = 0
  private(set) var row = 0
  /// The text with controls as one sign of the same length in bytes each, so that bytes keep their places.
  private let text: String

  init(_ draft: Draft, width: Int) {
    text = Self.visible(draft.text)
    var current = Row(bytes: 0..<0)
    var offset = 0
    var breaks = GlyphBreaks()
    rows = []
    func endRow(_ rows: inout [Row], nextAt start: Int) {
      current.bytes = current.bytes.lowerBound..<offset
      rows.append(current)
      current = Row(bytes: start..<start)
    }
    for scalar in text.unicodeScalars {
      let isNewline = scalar == "\n"
      if isNewline { breaks.startLine() }
      let beginning = isNewline ? nil : breaks.next(scalar)
      if let beginning, current.width + beginning.width > width { endRow(&rows, nextAt: offset) }
      // Marks belong to what is before them, so the cursor may stand inside a glyph's bytes.
      if beginning != nil || isNewline, offset <= draft.cursor { (column, row) = (current.width, rows.count) }
      if isNewline { endRow(&rows, nextAt: offset + 1) }
      current.width += beginning?.width ?? 0
      offset += UTF8.width(scalar)
    }
    let isAtEnd = draft.cursor >= offset
    // A full row has no place for the cursor; it stands on the next one.
    if isAtEnd, current.width >= width { endRow(&rows, nextAt: offset) }
    if isAtEnd { (column, row) = (current.width, rows.count) }
    endRow(&rows, nextAt: offset)
  }

  /// What a row shows.
  func glyphs(_ row: Int) -> [Glyph] {
    let bytes = rows[row].bytes
    return Glyph.glyphs(of: String(decoding: text.utf8.dropFirst(bytes.lowerBound).prefix(bytes.count), as: UTF8.self))
  }

  private static func visible(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 < 0x20 && $0 != 0x0a || $0 == 0x7f }) else { return text }
    return String(
      decoding: text.utf8.map { $0 < 0x20 && $0 != 0x0a || $0 == 0x7f ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
  }

  /// The byte under the cursor after it moved by rows; nil if there is no such row.
  func cursor(rows count: Int) -> Int? {
    let target = row + count
    guard rows.indices.contains(target) else { return nil }
    let glyphs = glyphs(target)
    var offset = rows[target].bytes.lowerBound
    var used = 0
    for glyph in glyphs {
      guard used + glyph.width <= column else { break }
      used += glyph.width
      offset += glyph.byteCount
    }
    // Behind the last glyph of a row that is full the next row begins.
    if rows.indices.contains(target + 1), offset == rows[target + 1].bytes.lowerBound, let last = glyphs.last {
      offset -= last.byteCount
    }
    return offset
  }
}
