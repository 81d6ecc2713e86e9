/// Left and right in the words of a text, English and Spanish.
enum DirectionWords {
  /// What each direction is called in a mirror.
  private static let opposites: [String: String] = {
    let pairs = [
      ("left", "right"), ("leftmost", "rightmost"), ("lefthand", "righthand"), ("leftward", "rightward"),
      ("leftwards", "rightwards"), ("izquierda", "derecha"), ("izquierdo", "derecho"), ("izquierdos", "derechos"),
      ("izquierdas", "derechas"),
    ]
    return Dictionary(uniqueKeysWithValues: pairs + pairs.map { ($1, $0) })
  }()

  /// A word before or behind a direction that makes it something else: "all right", "right now", "left over".
  private static let idiomsBefore: [String: Set<String>] = [
    "right": ["all", "that's", "you're", "that’s", "you’re", "quite", "human", "copy"],
    "left": [
      "are", "were", "have", "has", "had", "nothing", "anything", "something", "everything", "none", "he", "she",
      "they", "i", "we", "who", "been",
    ],
    "derecho": ["todo", "tiene", "tienen", "con", "por"],
  ]
  private static let idiomsBehind: [String: Set<String>] = [
    "right": [
      "now", "away", "here", "there", "before", "after", "behind", "above", "below", "beside", "under", "in", "next",
      "angle", "angles", "angled", "triangle",
    ],
    "left": ["over", "out", "behind", "alone", "unattended", "empty", "open"],
    "derecho": ["a", "al", "de", "del", "humano"],
    "derechos": ["humanos", "de"],
  ]
  /// Behind these a direction is one, whatever follows: "on the right behind the tree".
  private static let directionAhead: Set<String> = ["the", "far", "upper", "lower", "top", "bottom", "lado", "borde"]
  /// Before these a direction is one, whatever stands ahead of it: "are left of".
  private static let directionBehind: Set<String> = ["of", "or", "from", "and", "side", "hand", "than", "to"]

  /// Words that tell of something that a mirror turns round and no exchange of words puts right.
  private static let unmirrorable: Set<String> = [
    "clockwise", "counterclockwise", "anticlockwise", "east", "west", "eastern", "western", "text", "word", "words",
    "letter", "letters", "written", "writing", "reads", "says", "texto", "palabra", "palabras", "letra", "letras",
    "oeste", "horario", "mirrored",
  ]
  /// Common words that differ from a direction by one letter.
  private static let ordinary: Set<String> = [
    "light", "night", "sight", "might", "tight", "fight", "eight", "bright", "lift", "loft", "felt", "lefts", "rights",
    "lent", "lest", "let", "deft", "heft", "weft", "cleft", "fright", "wright", "righty", "lefty",
  ]

  /// The text as it is true of the mirrored picture; nil if that cannot be told, because of a word that may be a misspelt
  /// direction, or of one like "clockwise".
  static func swapped(_ text: String) -> String? {
    let words = TextWord.split(text)
    var result = ""
    var end = text.startIndex
    for (index, word) in words.enumerated() {
      if unmirrorable.contains(word.lowercased) { return nil }
      guard let opposite = opposites[word.lowercased] else {
        if isMisspelt(word.lowercased) { return nil }
        continue
      }
      guard !isIdiom(words, index, text) else { continue }
      result += text[end..<word.range.lowerBound]
      result += opposite.withCase(of: text[word.range])
      end = word.range.upperBound
    }
    return result + text[end...]
  }

  private static func isIdiom(_ words: [TextWord], _ index: Int, _ text: String) -> Bool {
    let word = words[index]
    let behind = index + 1 < words.count ? words[index + 1].lowercased : nil
    let ahead = index > 0 ? words[index - 1].lowercased : nil
    if let behind, idiomsBehind[word.lowercased]?.contains(behind) == true {
      return ahead.map { !directionAhead.contains($0) } ?? true
    }
    guard let ahead, index > 0 else { return false }
    let between = text[words[index - 1].range.upperBound..<word.range.lowerBound]
    // "…, right?" asks for consent.
    if word.lowercased == "right", between.contains(","), text[word.range.upperBound...].hasPrefix("?") { return true }
    guard between.allSatisfy(\.isWhitespace),
      idiomsBefore[word.lowercased]?.contains(ahead) == true
    else { return false }
    return behind.map { !directionBehind.contains($0) } ?? true
  }

