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
  /// The terminal's own colour, which stands out from every box.
  var region: Style { .bold }

  private static let phrases: [(dark: UInt8, light: UInt8, basic: UInt8)] = [
    (203, 160, 1), (114, 28, 2), (221, 136, 3), (75, 26, 4), (176, 127, 5), (80, 30, 6), (215, 166, 3), (141, 91, 5),
  ]

  /// The colour of the phrase of this number, and of its boxes.
  func phrase(_ number: Int) -> Style {
    let entry = Self.phrases[(max(number, 1) - 1) % Self.phrases.count]
    return Style(foreground: color(dark: entry.dark, light: entry.light, basic: entry.basic), isBold: true)
  }
}
