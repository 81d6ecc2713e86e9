import Diagnostics
import Dialogue

/// One turn of a conversation.
public struct Turn: Sendable, Equatable {
  /// What the user says, with the task's tag and boxes, without the picture's place.
  public var instruction: String
  /// What the model shall answer; not empty.
  public var answer: String
  /// What the question is about, such as `colour`, for reports; nil where the record does not tell.
  public var aspect: String?
  /// Whether the question makes sense only behind the turn before it.
  public var followsPrevious = false

  /// Puts a turn together.
  public init(
    instruction: String, answer: String, aspect: String? = nil, followsPrevious: Bool = false
  ) {
    self.aspect = aspect
    self.followsPrevious = followsPrevious
    self.instruction = instruction
    self.answer = answer
  }
}

extension Turn {
  /// The task whose tag the instruction carries; nil for talk without one.
  var task: VisionTask? { VisionTask.allCases.first { instruction.contains($0.tag) } }
}

/// What a model learns from: perhaps a picture, and what is said about it.
public struct TrainingRecord: Sendable, Equatable {
  /// Where a record is from, for messages.
  public struct Origin: Sendable, Equatable, CustomStringConvertible {
    /// The file, as the user named it.
    public var file: String
    /// The line in it, from 1.
    public var line: Int

    /// Names a place.
    public init(file: String, line: Int) {
      self.file = file
      self.line = line
    }

    /// `file:line`.
    public var description: String { "\(file):\(line)" }
  }

  /// The picture's file; nil for a conversation without one.
  public var imagePath: String?
  /// At least one.
  public var turns: [Turn]
  /// Where it is from.
  public var origin: Origin

  /// Puts a record together.
  public init(imagePath: String?, turns: [Turn], origin: Origin) {
    self.imagePath = imagePath
    self.turns = turns
    self.origin = origin
  }
}
