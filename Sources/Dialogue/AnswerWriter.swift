import Tokenization

/// Turns an answer's tokens into text as they come, up to the text that ends it.
package struct AnswerWriter {
  private var detokenizer: StreamingDetokenizer
  private var matcher: StopMatcher
  private let isTrimmed: Bool
  private var shown = ""
  /// For every token, how many bytes of text there were before it, those held back included.
  private var starts: [(token: Int, offset: Int)] = []
  private var produced = 0

  package init(tokenizer: BytePairTokenizer, stopText: String?) {
    detokenizer = StreamingDetokenizer(tokenizer: tokenizer)
    matcher = StopMatcher(stop: stopText ?? "")
    isTrimmed = stopText != nil
  }

  /// How many tokens came, those of the stop text included.
  var tokenCount: Int { starts.count }

  /// Whether the stop text has come.
  package var hasStopped: Bool { matcher.hasStopped }

  /// The text so far, without surrounding white space if the answer has a stop text.
  package var text: String {
    guard isTrimmed else { return shown }
    let isSpace: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
    var scalars = shown.unicodeScalars.drop(while: isSpace)
    while let last = scalars.last, isSpace(last) { scalars.removeLast() }
    return String(scalars)
  }

  /// The tokens of the text: those that begin before the stop text.
  var tokens: [Int] { (hasStopped ? starts.filter { $0.offset < shown.utf8.count } : starts).map(\.token) }

  /// Takes in the next token and returns the text that may be shown now.
  package mutating func append(_ token: Int) -> String {
    starts.append((token, produced))
    return show(detokenizer.append(token))
  }

  /// The text that was still held back.
  package mutating func finish() -> String {
    let last = show(detokenizer.finish())
    let held = matcher.finish()
    shown += held
    return last + held
  }

  private mutating func show(_ text: String) -> String {
    produced += text.utf8.count
    let visible = matcher.append(text)
    shown += visible
    return visible
  }
}
