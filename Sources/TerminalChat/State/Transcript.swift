import Dialogue

/// A question and its answer, as far as it has come.
public struct ChatTurn: Sendable, Equatable {
  /// How far the answer is.
  public enum Status: Sendable, Equatable {
    case waiting, answering, done, stopped
    case failed(ChatFailure)
  }

  /// The task that was chosen.
  public var task: VisionTask?
  /// What was asked.
  public var question: String
  /// The adapter that answers; nil: the bare model.
  public var adapter: String?
  /// The path of the picture that it is about.
  public var picture: String?
  /// The answer with its markup.
  public internal(set) var answer = ""
  /// The answer read.
  public private(set) var grounded = GroundedText(parsing: "", isFinal: true)
  /// How far it is.
  public internal(set) var status = Status.waiting
  /// What the answer took.
  public internal(set) var statistics: ChatStatistics?
  /// How many turns did not fit the context.
  public internal(set) var droppedTurns = 0
  /// Whether the same question goes to every adapter; such turns are no part of the conversation.
  public var isComparison = false
  /// Whether the turn above shows the question.
  var hidesQuestion = false

  /// A question.
  public init(task: VisionTask?, question: String, adapter: String?, picture: String?) {
    self.task = task
    self.question = question
    self.adapter = adapter
    self.picture = picture
  }

  /// Adds to the answer.
  mutating func append(_ text: String) {
    answer += text
    grounded = GroundedText(parsing: answer, isFinal: false)
  }

  /// Ends the answer.
  mutating func end(_ status: Status) {
    self.status = status
    // The beginning of a tag that an interruption has cut is no text.
    grounded = GroundedText(parsing: answer, isFinal: status != .stopped)
  }

  /// Whether nothing more comes.
  var isOver: Bool {
    switch status {
    case .waiting, .answering: false
    case .done, .stopped, .failed: true
    }
  }

  /// Whether it has a place in the conversation that the model sees.
  var counts: Bool {
    guard !isComparison else { return false }
    switch status {
    case .done: return true
    case .stopped: return !answer.isEmpty
    default: return false
    }
  }

  /// Who answers, for people.
  var answerer: String { adapter.map { "with \(CleanText.line($0))" } ?? "without adapter" }

  /// Whether its task asks for boxes.
  var expectsBoxes: Bool { task == .grounding || task == .refer || task == .detection }
}

/// Something in the conversation pane.
struct Entry: Equatable {
  enum Content: Equatable {
    case turn(ChatTurn)
    /// A remark of the program.
    case notice(String)
    /// A fault.
    case complaint(String)
  }

  /// Its number, never used again.
  let id: Int
  /// Grows with each change, so that what was laid out before is known to be old.
  var revision = 0
  var content: Content

  var turn: ChatTurn? {
    if case .turn(let turn) = content { return turn }
    return nil
  }
}
