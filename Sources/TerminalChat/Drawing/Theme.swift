/// Colours by what they are for. Backgrounds are always the terminal's own, so that dark and light both are legible.
struct Theme {
  let colors: Int
  let isLight: Bool

  init(_ capabilities: Capabilities) {
    colors = capabilities.colors
    isLight = capabilities.isLight
  }

  /// A colour from the 256, or one of the first 8 where there are no more; none where there is no colour.
  private func color(dark: UInt8, light: UInt8, basic: UInt8) -> Color {
    if colors >= 256 { return .indexed(isLight ? light : dark) }
    return colors >= 8 ? .indexed(basic) : .standard
  }

  var user: Style { Style(foreground: color(dark: 80, light: 30, basic: 6), isBold: true) }
  var model: Style { Style(foreground: color(dark: 114, light: 28, basic: 2), isBold: true) }
  var complaint: Style { Style(foreground: color(dark: 203, light: 160, basic: 1)) }
  var accent: Style { Style(foreground: color(dark: 215, light: 130, basic: 3)) }
  /// The lines of the region that is being chosen: without a hue, which stands out from every box.
  func region(over cell: Cell) -> Style {
    frame([colors >= 256 ? .indexed(231) : .standard, .indexed(16)], over: cell)
  }

  private static let phrases: [(dark: UInt8, light: UInt8, basic: UInt8)] = [
    (203, 160, 1), (114, 28, 2), (221, 136, 3), (75, 26, 4), (176, 127, 5), (80, 30, 6), (215, 166, 3), (141, 91, 5),
  ]

  /// The colour of the phrase of this number, and of its boxes.
  func phrase(_ number: Int) -> Style {
    let entry = Self.phrases[(max(number, 1) - 1) % Self.phrases.count]
    return Style(foreground: color(dark: entry.dark, light: entry.light, basic: entry.basic), isBold: true)
  }

  /// Paler and deeper shades of the phrases' colours, for lines over pictures.
  private static let shades: [(pale: UInt8, deep: UInt8)] = [
    (224, 52), (194, 22), (230, 58), (195, 17), (225, 53), (195, 23), (230, 58), (225, 54),
  ]

  /// The lines of a phrase's boxes over a cell of the picture, which shows through: the shade of the phrase's colour
  /// that stands out from it.
  func frame(_ number: Int, over cell: Cell) -> Style {
    let index = (max(number, 1) - 1) % Self.phrases.count
    let (entry, shades) = (Self.phrases[index], Self.shades[index])
    let shown: [UInt8] = isLight ? [entry.light, entry.dark] : [entry.dark, entry.light]
    return frame(
      colors >= 256 ? (shown + [shades.pale, shades.deep]).map { .indexed($0) } : [phrase(number).foreground],
      over: cell)
  }

  /// Less than this contrast with what is behind it is not enough for a thin line.
  static let leastContrast = 3.0

  /// Lines of the first colour that stands out from a cell of the picture, else of the one that does so most. Where it
  /// is not known how the cell looks, its own background goes.
  private func frame(_ choices: [Color], over cell: Cell) -> Style {
    // A full block shows its foreground alone.
    let behind = cell.text == "█" ? cell.style.foreground : cell.style.background
    guard colors >= 256, let ground = Palette.rgb(behind) else { return Style(foreground: choices[0], isBold: true) }
    let rated = choices.map { ($0, Palette.rgb($0).map { Palette.contrast($0, ground) } ?? 1) }
    let best = rated.first { $0.1 >= Self.leastContrast } ?? rated.max { $0.1 < $1.1 }
    return Style(foreground: best?.0 ?? choices[0], background: behind, isBold: true)
  }
}