  /// Whether a word is one letter off a direction: one changed, lost, added, or two exchanged.
  private static func isMisspelt(_ word: String) -> Bool {
    guard (3...11).contains(word.utf8.count), !ordinary.contains(word) else { return false }
    return ["left", "right", "leftmost", "rightmost", "izquierda", "derecha", "izquierdo", "derecho"]
      .contains { isOneLetterOff(Array(word.utf8), Array($0.utf8)) }
  }

  private static func isOneLetterOff(_ word: [UInt8], _ other: [UInt8]) -> Bool {
    guard abs(word.count - other.count) <= 1 else { return false }
    let start = zip(word, other).prefix { $0 == $1 }.count
    let (rest, otherRest) = (word[start...], other[start...])
    if rest.count != otherRest.count {
      return rest.count > otherRest.count
        ? rest.dropFirst().elementsEqual(otherRest)
        : otherRest.dropFirst().elementsEqual(rest)
    }
    if rest.dropFirst().elementsEqual(otherRest.dropFirst()) { return true }
    return rest.count >= 2 && rest.prefix(2).elementsEqual(otherRest.prefix(2).reversed())
      && rest.dropFirst(2).elementsEqual(otherRest.dropFirst(2))
  }
}

/// Whether what is said about a picture holds for any part of it that has all of its boxes.
enum CropWords {
  /// Words that count, compare, place or look for things that a part of the picture may not show, or show elsewhere.
  private static let unsafe: Set<String> = [
    // English
    "many", "count", "number", "all", "every", "each", "only", "other", "no", "not", "none", "nothing", "any", "there",
    "without", "isn't", "left", "right", "above", "below", "under", "over", "between", "beside", "next", "near",
    "nearest",
    "behind", "front", "around", "top", "bottom", "middle", "center", "centre", "corner", "edge", "upper", "lower",
    "side",
    "leftmost", "rightmost", "topmost", "biggest", "smallest", "largest", "bigger", "smaller", "larger", "taller",
    "than",
    "background", "full", "whole", "everything", "anything", "picture", "image", "photo", "scene",
    // Spanish
    "cuántos", "cuántas", "cuantos", "cuantas", "todo", "todos", "todas", "cada", "solo", "sólo", "otro", "otra",
    "ningún",
    "ninguna", "ninguno", "nada", "hay", "sin", "izquierda", "derecha", "encima", "debajo", "arriba", "abajo", "entre",
    "junto", "cerca", "detrás", "delante", "centro", "esquina", "borde", "lado", "fondo", "más", "mayor", "menor",
    "que",
    "imagen", "foto", "escena",
  ]

  /// Only conversations that give a box in every turn, so that nothing is talked about whose place is unknown, and that
  /// use no word that depends on the rest of the picture.
  static func allow(_ turns: [Turn]) -> Bool {
    turns.allSatisfy { turn in
      [turn.instruction, turn.answer].contains { $0.contains("{<") }
        && !TextWord.split(turn.instruction + " " + turn.answer).contains { unsafe.contains($0.lowercased) }
    }
  }
}

/// A run of letters and apostrophes in a text.
struct TextWord {
  let range: Range<String.Index>
  let lowercased: String

  static func split(_ text: String) -> [TextWord] {
    var words: [TextWord] = []
    var start: String.Index?
    func isPart(_ character: Character) -> Bool { character.isLetter || character == "'" || character == "’" }
    for index in text.indices {
      if isPart(text[index]) {
        start = start ?? index
      } else if let first = start {
        words.append(TextWord(range: first..<index, lowercased: text[first..<index].lowercased()))
        start = nil
      }
    }
    if let first = start {
      words.append(TextWord(range: first..<text.endIndex, lowercased: text[first...].lowercased()))
    }
    return words
  }
}

extension String {
  /// In capitals, or with one in front, as the pattern is.
  fileprivate func withCase(of pattern: Substring) -> String {
    if pattern.allSatisfy({ !$0.isLowercase }) { return uppercased() }
    if pattern.first?.isUppercase == true { return prefix(1).uppercased() + dropFirst() }
    return self
  }
}
