import Tensors
import TinyGPTV

/// Questions with answers as TinyGPT-V gives them. The benchmark puts the words of the answer in place of those that the
/// model would choose, since random weights write no boxes; what is computed is the same.
private let questionsWithBoxes = [
  (
    "[INST] [refer] give me the location of the woman in the red coat [/INST]",
    "{<31><18><62><97>}###"
  ),
  (
    "[INST] [detection] pillows [/INST]",
    "<p>pillows</p> {<2><51><21><76>}<delim>{<57><42><71><60>}<delim>{<70><44><88><63>}###"
  ),
  (
    "[INST] [grounding] please describe this image in detail [/INST]",
    "<p>A man</p> {<29><22><71><99>} is riding <p>a wave</p> {<0><45><100><98>} on top of <p>a surfboard</p> "
      + "{<33><79><69><92>} in <p>the ocean</p> {<0><12><100><100>}###"
  ),
]

extension ModelBenchmark {
  /// Seconds, tokens and passes of the answers, with or without guesses; only the tokens behind the first count.
  private func answer(
    _ model: TinyGPTVModel, _ cache: KeyValueCache, _ grammar: BoxGrammar?
  ) throws -> (seconds: Double, tokens: Int, passes: Int) {
    var total = (seconds: 0.0, tokens: 0, passes: 0)
    for (question, answer) in questionsWithBoxes {
      let (prompt, words) = (model.tokenizer.encode(question), model.tokenizer.encode(answer))
      guard prompt.count + words.count <= model.configuration.phi.contextLength else { continue }
      cache.truncate(to: 0)
      try read(model.phi.embeddings(of: prompt), model, cache)
      var next = words.startIndex
      total.seconds += try secondsTaken {
        let draft = grammar.map { LookupDraft(grammar: $0, conversation: prompt) }
        total.passes += try model.generate(
          after: [], cache: cache, maximumTokens: words.count, endsAtEndOfText: false, draft: draft,
          choose: { _ in
            defer { next += 1 }
            return words[next]
          }, onToken: { _ in nil }
        ).passes
      }
      total.tokens += words.count - 1
      try continueOrStop()
    }
    return total
  }

  func measureLookup(_ model: TinyGPTVModel, _ cache: KeyValueCache) throws {
    let grammar = BoxGrammar(model.tokenizer)
    let columns = try samples("answers with boxes") {
      // In turn, since a machine's speed changes from one moment to the next.
      let (slow, fast) = (try answer(model, cache, nil), try answer(model, cache, grammar))
      guard slow.tokens > 0 else { return [] }
      let (tokens, passes) = (Double(slow.tokens), Double(fast.passes))
      return [tokens / slow.seconds, tokens / fast.seconds, slow.seconds / fast.seconds, tokens / passes]
    }
    // No answer fits the context of a tiny model.
    guard columns.count == 4 else { return }
    add("boxes, token by token", unit: "tokens/s", columns[0])
    add("boxes, with look-up", unit: "tokens/s", columns[1])
    add("look-up's gain", unit: "x", columns[2])
    add("tokens a pass", unit: "", columns[3])
  }
}
