import Dialogue

/// How the answers of a talk sound.
public enum TalkStyle: String, CaseIterable, Sendable, Codable {
  /// As short as can be: "red", "2", "yes", "a red star".
  case plain
  /// The same facts in full English sentences.
  case sentences
  /// Short answers in Spanish, to questions in English and in Spanish.
  case spanish
}

/// What a turn asks for: the seven kinds of `[vqa]` questions, the other tasks, and talk without a tag.
public enum TalkAspect: String, CaseIterable, Sendable, Codable {
  case colour, shape, kind, count, presence, position, size
  case refer, identify, detection, grounding, caption, chat

  /// The task whose tag such a question carries; nil for talk without one.
  public var task: VisionTask? {
    switch self {
    case .colour, .shape, .kind, .count, .presence, .position, .size: .vqa
    case .refer: .refer
    case .identify: .identify
    case .detection: .detection
    case .grounding: .grounding
    case .caption: .caption
    case .chat: nil
    }
  }
}

/// A question about a scene and its answer.
public struct SceneTurn: Sendable, Codable, Equatable {
  /// What is asked for.
  public let aspect: TalkAspect
  /// The question as a user would type it, without a tag.
  public let question: String
  /// The answer, without the end symbol.
  public let answer: String
  /// Whether the question is understood only behind the turn before it, as "what colour is it?" is.
  public let followsPrevious: Bool

  /// Puts a turn together.
  public init(aspect: TalkAspect, question: String, answer: String, followsPrevious: Bool = false) {
    self.aspect = aspect
    self.question = question
    self.answer = answer
    self.followsPrevious = followsPrevious
  }

  /// The task whose tag the question carries.
  public var task: VisionTask? { aspect.task }

  /// What stands in the prompt: `[vqa] what colour is the star?`, or the question alone.
  public var instruction: String { task.map { "\($0.tag) \(question)" } ?? question }
}
