import Diagnostics
import Dialogue
import TinyGPTV
import Tokenization

/// A conversation about a picture as the language model sees it: token ids, the picture's place, and which of the tokens
/// it must learn to say.
struct LanguageExample: Sendable {
  /// The token ids of the text, without the picture's vectors.
  var ids: [Int] = []
  /// Before which of the ids the picture's vectors stand, or nil.
  var pictureOffset: Int?
  /// For each id, whether it is to be learned: answers and their end symbols.
  var isTarget: [Bool] = []
  /// Where in ``ids`` each turn begins, if no turn may see another; empty for a conversation.
  var turnStarts: [Int] = []

  /// The answers' tokens, and what the log calls questions of their kind.
  var answers: [(tokens: Range<Int>, label: String)] = []

  /// The tokens that are to be learned, by their places in ``ids``.
  var targets: [Int] { ids.indices.filter { isTarget[$0] } }

  /// Writes a conversation as REFERENCE's training does: one end-of-text in front, each question in the template, each
  /// answer followed by the end symbol; every piece is tokenised by itself.
  ///
  /// - Parameters:
  ///   - turns: questions with their tags, and answers.
  ///   - hasPicture: whether the first question carries a picture.
  ///   - maximumTokens: the text is cut after this many tokens.
  ///   - areIndependent: every turn follows the picture directly and sees no other turn.
  init(
    turns: [(instruction: String, answer: String, label: String)], hasPicture: Bool, template: PromptTemplate,
    endSymbol: String,
    tokenizer: BytePairTokenizer, maximumTokens: Int, areIndependent: Bool = false
  ) {
    func add(_ tokens: [Int], target: Bool) {
      ids += tokens
      isTarget += tokens.map { _ in target }
    }
    if let beginning = tokenizer.endOfTextToken { add([beginning], target: false) }
    for (index, turn) in turns.enumerated() {
      // A later turn of a conversation has its picture at the conversation's beginning.
      let carriesPicture = hasPicture && (index == 0 || areIndependent)
      let question = PromptTemplate.question(ofTurn: turn.instruction, carriesPicture: carriesPicture)
      let segments = PromptTemplate.segments(of: template.prompt(question: question))
      if carriesPicture, index == 0 {
        add(tokenizer.encode(segments[0]), target: false)
        pictureOffset = ids.count
      }
      if areIndependent { turnStarts.append(ids.count) }
      for segment in segments.dropFirst(carriesPicture ? 1 : 0) { add(tokenizer.encode(segment), target: false) }
      let start = ids.count
      add(tokenizer.encode(turn.answer + endSymbol), target: true)
      answers.append((start..<ids.count, turn.label))
    }
    if ids.count > maximumTokens {
      ids.removeLast(ids.count - maximumTokens)
      isTarget.removeLast(isTarget.count - maximumTokens)
      turnStarts.removeAll { $0 >= maximumTokens }
      answers.removeAll { $0.tokens.upperBound > maximumTokens }
      if let offset = pictureOffset, offset > maximumTokens { pictureOffset = maximumTokens }
    }
  }
}
