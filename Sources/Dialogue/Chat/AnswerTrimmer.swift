/// Takes the white space around an answer away as its pieces come, so that what was shown is what is kept.
struct AnswerTrimmer {
  private var hasBegun = false
  private var held = String.UnicodeScalarView()

  /// Takes in the next piece and returns what may be shown.
  mutating func append(_ text: String) -> String {
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if scalar.properties.isWhitespace {
        if hasBegun { held.append(scalar) }
      } else {
        hasBegun = true
        shown += held
        held.removeAll(keepingCapacity: true)
        shown.append(scalar)
      }
    }
    return String(shown)
  }
}
