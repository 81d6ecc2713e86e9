/// What colours look like, where that matters: which of two can be told from a picture behind them.
enum Palette {
  /// A colour of the 256 as 0xRRGGBB; those that terminals let users change have none.
  static func rgb(_ index: UInt8) -> UInt32? {
    guard index >= 16 else { return nil }
    if index >= 232 { return (UInt32(index) - 232) * 0x0A0A0A + 0x080808 }
    let levels: [UInt32] = [0, 95, 135, 175, 215, 255]
    let number = Int(index) - 16
    return levels[number / 36] << 16 | levels[number / 6 % 6] << 8 | levels[number % 6]
  }

  /// Any colour as 0xRRGGBB, if it is known.
  static func rgb(_ color: Color) -> UInt32? {
    switch color {
    case .standard: nil
    case .indexed(let index): rgb(index)
    case .rgb(let value): value
    }
  }

  /// How bright a colour is, 0 to 1 (relative luminance of WCAG 2).
  static func luminance(_ rgb: UInt32) -> Double {
    func linear(_ shift: UInt32) -> Double {
      let value = Double(rgb >> shift & 0xff) / 255
      // The square is near enough to sRGB's curve for telling what can be seen.
      return value * value
    }
    return 0.2126 * linear(16) + 0.7152 * linear(8) + 0.0722 * linear(0)
  }

  /// How well two colours can be told apart, 1 to 21 (contrast ratio of WCAG 2).
  static func contrast(_ one: UInt32, _ other: UInt32) -> Double {
    let (a, b) = (luminance(one), luminance(other))
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)
  }
}
