extension Unicode.Scalar {
  /// The sign of ASCII that stands for one of the signs that we write ourselves; nil for all others.
  var asciiSign: String? {
    switch self {
    case "×": "x"
    case "…": "."
    case "–", "—", "─": "-"
    case "·", "•": "*"
    case "│": "|"
    case "┴": "+"
    case "‘", "’": "'"
    case "“", "”": "\""
    default: nil
    }
  }
}

extension String {
  /// In ASCII where that is wanted: our own signs in its words, a question mark for everything else.
  func plain(if wanted: Bool) -> String {
    guard wanted else { return self }
    return withASCIIPunctuation.unicodeScalars.map { $0.isASCII ? String($0) : "?" }.joined()
  }

  /// With ASCII in place of our own signs; letters of other languages stay.
  var withASCIIPunctuation: String {
    guard unicodeScalars.contains(where: { !$0.isASCII }) else { return self }
    return unicodeScalars.map { $0 == "…" ? "..." : $0.asciiSign ?? String($0) }.joined()
  }
}
