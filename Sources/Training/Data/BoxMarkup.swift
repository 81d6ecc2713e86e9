/// Boxes in training texts, `{<x0><y0><x1><y1>}` or several between the braces joined by `<delim>`, changed in place.
enum BoxMarkup {
  /// Edges in percent of the picture's sides.
  struct Box: Equatable {
    var x0, y0, x1, y1: Int

    /// The box in a part of the picture; nil if more than a fifth of it is cut off.
    func cropped(_ columns: Range<Int>, of width: Int, _ rows: Range<Int>, of height: Int) -> Box? {
      func span(_ low: Int, _ high: Int, _ kept: Range<Int>, _ size: Int) -> (low: Int, high: Int, kept: Double)? {
        // In hundredths of a pixel.
        let (start, end) = (kept.lowerBound * 100, kept.upperBound * 100)
        let inside = (low: max(low * size, start), high: min(high * size, end))
        guard inside.low <= inside.high else { return nil }
        func percent(_ edge: Int) -> Int { Int((Double(edge - start) / Double(kept.count)).rounded()) }
        let share = high == low ? 1 : Double(inside.high - inside.low) / Double((high - low) * size)
        return (percent(inside.low), percent(inside.high), share)
      }
      guard let x = span(x0, x1, columns, width), let y = span(y0, y1, rows, height), x.kept * y.kept >= 0.8 else {
        return nil
      }
      return Box(x0: x.low, y0: y.low, x1: x.high, y1: y.high)
    }
  }

  /// The text with each box replaced.
  ///
  /// - Returns: nil if a replacement is nil, and if a brace and bracket begin what is no box: nobody can tell what a change
  ///   of the picture does to it.
  static func replace(in text: String, _ replacement: (Box) -> Box?) -> String? {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var position = 0
    while position < bytes.count {
      guard bytes[position] == UInt8(ascii: "{"), bytes[(position + 1)...].first == UInt8(ascii: "<") else {
        result.append(bytes[position])
        position += 1
        continue
      }
      guard let group = group(bytes, at: position + 1) else { return nil }
      var boxes: [String] = []
      for box in group.boxes {
        guard let box = replacement(box) else { return nil }
        boxes.append("<\(box.x0)><\(box.y0)><\(box.x1)><\(box.y1)>")
      }
      result += "{\(boxes.joined(separator: "<delim>"))}".utf8
      position = group.end
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The boxes up to the closing brace, and the position behind it.
  private static func group(_ bytes: [UInt8], at start: Int) -> (boxes: [Box], end: Int)? {
    var boxes: [Box] = []
    var position = start
    while true {
      var edges: [Int] = []
      while edges.count < 4 {
        guard let edge = edge(bytes, at: position) else { return nil }
        edges.append(edge.value)
        position = edge.end
      }
      guard edges[0] <= edges[2], edges[1] <= edges[3] else { return nil }
      boxes.append(Box(x0: edges[0], y0: edges[1], x1: edges[2], y1: edges[3]))
      if bytes[position...].first == UInt8(ascii: "}") { return (boxes, position + 1) }
      guard bytes[position...].starts(with: "<delim>".utf8) else { return nil }
      position += 7
    }
  }

  /// `<n>` with n from 0 to 100.
  private static func edge(_ bytes: [UInt8], at start: Int) -> (value: Int, end: Int)? {
    guard bytes[start...].first == UInt8(ascii: "<") else { return nil }
    let digits = bytes[(start + 1)...].prefix(4).prefix { (0x30...0x39).contains($0) }
    guard let value = Int(String(decoding: digits, as: UTF8.self)), value <= 100 else { return nil }
    guard bytes[digits.endIndex...].first == UInt8(ascii: ">") else { return nil }
    return (value, digits.endIndex + 1)
  }
}
