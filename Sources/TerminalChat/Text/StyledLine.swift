/// A line of glyphs, each with its look.
public struct StyledLine: Sendable, Equatable {
  /// A glyph and how it looks.
  public struct Item: Sendable, Equatable {
    var glyph: Glyph
    var style: Style
  }

  /// In their order.
  public var items: [Item] = []

  /// An empty line.
  public init() {}

  /// A line of one look.
  public init(_ text: String, _ style: Style = .plain) { append(text, style) }

  init(items: [Item]) { self.items = items }

  /// Adds text at the end.
  public mutating func append(_ text: String, _ style: Style = .plain) {
    items += Glyph.glyphs(of: text).map { Item(glyph: $0, style: style) }
  }

  /// In columns.
  public var width: Int { items.reduce(0) { $0 + $1.glyph.width } }

  /// What is read.
  public var text: String { items.map(\.glyph.text).joined() }

  var glyphs: [(Glyph, Style)] { items.map { ($0.glyph, $0.style) } }

  /// The beginning that fits a width, with a mark where something was cut.
  func cut(to width: Int, mark: String = "…") -> StyledLine {
    guard self.width > width else { return self }
    var result = StyledLine()
    var used = DisplayWidth.of(mark)
    guard used <= width else { return result }
    for item in items {
      guard used + item.glyph.width <= width else { break }
      used += item.glyph.width
      result.items.append(item)
    }
    result.append(mark, items.first?.style ?? .plain)
    return result
  }

  /// The line in lines of at most `width` columns, broken at newlines, at spaces, between wide characters, and within
  /// words that are longer than a line. Spaces at a break are left out, nothing else is.
  ///
  /// - Parameter indent: columns that stay free at the left of each line.
  func wrapped(to width: Int, indent: Int = 0) -> [StyledLine] {
    let room = max(width - indent, 2)
    var lines: [StyledLine] = []
    var line: [Item] = []
    var used = 0
    // Where in `line` a break may be, and how wide what stands before it is.
    var breakAt: Int?
    func margin(_ items: [Item]) -> StyledLine {
      guard indent > 0 else { return StyledLine(items: items) }
      return StyledLine(
        items: Array(repeating: Item(glyph: Glyph(text: " ", width: 1, byteCount: 0), style: .plain), count: indent)
          + items)
    }
    func flush(_ items: [Item]) {
      var items = items
      while let last = items.last, last.glyph.text == " ", !last.style.isReversed { items.removeLast() }
      lines.append(items.isEmpty ? StyledLine() : margin(items))
    }
    for item in items {
      if item.glyph.text == "\n" {
        flush(line)
        (line, used, breakAt) = ([], 0, nil)
        continue
      }
      if used + item.glyph.width > room {
        if item.glyph.text == " " {
          // A space at the end of a full line is where the line breaks.
          breakAt = line.count
          continue
        }
        if let at = breakAt, at > 0 {
          flush(Array(line[..<at]))
          line = Array(line[at...].drop { $0.glyph.text == " " })
          used = line.reduce(0) { $0 + $1.glyph.width }
          breakAt = nil
        }
        if used + item.glyph.width > room {
          flush(line)
          (line, used, breakAt) = ([], 0, nil)
        }
      }
      if item.glyph.width == 2, !line.isEmpty { breakAt = line.count }
      line.append(item)
      used += item.glyph.width
      if item.glyph.text == " " || item.glyph.width == 2 { breakAt = line.count }
    }
    flush(line)
    return lines
  }
}
