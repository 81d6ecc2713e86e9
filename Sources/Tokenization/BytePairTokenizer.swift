import Diagnostics

/// The byte-level byte-pair encoding of GPT-2 and CodeGen, which Phi-2 uses: any text becomes token ids, and they give its
/// bytes back.
///
/// Added tokens (runs of spaces and tabs, `<|endoftext|>`) are taken out of the text first, the longest at each place; what
/// lies between is split by GPT-2's pattern, and each piece's bytes are merged pair by pair.
public struct BytePairTokenizer: Sendable {
  /// llama.cpp's `tokenizer.ggml.token_type`, as far as it matters here.
  enum TokenType: Int {
    case normal = 1
    case unknown, control, userDefined, unused, byte

    /// Whether the token stands as raw text in the list of tokens, and is matched verbatim in a text.
    var isAdded: Bool { self == .control || self == .userDefined }
  }

  /// Each token as GGUF files have it: normal tokens in GPT-2's byte alphabet, added ones as raw text.
  public let tokens: [String]
  /// The merges, first the most important, each two tokens in GPT-2's byte alphabet with a space between.
  public let merges: [String]
  /// Each token's type in llama.cpp's numbering: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
  public let tokenTypes: [Int]
  /// `<|endoftext|>`.
  public let endOfTextToken: Int?
  /// Whether prompts begin with `<|endoftext|>` (`tokenizer.ggml.add_bos_token`). Training puts one in front; upstream's
  /// chat does not.
  public var beginsWithEndOfText = false
  /// What a prompt begins with: the id of `<|endoftext|>`, or nothing.
  public var beginning: [Int] { beginsWithEndOfText ? endOfTextToken.map { [$0] } ?? [] : [] }

  private let spellings: Spellings
  private let added: AddedTokens
  private let merger: PairMerger

  /// A tokenizer from what a GGUF file says.
  ///
  /// - Parameters:
  ///   - tokens: as ``tokens``.
  ///   - merges: as ``merges``.
  ///   - tokenTypes: as ``tokenTypes``, one for each token; nil: all are normal but `endOfText`, which is control.
  ///   - endOfText: the id of `<|endoftext|>`.
  ///   - file: the name of the file, for errors.
  /// - Throws: ``InputError`` for duplicate tokens, a byte without a token, a merge of unknown tokens, an unknown type and
  ///   an id outside the vocabulary.
  public init(
    tokens: [String], merges: [String], tokenTypes: [Int]?, endOfText: Int?, file: String
  ) throws(InputError) {
    let report = FaultReport(file: file)
    // 24 bits of rank are what the heap of a merge packs.
    guard tokens.count <= 1 << 24, merges.count < 1 << 24 else {
      throw report.fault(
        "tokens", expected: "at most 2^24 tokens and merges", found: "\(max(tokens.count, merges.count))")
    }
    if let endOfText, !tokens.indices.contains(endOfText) {
      throw report.fault("end-of-text id", expected: "an id in 0..<\(tokens.count)", found: "\(endOfText)")
    }
    let types = try Self.types(tokenTypes, count: tokens.count, endOfText: endOfText, report)
    let (spellings, added) = try Self.index(tokens, types, report)
    self.merger = try Self.merger(merges, spellings, report)
    self.spellings = spellings
    self.added = added
    self.tokens = tokens
    self.merges = merges
    self.tokenTypes = types.map(\.rawValue)
    self.endOfTextToken = endOfText
  }

  /// How many ids there are, unused ones included.
  public var vocabularySize: Int { tokens.count }

  /// The ids of a text. Time is O(n log n) whatever the text.
  public func encode(_ text: String) -> [Int] {
    var text = text
    return text.withUTF8 { encode($0) }
  }

  /// The bytes of these tokens, one after another; ids outside the vocabulary give none.
  public func decode(_ ids: [Int]) -> [UInt8] {
    var bytes: [UInt8] = []
    for id in ids where tokens.indices.contains(id) { bytes += spellings[id] }
    return bytes
  }

  /// The text of these tokens, with U+FFFD for bytes that are no UTF-8.
  public func decodeToString(_ ids: [Int]) -> String {
    String(decoding: decode(ids), as: UTF8.self)
  }

  /// The bytes of one token: empty for an unused one, nil for an id outside the vocabulary.
  public func bytes(of id: Int) -> [UInt8]? {
    tokens.indices.contains(id) ? Array(spellings[id]) : nil
  }

  /// The token of exactly this text, such as 21017 for `###` in Phi-2's vocabulary.
  public func token(_ text: String) -> Int? {
    text.isEmpty ? nil : spellings.find(Array(text.utf8)[...])
  }

  private func encode(_ text: UnsafeBufferPointer<UInt8>) -> [Int] {
    var ids: [Int] = []
    ids.reserveCapacity(text.count / 3)
    var merger = merger
    let splitter = PreTokenizer(text: text)
    func encodePlain(_ range: Range<Int>) {
      var start = range.lowerBound
      while start < range.upperBound {
        let end = splitter.endOfPiece(from: start, before: range.upperBound)
        merger.merge(UnsafeBufferPointer(rebasing: text[start..<end]), into: &ids)
        start = end
      }
    }
    var plainStart = 0
    var position = 0
    while position < text.count {
      guard let match = added.longestMatch(in: text, at: position) else {
        position += 1
        continue
      }
      encodePlain(plainStart..<position)
      ids.append(match.id)
      position = match.end
      plainStart = position
    }
    encodePlain(plainStart..<text.count)
    return ids
  }
}

