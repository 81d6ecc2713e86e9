/// What a cell shows: a character with its marks, and its width.
///
/// Terminals disagree on sequences that merge into one picture (joined emoji, skin tones, emoji style of old symbols).
/// A glyph avoids them: joiners, style selectors and tones are left out, so that every part takes the columns that every
/// terminal gives it. Only the screen is concerned; texts keep all they have.
public struct Glyph: Sendable, Equatable {
  /// The character with the marks that join it.
  public var text: String
  /// 1 or 2 columns.
  public var width: Int
  /// How many bytes of the text it stands for, those of left-out scalars included.
  public var byteCount: Int

  /// No more marks than a terminal's cell can hold.
  private static let markLimit = 3

  /// The glyphs of a text, which has no control characters.
  public static func glyphs(of text: String) -> [Glyph] {
    var glyphs: [Glyph] = []
    glyphs.reserveCapacity(text.utf8.count)
    var breaks = GlyphBreaks()
    var marks = 0
    for scalar in text.unicodeScalars {
      let bytes = UTF8.width(scalar)
      if let beginning = breaks.next(scalar) {
        let shown = beginning.isMark ? "\u{25CC}\(scalar)" : String(scalar)
        glyphs.append(Glyph(text: shown, width: beginning.width, byteCount: bytes))
        marks = 0
        continue
      }
      let last = glyphs.count - 1
      glyphs[last].byteCount += bytes
      if !GlyphBreaks.isLeftOut(scalar), marks < markLimit {
        glyphs[last].text.unicodeScalars.append(scalar)
        marks += 1
      }
    }
    return glyphs
  }
}

/// Tells where glyphs begin and how wide they are, scalar by scalar, without making them.
struct GlyphBreaks {
  /// A glyph that begins.
  struct Beginning {
    var width: Int
    /// Whether it is a mark that has nothing to stand on.
    var isMark = false
  }

  /// The width of the glyph before; 0: there is none.
  private var lastWidth = 0

  /// The glyph that begins with a scalar; nil if the scalar joins the glyph before it.
  mutating func next(_ scalar: Unicode.Scalar) -> Beginning? {
    // The common case first.
    if scalar.value < 0x300 && scalar.value != 0xAD {
      lastWidth = 1
      return Beginning(width: 1)
    }
    let width = DisplayWidth.of(scalar)
    // A tone on a character that has no emoji's width is drawn by itself.
    let joins = lastWidth > 0 && (width == 0 || Self.isTone(scalar) && lastWidth == 2)
    guard !joins else { return nil }
    lastWidth = max(width, 1)
    return Beginning(width: lastWidth, isMark: width == 0)
  }

  /// A new line: what follows joins nothing before it.
  mutating func startLine() { lastWidth = 0 }

  /// Whether what joins a glyph is not drawn: joiners, style selectors, tones.
  static func isLeftOut(_ scalar: Unicode.Scalar) -> Bool {
    isTone(scalar) || scalar.properties.isVariationSelector || scalar.properties.generalCategory == .format
  }

  private static func isTone(_ scalar: Unicode.Scalar) -> Bool { (0x1F3FB...0x1F3FF).contains(scalar.value) }
}
