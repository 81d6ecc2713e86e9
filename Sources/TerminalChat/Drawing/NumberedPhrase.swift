import Dialogue

/// A phrase with the number that stands beside it and on its boxes.
public struct NumberedPhrase: Equatable, Sendable {
  /// From 1.
  public var number: Int
  /// Empty for boxes that stand alone.
  public var text: String
  /// At least one.
  public var boxes: [BoundingBox]

  /// Numbers the phrases of an answer.
  public static func phrases(of answer: GroundedText) -> [NumberedPhrase] {
    answer.phrases.enumerated().map {
      NumberedPhrase(number: $0 + 1, text: CleanText.line($1.text), boxes: $1.boxes)
    }
  }

  /// Numbers the phrases of a turn's answer. Boxes that stand alone show what the question asked for.
  static func phrases(of turn: ChatTurn) -> [NumberedPhrase] {
    var phrases = phrases(of: turn.grounded)
    let names = turn.grounded.names(asked: turn.question, in: turn.task)
    for (index, name) in zip(phrases.indices, names) { phrases[index].text = CleanText.line(name) }
    return phrases
  }

  /// What a box is labelled with.
  var label: String { text.isEmpty ? "\(number)" : "\(number) \(text)" }

  /// The boxes in words, for those who cannot see them: one line each.
  public var inWords: [String] {
    boxes.map { box in
      let name = text.isEmpty ? "" : " \(text):"
      return
        "box \(number):\(name) from \(box.x0)% to \(box.x1)% of the width, from \(box.y0)% to \(box.y1)% of the height"
    }
  }
}
