/// A colour of a cell.
public enum Color: Sendable, Hashable {
  /// The terminal's own.
  case standard
  /// One of the terminal's palette.
  case indexed(UInt8)
  /// Red, green and blue, for terminals that take any: 0xRRGGBB.
  case rgb(UInt32)
}

/// How a cell looks.
public struct Style: Sendable, Hashable {
  /// The colour of the character.
  public var foreground = Color.standard
  /// The colour behind it.
  public var background = Color.standard
  /// Attributes as terminals have them.
  public var isBold = false
  /// Less bright than usual.
  public var isDim = false
  /// With a line below.
  public var isUnderlined = false
  /// With foreground and background exchanged.
  public var isReversed = false

  /// The terminal's own look.
  public static let plain = Style()
  /// Bold.
  public static let bold = Style(isBold: true)
  /// Less bright, for what matters less.
  public static let dim = Style(isDim: true)
  /// Exchanged colours, for bars.
  public static let reversed = Style(isReversed: true)

  /// A look with these parts.
  public init(
    foreground: Color = .standard, background: Color = .standard, isBold: Bool = false, isDim: Bool = false,
    isUnderlined: Bool = false, isReversed: Bool = false
  ) {
    self.foreground = foreground
    self.background = background
    self.isBold = isBold
    self.isDim = isDim
    self.isUnderlined = isUnderlined
    self.isReversed = isReversed
  }
}
