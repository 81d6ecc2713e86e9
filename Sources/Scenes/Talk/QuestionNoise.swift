/// Makes a question look typed by somebody: capitals, question marks and now and then a slip.
enum QuestionNoise {
  /// The share of questions with a slip.
  static let slips = 0.04

  static func apply(_ question: String, _ random: inout TalkRandom) -> String {
    var text = question
    // Boxes are copied from somewhere, not typed.
    if random.chance(slips), !text.contains("{") { text = withSlip(text, &random) }
    if text.hasSuffix("?") {
      if random.chance(0.35) { text.removeLast() }
    } else if text.last?.isLetter ?? false, random.chance(0.1) {
      text += "."
    }
    if random.chance(0.4) { text = capitalized(text) }
    return text
  }

  /// The same, and now and then without what an English keyboard lacks: `¿`, `¡` and accents.
  static func applyInSpanish(_ question: String, _ random: inout TalkRandom) -> String {
    var text = question
    if random.chance(0.4) { text.removeAll { "¿¡".contains($0) } }
    if random.chance(0.15) {
      let plain: [Character: Character] = ["á": "a", "é": "e", "í": "i", "ó": "o", "ú": "u"]
      text = String(text.map { plain[$0] ?? $0 })
    }
    return apply(text, &random)
  }

  /// The first letter, which Spanish has behind its `¿`, as a capital.
  static func capitalized(_ text: String) -> String {
    let start = text.prefix { !$0.isLetter && $0 != "{" }
    let rest = text.dropFirst(start.count)
    return start + rest.prefix(1).uppercased() + rest.dropFirst()
  }

  /// Two letters swapped, one doubled or one left out, in a word of five letters and more, behind its first.
  private static func withSlip(_ text: String, _ random: inout TalkRandom) -> String {
    var letters = Array(text)
    var places: [Int] = []
    var start = 0
    while start < letters.count {
      var end = start
      while end < letters.count, letters[end].isLetter { end += 1 }
      if end - start >= 5 { places += (start + 1)..<(end - 1) }
      start = end + 1
    }
    guard let place = random.pick(places) else { return text }
    switch random.below(3) {
    case 0: letters.swapAt(place, place + 1)
    case 1: letters.insert(letters[place], at: place)
    // "chair" without its c is hair; further back nothing else comes out.
    default: letters.remove(at: place)
    }
    return String(letters)
  }
}
