import Diagnostics
import Tensors

/// Why an answer ended.
public enum StopReason: String, Sendable, Codable {
  /// The model wrote its end symbol or end-of-text.
  case stop
  /// The number of tokens that was asked for is reached.
  case length
  /// The model's context is full.
  case context
  /// Somebody did not want more.
  case cancelled
}

/// How an answer came about.
public struct Generation: Sendable, Equatable {
  /// Why it ended.
  public var stopReason: StopReason
  /// How often the weights were gone through; less than there are tokens where guesses were right.
  public var passes = 0
}

extension TinyGPTVModel {
  /// Continues a prompt token by token.
  ///
  /// The cache then holds the answer's tokens but for the last, and perhaps guesses behind them.
  ///
  /// - Parameters:
  ///   - logits: the logits [vocabulary] behind the prompt's last token, which is in `cache`.
  ///   - maximumTokens: how many tokens may come.
  ///   - endsAtEndOfText: whether the end-of-text token, which is not passed on then, ends the answer.
  ///   - onToken: gets every token; says whether to go on.
  /// - Throws: ``InputError`` if the logits are not finite.
  @discardableResult
  public func generate(
    after logits: [Float], cache: KeyValueCache, sampling: SamplingOptions, maximumTokens: Int,
    endsAtEndOfText: Bool, onToken: (Int) -> StopReason?
  ) throws(InputError) -> Generation {
    try generate(
      after: logits, cache: cache, sampling: sampling, maximumTokens: maximumTokens, endsAtEndOfText: endsAtEndOfText,
      draft: nil, onToken: onToken)
  }

  /// The same with guesses, which change nothing but the time: each token is drawn from its own logits, as without.
  package func generate(
    after logits: [Float], cache: KeyValueCache, sampling: SamplingOptions, maximumTokens: Int,
    endsAtEndOfText: Bool, draft: LookupDraft?, onToken: (Int) -> StopReason?
  ) throws(InputError) -> Generation {
    var sampler = Sampler(sampling)
    return try generate(
      after: logits, cache: cache, maximumTokens: maximumTokens, endsAtEndOfText: endsAtEndOfText, draft: draft,
      choose: { sampler.next($0) }, onToken: onToken)
  }

  /// The same with another way to choose tokens.
  ///
  /// Guesses go through the model in one pass with the token that they follow (Leviathan et al. 2023), at most
  /// ``LookupDraft/longest``: so few rows are multiplied like a single one, bit for bit. As long as the tokens chosen are
  /// those that were guessed, the logits of the next are there already.
  package func generate(
    after logits: [Float], cache: KeyValueCache, maximumTokens: Int, endsAtEndOfText: Bool, draft: LookupDraft?,
    choose: ([Float]) -> Int, onToken: (Int) -> StopReason?
  ) throws(InputError) -> Generation {
    var draft = draft
    var passes = 0
    var logits = logits
    var guesses: ArraySlice<Int> = []
    var logitsOfGuesses: ArraySlice<[Float]> = []
    guard maximumTokens > 0 else { return Generation(stopReason: .length) }
    for step in 1...maximumTokens {
      let token = choose(logits)
      if endsAtEndOfText && token == tokenizer.endOfTextToken { return Generation(stopReason: .stop, passes: passes) }
      if let reason = onToken(token) { return Generation(stopReason: reason, passes: passes) }
      guard step < maximumTokens else { break }
      draft?.append(token)
      if token == guesses.first, let next = logitsOfGuesses.popFirst() {
        guesses.removeFirst()
        logits = next
        continue
      }
      cache.truncate(to: cache.count - guesses.count)
      let room = configuration.phi.contextLength - cache.count
      guard room > 0 else { return Generation(stopReason: .context, passes: passes) }
      guesses = ArraySlice(draft?.guesses(atMost: min(room - 1, maximumTokens - step - 1)) ?? [])
      logitsOfGuesses = ArraySlice(try self.logits(afterEach: phi.embeddings(of: [token] + guesses), cache: cache))
      logits = logitsOfGuesses.removeFirst()
      passes += 1
    }
    return Generation(stopReason: .length, passes: passes)
  }
}
