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
    var marks = 0
    for scalar in text.unicodeScalars {
      let bytes = UTF8.width(scalar)
      // The common case first.
      if scalar.value < 0x300 && scalar.value != 0xAD {
        glyphs.append(Glyph(text: String(scalar), width: 1, byteCount: bytes))
        marks = 0
        continue
      }
      let width = DisplayWidth.of(scalar)
      let isTone = (0x1F3FB...0x1F3FF).contains(scalar.value)
      guard width == 0 || isTone, let last = glyphs.indices.last else {
        let isMark = width == 0
        glyphs.append(
          Glyph(text: isMark ? "\u{25CC}\(scalar)" : String(scalar), width: max(width, 1), byteCount: bytes))
        marks = 0
        continue
      }
      if isTone, glyphs[last].width == 1 {
        glyphs.append(Glyph(text: String(scalar), width: 2, byteCount: bytes))
        continue
      }
      glyphs[last].byteCount += bytes
      let isLeftOut = isTone || scalar.properties.isVariationSelector || scalar.properties.generalCategory == .format
      if !isLeftOut, marks < markLimit {
        glyphs[last].text.unicodeScalars.append(scalar)
        marks += 1
      }
    }
    return glyphs
  }
}
