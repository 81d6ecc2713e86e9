import TestSupport
import Testing
import Tokenization

@testable import TinyGPTV

/// Guesses from what was said before, and that they change nothing but the number of passes.
struct LookupTests {
  private static let phi = Result { try BytePairTokenizer(directory: Fixtures.path("phi2-tokenizer")) }

  /// What is guessed behind a conversation and the beginning of an answer.
  private func guess(_ conversation: String, _ beginning: String, limit: Int = 3) throws -> String {
    let tokenizer = try Self.phi.get()
    var draft = LookupDraft(grammar: BoxGrammar(tokenizer), conversation: tokenizer.encode(conversation))
    for token in tokenizer.encode(beginning) { draft.append(token) }
    return tokenizer.decodeToString(draft.guesses(atMost: limit))
  }

  @Test(arguments: [
    // The grammar of boxes: numbers are not guessed, what stands between them is.
    ("{<12", "><"), ("{<12><", ""), ("{<12><34><56", "><"), ("<p>dogs</p", "> {"), ("{<9><8><7><100><", ""),
    ("<p>a dog</p> {<12><3><56><78>}<", "delim"),
    // Words as before, if they are enough.
    ("I see a small red", " car and"), ("a blue", ""), ("was small red", ""), ("nothing of the kind", ""),
  ])
  func whatFollowedBeforeIsGuessed(_ beginning: String, _ expected: String) throws {
    #expect(try guess("there is a small red car and a blue house", beginning) == expected)
  }

  @Test func fourNumbersEndABox() throws {
    #expect(try guess("", "{<1><2><3><44").hasPrefix(">}"))
    // As the answer itself did it before.
    let before = "<p>a</p> {<1><2><3><4>} and <p>b</p> {<5><6><7><8>}"
    #expect(try guess("", before + " and <p>c</p> {<9><10><11><12") == ">}")
  }

  @Test func noMoreIsGuessedThanAskedFor() throws {
    let conversation = "one two three four five six"
    #expect(try guess(conversation, " one two three", limit: 0) == "")
    #expect(try guess(conversation, " two three four", limit: 1) == " five")
    #expect(try guess(conversation + " seven eight nine", " two three four", limit: 9) == " five six")
  }

  @Test func anEmptyConversationIsNoTrouble() throws {
    #expect(try guess("", "") == "")
    #expect(try guess("", "a") == "")
  }
}

/// Answers with guesses are those without.
struct GuessingTests {
  private struct Script {
    var tokens: [Int] = []
    var generation: Generation
  }

  /// An answer, with guesses from a conversation that already has a part of it.
  private func answer(
    _ model: TinyGPTVModel, _ sampling: SamplingOptions, conversation: [Int]?, maximumTokens: Int = 40
  ) throws -> Script {
    let cache = model.makeCache()
    let prompt = (0..<9).map { ($0 * 37 + 11) % model.tokenizer.vocabularySize }
    let logits = try model.logits(after: model.embeddings(segments: [prompt], pictures: []), cache: cache)
    var tokens: [Int] = []
    let generation = try model.generate(
      after: logits, cache: cache, sampling: sampling, maximumTokens: maximumTokens, endsAtEndOfText: false,
      draft: conversation.map { LookupDraft(grammar: BoxGrammar(model.tokenizer), conversation: $0) }
    ) { token in
      tokens.append(token)
      return nil
    }
    #expect(cache.count <= model.configuration.phi.contextLength)
    return Script(tokens: tokens, generation: generation)
  }

  @Test(
    arguments: ["f32", "f16", "bf16", "q8_0", "q4_0"],
    [
      SamplingOptions(), SamplingOptions(temperature: 0.8, topP: 0.95, seed: 3),
      SamplingOptions(temperature: 0.5, repetitionPenalty: 1.2, seed: 4),
    ])
  func guessesChangeNoToken(_ type: String, _ sampling: SamplingOptions) throws {
    let model = try TinyGPTVModel(path: TinyModel.path("tiny-a", type: type))
    let plain = try answer(model, sampling, conversation: nil)
    #expect(plain.tokens.count == 40 && plain.generation == Generation(stopReason: .length, passes: 39))
    // Guesses that are right, guesses that are right for a while, and guesses that are wrong.
    var misleading = plain.tokens
    for index in stride(from: 3, to: misleading.count, by: 5) { misleading[index] = (misleading[index] + 1) % 200 }
    let right = try answer(model, sampling, conversation: plain.tokens)
    #expect(right.tokens == plain.tokens)
    #expect(right.generation.passes < 20)
    let wrong = try answer(model, sampling, conversation: misleading)
    #expect(wrong.tokens == plain.tokens)
    #expect(wrong.generation.passes > right.generation.passes && wrong.generation.passes < 40)
  }

  @Test func logitsOfSeveralTokensAreThoseOfEach() throws {
    for type in ["f32", "f16", "bf16", "q8_0", "q4_0"] {
      let model = try TinyGPTVModel(path: TinyModel.path("tiny-a", type: type))
      let ids = [5, 90, 33, 7]
      let (together, single) = (model.makeCache(), model.makeCache())
      for cache in [together, single] {
        _ = try model.logits(after: model.embeddings(segments: [[1, 2, 3]], pictures: []), cache: cache)
      }
      let rows = try model.logits(afterEach: model.embeddings(segments: [ids], pictures: []), cache: together)
      for (row, id) in zip(rows, ids) {
        let alone = try model.logits(after: model.embeddings(segments: [[id]], pictures: []), cache: single)
        #expect(row.map(\.bitPattern) == alone.map(\.bitPattern), "\(type)")
      }
    }
  }

  @Test func lengthAndContextEndAnAnswerWhereTheyDoWithoutGuesses() throws {
    let model = try TinyGPTVModel(path: TinyModel.path("tiny-a"))
    let all = try answer(model, SamplingOptions(), conversation: nil, maximumTokens: 100_000)
    #expect(all.generation.stopReason == .context)
    #expect(all.tokens.count == model.configuration.phi.contextLength - 9 + 1)
    let guessed = try answer(model, SamplingOptions(), conversation: all.tokens, maximumTokens: 100_000)
    #expect(guessed.generation.stopReason == .context && guessed.tokens == all.tokens)
    #expect(try answer(model, SamplingOptions(), conversation: all.tokens, maximumTokens: .max).tokens == all.tokens)
    for count in 0...9 {
      let short = try answer(model, SamplingOptions(), conversation: all.tokens, maximumTokens: count)
      #expect(short.generation.stopReason == .length && short.tokens == Array(all.tokens.prefix(count)))
    }
  }
}
