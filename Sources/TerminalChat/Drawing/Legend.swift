/// The list of phrases below a picture.
enum Legend {
  /// A line for each phrase if there is room; else phrases behind each other, and how many more there are.
  static func lines(_ phrases: [NumberedPhrase], _ theme: Theme, width: Int, rows: Int) -> [StyledLine] {
    guard rows > 0, !phrases.isEmpty else { return [] }
    let items = phrases.map { item($0, theme).cut(to: width) }
    guard items.count > rows else { return items }
    var lines = [StyledLine()]
    for (index, item) in items.enumerated() {
      let gap = lines[lines.count - 1].items.isEmpty ? 0 : 2
      let left = items.count - index - 1
      // The last line keeps room for what it may have to say.
      let more = left > 0 && lines.count == rows ? sign(left).width + 2 : 0
      if lines[lines.count - 1].width + gap + item.width + more > width {
        guard lines.count < rows else {
          var sign = sign(items.count - index)
          let line = lines[lines.count - 1]
          if !line.items.isEmpty { sign.items = StyledLine("  ").items + sign.items }
          lines[lines.count - 1].items = line.cut(to: max(width - sign.width, 0)).items + sign.items
          return lines
        }
        lines.append(StyledLine())
      } else if gap > 0 {
        lines[lines.count - 1].append("  ")
      }
      lines[lines.count - 1].items += item.items
    }
    return lines
  }

  private static func sign(_ count: Int) -> StyledLine { StyledLine("… \(count) more", .dim) }

  private static func item(_ phrase: NumberedPhrase, _ theme: Theme) -> StyledLine {
    var line = StyledLine("[\(phrase.number)]", theme.phrase(phrase.number))
    let count = phrase.boxes.count
    if phrase.text.isEmpty {
      line.append(count > 1 ? " \(count) boxes" : " a box", .dim)
    } else {
      line.append(" " + phrase.text)
      if count > 1 { line.append(" (\(count) boxes)", .dim) }
    }
    return line
  }
}