// MARK: - Building

extension BytePairTokenizer {
  /// Makes errors about one file.
  struct FaultReport {
    let file: String

    func fault(_ field: String, expected: String, found: String, remedy: String? = nil) -> InputError {
      InputError(file: file, field: field, expected: expected, found: found, remedy: remedy)
    }
  }

  private static func types(
    _ given: [Int]?, count: Int, endOfText: Int?, _ report: FaultReport
  ) throws(InputError) -> [TokenType] {
    guard let given else {
      var types = [TokenType](repeating: .normal, count: count)
      if let endOfText { types[endOfText] = .control }
      return types
    }
    guard given.count == count else {
      throw report.fault("token types", expected: "one for each of \(count) tokens", found: "\(given.count)")
    }
    var types: [TokenType] = []
    for (id, value) in given.enumerated() {
      guard let type = TokenType(rawValue: value) else {
        throw report.fault("token types[\(id)]", expected: "a type in 1...6", found: "\(value)")
      }
      types.append(type)
    }
    return types
  }

  private static func index(
    _ tokens: [String], _ types: [TokenType], _ report: FaultReport
  ) throws(InputError) -> (Spellings, AddedTokens) {
    var spellings = Spellings(count: tokens.count)
    var added = AddedTokens()
    func duplicate(_ id: Int, of other: Int) -> InputError {
      report.fault(
        "tokens[\(id)]", expected: "a token of its own", found: "\(quoted(tokens[id])), which is token \(other) too")
    }
    for (id, (token, type)) in zip(tokens, types).enumerated() {
      var isIndexed = !token.isEmpty && type != .unused && !type.isAdded
      spellings.append { bytes in
        if type == .unused { return }
        if type.isAdded || !ByteAlphabet.append(bytesOf: token[...].utf8, to: &bytes) {
          // No byte sequence merges into a token outside the alphabet, but it can be told when it occurs.
          bytes += token.utf8
          isIndexed = false
        }
      }
      if isIndexed, let other = spellings.index(id) { throw duplicate(id, of: other) }
    }
    for id in tokens.indices where types[id].isAdded {
      guard spellings[id].count <= AddedTokens.longestAllowed else {
        throw report.fault(
          "tokens[\(id)]", expected: "an added token of at most \(AddedTokens.longestAllowed) bytes",
          found: "\(spellings[id].count) bytes")
      }
      if let other = added.insert(spellings[id], id: id) { throw duplicate(id, of: other) }
      if !spellings[id].isEmpty { _ = spellings.index(id) }
    }
    return (spellings, added)
  }

  private static func merger(
    _ merges: [String], _ spellings: Spellings, _ report: FaultReport
  ) throws(InputError) -> PairMerger {
    var byteTokens: [UInt32] = []
    for byte in UInt8.min...UInt8.max {
      guard let id = spellings.find([byte]) else {
        throw report.fault(
          "tokens", expected: "a token for every byte",
          found: "none for byte \(byte) (\(quoted(ByteAlphabet.text(of: [byte]))))",
          remedy: "This is no byte-level vocabulary such as Phi-2's")
      }
      byteTokens.append(UInt32(id))
    }
    var ranks = PairTable()
    var results: [UInt32] = []
    results.reserveCapacity(merges.count)
    var bytes: [UInt8] = []
    for (rank, merge) in merges.enumerated() {
      let text = merge.utf8
      guard let space = text.firstIndex(of: UInt8(ascii: " ")), space > text.startIndex,
        text.index(after: space) < text.endIndex
      else { throw report.fault("merges[\(rank)]", expected: "two tokens with a space between", found: quoted(merge)) }
      bytes.removeAll(keepingCapacity: true)
      let isLeft = ByteAlphabet.append(bytesOf: text[..<space], to: &bytes)
      let middle = bytes.count
      let isRight = ByteAlphabet.append(bytesOf: text[text.index(after: space)...], to: &bytes)
      guard isLeft, isRight, let left = spellings.find(bytes[..<middle]), let right = spellings.find(bytes[middle...]),
        let result = spellings.find(bytes[...])
      else {
        throw report.fault(
          "merges[\(rank)]", expected: "two tokens of the vocabulary that join to a third", found: quoted(merge))
      }
      guard ranks.insert(UInt32(left), UInt32(right), value: UInt32(rank)) else {
        throw report.fault("merges[\(rank)]", expected: "each pair once", found: "\(quoted(merge)) again")
      }
      results.append(UInt32(result))
    }
    return PairMerger(byteTokens: byteTokens, ranks: ranks, results: results)
  }

  private static func quoted(_ text: String) -> String {
    "\"\(text.escapingControlCharacters(limit: 80))\""
  }
}
