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

extension TinyGPTVModel {
  /// Continues a prompt token by token.
  ///
  /// - Parameters:
  ///   - logits: the logits behind the prompt's last token, which is in `cache`.
  ///   - maximumTokens: how many tokens may come.
  ///   - endsAtEndOfText: whether the end-of-text token, which is not passed on then, ends the answer.
  ///   - onToken: gets every token; says whether to go on.
  public func generate(
    after logits: [Float], cache: KeyValueCache, sampling: SamplingOptions, maximumTokens: Int,
    endsAtEndOfText: Bool, onToken: (Int) -> StopReason?
  ) throws(InputError) -> StopReason {
    var sampler = Sampler(sampling)
    var logits = logits
    for step in 0..<maximumTokens {
      let token = sampler.next(logits)
      if endsAtEndOfText && token == tokenizer.endOfTextToken { return .stop }
      if let reason = onToken(token) { return reason }
      guard step + 1 < maximumTokens else { break }
      guard cache.count < configuration.phi.contextLength else { return .context }
      logits = try self.logits(after: phi.embeddings(of: [token]), cache: cache)
    }
    return .length
  }
}
