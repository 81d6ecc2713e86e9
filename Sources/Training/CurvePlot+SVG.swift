import Foundation

extension CurvePlot {
  /// The plot as a standalone SVG document, sizes in pixels (at least 200 by 150). With smoothing, what was logged stands
  /// faintly behind.
  public func svg(width: Int, height: Int) -> String {
    SVGDrawing(self, width: max(width, 200), height: max(height, 150)).document
  }
}

/// Lays a plot out and writes it.
private struct SVGDrawing {
  let plot: CurvePlot
  let width, height: Double
  let left, top, right, bottom: Double
  let horizontal, vertical: PlotAxis
  let legend: [(name: String, x: Double, y: Double)]

  /// Okabe and Ito's colours, which the colour-blind can tell apart; the yellow is darkened for a white ground.
  static let colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d00", "#444444"]
  static let ink = "#333333"
  static let font = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif"
  static let fontSize = 13.0
  /// Of the average character of this font; only to lay out by.
  static let characterWidth = 7.3
  static let lineHeight = 20.0

  init(_ plot: CurvePlot, width: Int, height: Int) {
    self.plot = plot
    self.width = Double(width)
    self.height = Double(height)
    vertical = plot.verticalAxis(maximumTicks: max(2, height / 60))
    horizontal = plot.horizontalAxis(maximumTicks: max(2, width / 90))
    let labels = vertical.ticks.map { Double($0.label.utf8.count) * Self.characterWidth }.max() ?? 0
    left = 34 + labels
    right = self.width - 24
    bottom = self.height - 52
    var entries: [(name: String, x: Double, y: Double)] = []
    var (x, y) = (left, 24.0)
    for curve in plot.curves {
      let size = 34 + Double(curve.name.unicodeScalars.count) * Self.characterWidth + 18
      if x > left, x + size > right { (x, y) = (left, y + Self.lineHeight) }
      entries.append((curve.name, x, y))
      x += size
    }
    legend = entries
    top = y + 18
  }

  var document: String {
    var lines = [
      """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" \
      width="\(number(width))" height="\(number(height))" font-family="\(Self.font)" \
      font-size="\(number(Self.fontSize))" fill="\(Self.ink)">
      """,
      "<title>\(escaped(plot.verticalTitle)) by step</title>",
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
    ]
    lines += grid
    if plot.smoothing > 0 {
      for (index, curve) in plot.curves.enumerated() { lines.append(path(curve.points, index, isFaint: true)) }
    }
    for (index, curve) in plot.curves.enumerated() { lines.append(path(curve.smoothed, index, isFaint: false)) }
    for (index, entry) in legend.enumerated() {
      lines.append(
        """
        <line x1="\(number(entry.x))" y1="\(number(entry.y))" x2="\(number(entry.x + 26))" y2="\(number(entry.y))" \
        stroke="\(color(index))" stroke-width="3"/>
        """)
      lines.append(text(entry.name, x: entry.x + 34, y: entry.y + 4.5))
    }
    return (lines + ["</svg>", ""]).joined(separator: "\n")
  }

  private var grid: [String] {
    var lines: [String] = []
    for tick in vertical.ticks {
      let y = y(tick.value)
      lines.append(rule(left, y, right, y, "#e4e4e4"))
      lines.append(text(tick.label, x: left - 9, y: y + 4.5, anchor: "end"))
    }
    for tick in horizontal.ticks {
      let x = x(tick.value)
      lines.append(rule(x, top, x, bottom, "#e4e4e4"))
      lines.append(text(tick.label, x: x, y: bottom + 19, anchor: "middle"))
    }
    lines.append(rule(left, bottom, right, bottom, "#888888"))
    lines.append(rule(left, top, left, bottom, "#888888"))
    lines.append(text("step", x: (left + right) / 2, y: height - 12, anchor: "middle"))
    let scale = plot.isLogarithmic ? " (logarithmic)" : ""
    lines.append(
      """
      <text transform="translate(18 \(number((top + bottom) / 2))) rotate(-90)" text-anchor="middle">\
      \(escaped(plot.verticalTitle + scale))</text>
      """)
    return lines
  }

  private func x(_ value: Double) -> Double { left + horizontal.fraction(value) * (right - left) }

  /// What was logged may lie outside of what the smoothed curves span: it stays at the edge.
  private func y(_ value: Double) -> Double {
    bottom - min(max(vertical.fraction(value), 0), 1) * (bottom - top)
  }

  private func path(_ points: [CurvePlot.Point], _ index: Int, isFaint: Bool) -> String {
    var commands = ""
    for segment in plot.segments(points) {
      let shown = thinned(segment)
      for (position, point) in shown.enumerated() {
        commands += "\(position == 0 ? "M" : "L")\(number(x(point.x))) \(number(y(point.y)))"
      }
      // A line of no length with round ends is a dot.
      if shown.count == 1 { commands += "h0" }
    }
    return """
      <path d="\(commands)" fill="none" stroke="\(color(index))" stroke-width="\(isFaint ? "1" : "2")" \
      stroke-linecap="round" stroke-linejoin="round"\(isFaint ? " opacity=\"0.25\"" : "")/>
      """
  }

  /// First, lowest, highest and last point of each pixel column, which draw the same line (Jugel et al. 2014).
  private func thinned(_ points: [CurvePlot.Point]) -> [CurvePlot.Point] {
    guard points.count > 4 * Int(right - left) else { return points }
    var result: [CurvePlot.Point] = []
    var start = 0
    while start < points.count {
      let column = Int(x(points[start].x))
      var end = start + 1
      while end < points.count, Int(x(points[end].x)) == column { end += 1 }
      let lowest = (start..<end).min { points[$0].y < points[$1].y } ?? start
      let highest = (start..<end).max { points[$0].y < points[$1].y } ?? start
      for index in Set([start, lowest, highest, end - 1]).sorted() { result.append(points[index]) }
      start = end
    }
    return result
  }

  private func rule(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ color: String) -> String {
    """
    <line x1="\(number(x1))" y1="\(number(y1))" x2="\(number(x2))" y2="\(number(y2))" stroke="\(color)"/>
    """
  }

  private func text(_ content: String, x: Double, y: Double, anchor: String = "start") -> String {
    "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">\(escaped(content))</text>"
  }

  private func color(_ index: Int) -> String { Self.colors[index % Self.colors.count] }

  private func number(_ value: Double) -> String {
    let text = String(format: "%.2f", value)
    return String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed())
  }

  private func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}
