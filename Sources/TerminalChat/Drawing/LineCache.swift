/// Entries that were laid out before, so that a repaint lays out only what has changed.
final class LineCache {
  /// How many entries are kept; a screen shows fewer.
  static let limit = 256

  /// What the lines depend on besides the entry.
  struct Format: Equatable {
    var width: Int
    var showsMarkup: Bool
    /// The key that shows long messages whole.
    var markupKey = ""
    var capabilities: Capabilities
  }

  private var format: Format?
  private var kept: [Int: (revision: Int, lines: [StyledLine])] = [:]

  /// The lines of an entry.
  func lines(of entry: Entry, _ format: Format) -> [StyledLine] {
    if format != self.format {
      kept.removeAll()
      self.format = format
    }
    if let known = kept[entry.id], known.revision == entry.revision { return known.lines }
    let lines = EntryLines(entry, format).lines
    if kept.count >= Self.limit { kept.removeAll() }
    kept[entry.id] = (entry.revision, lines)
    return lines
  }

  func removeAll() { kept.removeAll() }
}
