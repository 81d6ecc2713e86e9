import Diagnostics
import Foundation
import TinyGPTV

/// A conversation: as its file tells it, or as it grows in memory where nothing is kept.
public struct StoredSession: Sendable, Equatable {
  /// What stands in a conversation, in its order.
  public enum Entry: Sendable, Equatable {
    /// From here on it is about this picture, or about none.
    case picture(StoredPicture?)
    /// A question and its answer.
    case turn(StoredTurn)
    /// What was said before is not part of what follows.
    case cleared
  }

  /// The first line of a conversation's file.
  struct Header: Codable, Equatable, Sendable {
    /// Tells the format; a file with a higher number is another one's.
    var tinygptvSession = 1
    var created: Date
    var model: String
  }

  /// The name of its file without the extension; empty in memory.
  public let id: String
  /// When it was begun.
  public let created: Date
  /// The model that it was begun with.
  public let model: String
  /// What stands in it, without what was taken back.
  public private(set) var entries: [Entry] = []
  /// A question without an answer at the end: the program was ended while it answered.
  public private(set) var unanswered: ChatRequest.Turn?
  /// Whether its settings were told. Where they were not, they are those of the last question.
  private var hasSettings = false
  /// The adapter chosen last; the outer nil: nothing tells.
  public private(set) var adapter: String??
  /// The task chosen last.
  public private(set) var task: VisionTask?
  /// The template chosen last.
  public private(set) var template: String?
  /// The sampling chosen last.
  public private(set) var sampling: SamplingChoice?
  /// Whether the user chose the seed.
  public private(set) var isSeedChosen = false
  /// How many lines could not be read.
  public internal(set) var skippedLines = 0

  /// An empty conversation.
  public init(id: String = "", model: String, created: Date = Date()) {
    self.id = id
    self.model = model
    self.created = created
  }

  init(id: String, header: Header) {
    self.id = id
    created = header.created
    model = header.model
  }

  /// The picture that the conversation is about now.
  public var picture: StoredPicture? {
    for entry in entries.reversed() {
      if case .picture(let picture) = entry { return picture }
    }
    return nil
  }

  /// The turns that the next answer depends on: those behind the last picture and the last clearing.
  public var turns: [StoredTurn] {
    var turns: [StoredTurn] = []
    for entry in entries.reversed() {
      guard case .turn(let turn) = entry else { break }
      turns.append(turn)
    }
    return turns.reversed()
  }

  /// How many questions were answered.
  public var turnCount: Int {
    entries.count { if case .turn = $0 { true } else { false } }
  }

  /// The first question, else the picture's name, on one line of at most 60 characters.
  public var title: String {
    var title = ""
    for case .turn(let turn) in entries {
      title = turn.turn.question.isEmpty ? turn.turn.task?.tag ?? "" : turn.turn.question
      break
    }
    if title.isEmpty { title = unanswered?.question ?? "" }
    if title.isEmpty { title = picture?.path.split(separator: "/").last.map(String.init) ?? "" }
    let line = title.split(whereSeparator: \.isWhitespace).joined(separator: " ").escapingControlCharacters(limit: 400)
    if line.isEmpty { return "(empty)" }
    return line.count > 60 ? line.prefix(59) + "…" : line
  }

  /// When something happened last.
  public var lastDate: Date {
    for entry in entries.reversed() {
      if case .turn(let turn) = entry { return turn.date }
    }
    return created
  }

  /// Takes in the next thing that happened.
  public mutating func apply(_ record: SessionRecord) {
    switch record {
    case .picture(let picture):
      if case .picture = entries.last { entries.removeLast() }
      entries.append(.picture(picture))
      unanswered = nil
    case .asked(let turn): unanswered = turn
    case .turn(let turn):
      entries.append(.turn(turn))
      unanswered = nil
      // It may have been asked before they changed.
      guard !hasSettings else { return }
      adapter = .some(turn.adapter)
      template = turn.template
      sampling = turn.sampling
    case .undo:
      // Only what the next answer depends on can be taken back.
      if case .turn = entries.last { entries.removeLast() }
      unanswered = nil
    case .clear:
      if case .turn = entries.last { entries.append(.cleared) }
      unanswered = nil
    case .settings(let adapter, let task, let template, let sampling, let isSeedChosen):
      hasSettings = true
      self.adapter = .some(adapter)
      self.task = task
      self.template = template
      self.sampling = sampling
      self.isSeedChosen = isSeedChosen
    }
  }
}
