/// The line that is being written in rows of a width: broken where a row is full and at newlines, with nothing left out.
struct DraftLayout {
  struct Row {
    var glyphs: [Glyph] = []
    /// The byte at which it starts.
    var start: Int
    var width = 0
  }

  /// At least one.
  private(set) var rows: [Row]
  /// Where the cursor stands.
  private(set) var column = 0
  private(set) var row = 0

  init(_ draft: Draft, width: Int) {
    rows = [Row(start: 0)]
    var offset = 0
    var isPlaced = false
    for glyph in Glyph.glyphs(of: Self.visible(draft.text)) {
      // Marks belong to what is before them, so the cursor may stand inside a glyph's bytes.
      if glyph.text != "\n", rows[rows.count - 1].width + glyph.width > width { rows.append(Row(start: offset)) }
      if !isPlaced, draft.cursor < offset + glyph.byteCount {
        (column, row, isPlaced) = (rows[rows.count - 1].width, rows.count - 1, true)
      }
      offset += glyph.byteCount
      if glyph.text == "\n" {
        rows.append(Row(start: offset))
      } else {
        rows[rows.count - 1].glyphs.append(glyph)
        rows[rows.count - 1].width += glyph.width
      }
    }
    if !isPlaced {
      // A full row has no place for the cursor; it stands on the next one.
      if rows[rows.count - 1].width >= width { rows.append(Row(start: offset)) }
      (column, row) = (rows[rows.count - 1].width, rows.count - 1)
    }
  }

  /// Controls as one sign of the same length in bytes each, so that bytes keep their places.
  private static func visible(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 < 0x20 && $0 != 0x0a || $0 == 0x7f }) else { return text }
    return String(
      decoding: text.utf8.map { $0 < 0x20 && $0 != 0x0a || $0 == 0x7f ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
  }

  /// The byte under the cursor after it moved by rows; nil if there is no such row.
  func cursor(rows count: Int) -> Int? {
    guard rows.indices.contains(row + count) else { return nil }
    let target = rows[row + count]
    var offset = target.start
    var used = 0
    for glyph in target.glyphs {
      guard used + glyph.width <= column else { break }
      used += glyph.width
      offset += glyph.byteCount
    }
    // Behind the last glyph of a row that is full the next row begins.
    if rows.indices.contains(row + count + 1), offset == rows[row + count + 1].start, let last = target.glyphs.last {
      offset -= last.byteCount
    }
    return offset
  }
}
