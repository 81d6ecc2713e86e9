import Diagnostics

/// Learns a byte-level byte-pair vocabulary from texts (Sennrich et al. 2016): of all adjacent pairs of tokens the most
/// frequent becomes a token, again and again. Texts are split as ``BytePairTokenizer`` splits them, by GPT-2's pattern.
public struct BytePairTrainer {
  /// `<|endoftext|>`, as the tokenizer takes it out of a text.
  private static let endOfText = "<|endoftext|>"

  private let wholeWords: [String]
  private var counts: [ArraySlice<UInt8>: Int] = [:]

  /// A trainer that has read nothing.
  ///
  /// - Parameter wholeWords: what becomes one token each, however rare; pieces of GPT-2's pattern, such as numbers.
  public init(wholeWords: [String] = []) { self.wholeWords = wholeWords }

  /// Reads a text, counting it so many times.
  public mutating func add(_ text: String, count: Int = 1) {
    for (piece, number) in Self.pieces(text) { counts[piece, default: 0] += number * count }
  }

  /// The vocabulary in the form of ``BytePairTokenizer``'s metadata: the 256 bytes, `<|endoftext|>` with id 256, then the
  /// learned tokens, and the merges in their order.
  ///
  /// Of equally frequent pairs the one of the lower ids comes first, so the same texts give the same vocabulary, in whatever
  /// order they were read. Pairs that occur once are not learned.
  ///
  /// - Parameter vocabularySize: how many tokens at most; `wholeWords` are learned in any case.
  public func train(vocabularySize: Int) -> (tokens: [String], merges: [String]) {
    var vocabulary = LearnedVocabulary(endOfText: Self.endOfText)
    let whole = wholeWords.flatMap { Self.pieces($0).keys }.map { (Array($0), 1) }
    vocabulary.learn(whole, vocabularySize: .max, leastCount: 1)
    vocabulary.learn(counts.map { (Array($0.key), $0.value) }, vocabularySize: vocabularySize, leastCount: 2)
    return (vocabulary.tokens, vocabulary.merges)
  }

  /// A tokenizer with the learned vocabulary.
  ///
  /// - Throws: ``InputError`` never in practice; the tokenizer checks what it is given.
  public func tokenizer(vocabularySize: Int) throws(InputError) -> BytePairTokenizer {
    let (tokens, merges) = train(vocabularySize: vocabularySize)
    return try BytePairTokenizer(
      tokens: tokens, merges: merges, tokenTypes: nil, endOfText: 256, file: "trained vocabulary")
  }

  private static func pieces(_ text: String) -> [ArraySlice<UInt8>: Int] {
    var text = text
    var pieces: [ArraySlice<UInt8>: Int] = [:]
    text.withUTF8 { bytes in
      let splitter = PreTokenizer(text: bytes)
      var start = 0
      while start < bytes.count {
        let end = splitter.endOfPiece(from: start, before: bytes.count)
        pieces[Array(bytes[start..<end])[...], default: 0] += 1
        start = end
      }
    }
    return pieces
  }
}

/// The tokens learned so far, as the bytes that they stand for.
private struct LearnedVocabulary {
  private struct Pair: Hashable {
    var left, right: Int
  }

  private struct Word {
    var symbols: [Int]
    var count: Int
  }

  private(set) var tokens: [String]
  private(set) var merges: [String] = []
  private var results: [Pair: Int] = [:]
  private var order: [Pair] = []
  private var ids: [String: Int] = [:]

  init(endOfText: String) {
    tokens = (UInt8.min...UInt8.max).map { ByteAlphabet.text(of: [$0]) } + [endOfText]
    for id in 0..<256 { ids[tokens[id]] = id }
  }

  /// Merges the most frequent pairs of these words until there are so many tokens, or no pair is frequent enough.
  mutating func learn(_ pieces: [(bytes: [UInt8], count: Int)], vocabularySize: Int, leastCount: Int) {
    var words = pieces.map { Word(symbols: $0.bytes.map(Int.init), count: $0.count) }
    for index in words.indices { for pair in order { merge(pair, in: &words[index].symbols) } }
    var counts: [Pair: Int] = [:]
    var places: [Pair: Set<Int>] = [:]
    func count(_ index: Int, sign: Int) {
      let word = words[index]
      for (left, right) in zip(word.symbols, word.symbols.dropFirst()) {
        counts[Pair(left: left, right: right), default: 0] += sign * word.count
        if sign > 0 { places[Pair(left: left, right: right), default: []].insert(index) }
      }
    }
    for index in words.indices { count(index, sign: 1) }
    while tokens.count < vocabularySize {
      let best = counts.max { ($0.value, $1.key.left, $1.key.right) < ($1.value, $0.key.left, $0.key.right) }
      guard let best, best.value >= leastCount else { break }
      addMerge(best.key)
      for index in places[best.key] ?? [] {
        count(index, sign: -1)
        merge(best.key, in: &words[index].symbols)
        count(index, sign: 1)
      }
      counts[best.key] = nil
      places[best.key] = nil
    }
  }

  private mutating func addMerge(_ pair: Pair) {
    let spelling = tokens[pair.left] + tokens[pair.right]
    merges.append("\(tokens[pair.left]) \(tokens[pair.right])")
    order.append(pair)
    // Two pairs may spell the same.
    if ids[spelling] == nil {
      ids[spelling] = tokens.count
      tokens.append(spelling)
    }
    results[pair] = ids[spelling]
  }

  private func merge(_ pair: Pair, in symbols: inout [Int]) {
    guard let result = results[pair], symbols.count > 1 else { return }
    var merged: [Int] = []
    var index = 0
    while index < symbols.count {
      if index + 1 < symbols.count, symbols[index] == pair.left, symbols[index + 1] == pair.right {
        merged.append(result)
        index += 2
      } else {
        merged.append(symbols[index])
        index += 1
      }
    }
    symbols = merged
  }
}
