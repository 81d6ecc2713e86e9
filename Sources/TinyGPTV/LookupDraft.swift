import Tokenization

/// Guesses how an answer goes on, from what was said so far: what followed the same few tokens before will follow again
/// (prompt lookup decoding, Saxena 2023). Any number from 0 to 100 counts as the same, and how boxes are written is known
/// from the start, so that of the tokens of `{<12><34><56><78>}` every second one can be guessed.
///
/// A wrong guess costs time, never a different answer: see ``TinyGPTVModel/generate(after:cache:maximumTokens:endsAtEndOfText:draft:choose:onToken:)``.
package struct LookupDraft {
  /// The most tokens that are guessed at a time. A third is seldom right, and a pass over it costs as much as the others'.
  static let longest = 2
  /// So many tokens before a place are compared at most.
  private static let window = 10
  /// So many of them must be the same in text between boxes, where the same word is often followed by another.
  private static let leastInText = 3

  private let grammar: BoxGrammar
  /// Tokens, or a ``BoxGrammar``'s number or boundary.
  private var symbols: [Int]

  /// Begins with what was said before the answer.
  package init(grammar: BoxGrammar, conversation: [Int]) {
    self.grammar = grammar
    symbols = grammar.examples + conversation.map(grammar.symbol)
  }

  /// Takes in the answer's next token.
  package mutating func append(_ token: Int) { symbols.append(grammar.symbol(token)) }

  /// What may come next: at most so many tokens, none where nothing like this was said before.
  package func guesses(atMost limit: Int) -> [Int] {
    guard let last = symbols.last, limit > 0 else { return [] }
    var best = (length: 0, next: symbols.count)
    // From the end, so that of two places as much alike the later one counts.
    for next in stride(from: symbols.count - 1, to: 0, by: -1) where symbols[next - 1] == last {
      let length = sharedLength(before: next)
      if length > best.length { best = (length, next) }
      if length == Self.window { break }
    }
    // Enough is alike if it reaches back to a part of a box's writing.
    let likeness = symbols.suffix(min(best.length, 2))
    guard best.length >= Self.leastInText || likeness.contains(where: grammar.isStructural) else { return [] }
    return symbols[best.next...].prefix(min(limit, Self.longest)).prefix { $0 >= 0 }.map { $0 }
  }

  /// How many symbols before this place are the same as before the end.
  private func sharedLength(before next: Int) -> Int {
    var length = 0
    while length < min(next, Self.window) {
      let symbol = symbols[next - 1 - length]
      guard symbol != BoxGrammar.boundary, symbol == symbols[symbols.count - 1 - length] else { break }
      length += 1
    }
    return length
  }
}

/// How a tokenizer writes boxes and the phrases that they belong to.
package struct BoxGrammar: Sendable {
  /// Stands for any number from 0 to 100.
  static let number = -1
  /// Stands between texts that have nothing to do with each other.
  static let boundary = -2

  private let numbers: Set<Int>
  private let tokenizer: BytePairTokenizer
  /// Texts with boxes, as symbols.
  fileprivate private(set) var examples: [Int] = [Self.boundary]

  /// Encodes some examples.
  package init(_ tokenizer: BytePairTokenizer) {
    self.tokenizer = tokenizer
    numbers = Set((0...100).map { tokenizer.encode(String($0)) }.filter { $0.count == 1 }.joined())
    let box = "{<1><2><3><4>}"
    for text in ["<p>", "</p> \(box)", "</p> \(box), <p>", "\(box)<delim>\(box)", "\(box)###"] {
      examples += tokenizer.encode(text).map(symbol) + [Self.boundary]
    }
  }

  /// A token, or ``number`` for one that is a number.
  fileprivate func symbol(_ token: Int) -> Int { numbers.contains(token) ? Self.number : token }

  /// Whether a symbol belongs to the writing of boxes and phrases, after which little else can come.
  fileprivate func isStructural(_ symbol: Int) -> Bool {
    if symbol == Self.number { return true }
    return tokenizer.bytes(of: symbol)?.contains { "<>{}".utf8.contains($0) } ?? false
  }
}
