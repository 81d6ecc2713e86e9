import Diagnostics
import TinyGPTV
import Tokenization

/// A request as the language model reads it.
///
/// Written as in training (REFERENCE: "multi-turn concatenates"): each question in its template, each answer followed by
/// the end symbol, every piece tokenised by itself; the picture stands in the first question that is left.
struct ConversationPrompt {
  /// The prompt: a block for the first question, and one for each answer with the question behind it.
  let blocks: [PromptBlock]
  /// How many oldest turns were left out, since the context would have been full.
  let dropped: Int

  /// Writes a request.
  ///
  /// Where to begin is found by going through the turns as they came: when a question did not fit any more, the oldest
  /// turns left until what stayed filled half of the room. So a conversation that grows keeps the same beginning for many
  /// turns, and its keys and values with it.
  ///
  /// - Parameters:
  ///   - picture: the picture, encoded.
  ///   - beginning: tokens in front of everything.
  ///   - contextSize: how many tokens the conversation may have, the answer's included.
  ///   - encode: gives a text's tokens.
  /// - Throws: if nothing is asked, or the question is too long even alone.
  init(
    _ request: ChatRequest, picture: PromptPicture?, beginning: [Int], contextSize: Int, encode: (String) -> [Int]
  ) throws(ModelFault) {
    let template = try ModelFault.when(.question) { () throws(InputError) in try PromptTemplate(request.template) }
    var questions: [(text: String, task: VisionTask?)] = request.earlier.map { ($0.question, $0.task) }
    questions.append((request.question, request.task))

    func question(_ index: Int, isFirst: Bool) throws(ModelFault) -> [PromptBlock.Piece] {
      let (text, task) = questions[index]
      let instruction = try ModelFault.when(.question) { () throws(InputError) in
        try PromptTemplate.question(text, task: task, hasPicture: isFirst && picture != nil)
      }
      let segments = PromptTemplate.segments(of: template.prompt(question: instruction))
      let start = isFirst ? beginning : []
      guard isFirst, let picture, segments.count == 2 else { return [.tokens(start + encode(segments.joined()))] }
      return [.tokens(start + encode(segments[0])), .picture(picture), .tokens(encode(segments[1]))]
    }
    func answerAndQuestion(_ index: Int) throws(ModelFault) -> [PromptBlock.Piece] {
      let answer = encode(request.earlier[index - 1].answer + template.stopText)
      guard case .tokens(let ids)? = try question(index, isFirst: false).first else { return [.tokens(answer)] }
      return [.tokens(answer + ids)]
    }
    func size(_ pieces: [PromptBlock.Piece]) -> Int {
      pieces.reduce(0) { sum, piece in
        switch piece {
        case .tokens(let ids): sum + ids.count
        case .picture(let picture): sum + picture.queries.rows
        }
      }
    }

    let last = questions.count - 1
    let reserve = min(max(request.sampling.maximumTokens, 1), contextSize / 4)
    let limit = contextSize - reserve
    var start = 0
    var first = try question(0, isFirst: true)
    var later: [[PromptBlock.Piece]] = []
    var used = size(first)
    if last > 0 {
      for index in 1...last {
        let pieces = try answerAndQuestion(index)
        later.append(pieces)
        used += size(pieces)
        guard used > limit else { continue }
        while start < index, used > limit / 2 {
          used -= size(first)
          used -= size(later.removeFirst())
          start += 1
          first = try question(start, isFirst: true)
          used += size(first)
        }
      }
    }
    guard used < contextSize else {
      throw ModelFault(
        kind: .context,
        error: InputError(
          file: "the question", expected: "fewer than \(contextSize) tokens, the model's context", found: "\(used)",
          remedy: "Ask a shorter question."))
    }
    blocks = ([first] + later).map { PromptBlock(pieces: $0) }
    dropped = start
  }
}
