import Diagnostics
import Foundation
import TinyGPTV

/// A picture that a conversation is about.
public struct StoredPicture: Sendable, Equatable, Codable {
  /// The path of its file, absolute.
  public var path: String
  /// Its content (``PictureFingerprint``), to see whether the file is still that picture.
  public var fingerprint: String?

  /// A picture.
  public init(path: String, fingerprint: String?) {
    self.path = path
    self.fingerprint = fingerprint
  }
}

/// A question with its answer, and what the answer came from.
public struct StoredTurn: Sendable, Equatable, Codable {
  /// Question and answer.
  public var turn: ChatRequest.Turn
  /// The adapter that answered; nil: the bare model.
  public var adapter: String?
  /// The template.
  public var template: String
  /// How its tokens were chosen.
  public var sampling: SamplingChoice
  /// Why the answer ended; nil if something failed.
  public var stopReason: StopReason?
  /// When it ended.
  public var date: Date

  /// A turn.
  public init(
    turn: ChatRequest.Turn, adapter: String?, template: String = "tinygptv", sampling: SamplingChoice = .init(),
    stopReason: StopReason? = nil, date: Date
  ) {
    self.turn = turn
    self.adapter = adapter
    self.template = template
    self.sampling = sampling
    self.stopReason = stopReason
    self.date = date
  }

  /// A turn from the request that it answers.
  public init(_ request: ChatRequest, answer: String, stopReason: StopReason?, date: Date) {
    self.init(
      turn: .init(task: request.task, question: request.question, answer: answer), adapter: request.adapter,
      template: request.template, sampling: request.sampling, stopReason: stopReason, date: date)
  }
}

/// What can happen in a conversation: a line of its file.
public enum SessionRecord: Sendable, Equatable {
  /// Another picture, or none, from here on. What was said before is not part of what follows.
  case picture(StoredPicture?)
  /// A question was asked; its answer is being made.
  case asked(ChatRequest.Turn)
  /// The answer is there, or as much of it as came.
  case turn(StoredTurn)
  /// The last turn is taken back.
  case undo
  /// What was said before is not part of what follows; the picture stays.
  case clear
  /// What the next question will be asked with.
  case settings(
    adapter: String?, task: VisionTask?, template: String, sampling: SamplingChoice, isSeedChosen: Bool = false)

  /// Whether something is asked or answered, so that the conversation is worth a file.
  package var isQuestion: Bool {
    switch self {
    case .asked, .turn: true
    default: false
    }
  }
}

extension SessionRecord: Codable {
  private enum CodingKeys: String, CodingKey {
    case kind, picture, turn, adapter, task, template, sampling, isSeedChosen
  }
  private enum Kind: String, Codable { case picture, asked, turn, undo, clear, settings }

  /// Reads a line's object.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    switch try values.decode(Kind.self, forKey: .kind) {
    case .picture: self = .picture(try values.decodeIfPresent(StoredPicture.self, forKey: .picture))
    case .asked: self = .asked(try values.decode(ChatRequest.Turn.self, forKey: .turn))
    case .turn: self = .turn(try StoredTurn(from: decoder))
    case .undo: self = .undo
    case .clear: self = .clear
    case .settings:
      self = .settings(
        adapter: try values.decodeIfPresent(String.self, forKey: .adapter),
        task: try values.decodeIfPresent(VisionTask.self, forKey: .task),
        template: try values.decode(String.self, forKey: .template),
        sampling: try values.decode(SamplingChoice.self, forKey: .sampling),
        isSeedChosen: try values.decodeIfPresent(Bool.self, forKey: .isSeedChosen) ?? false)
    }
  }

  /// Writes a line's object.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .picture(let picture):
      try values.encode(Kind.picture, forKey: .kind)
      try values.encodeIfPresent(picture, forKey: .picture)
    case .asked(let turn):
      try values.encode(Kind.asked, forKey: .kind)
      try values.encode(turn, forKey: .turn)
    case .turn(let turn):
      try values.encode(Kind.turn, forKey: .kind)
      try turn.encode(to: encoder)
    case .undo: try values.encode(Kind.undo, forKey: .kind)
    case .clear: try values.encode(Kind.clear, forKey: .kind)
    case .settings(let adapter, let task, let template, let sampling, let isSeedChosen):
      try values.encode(Kind.settings, forKey: .kind)
      try values.encodeIfPresent(adapter, forKey: .adapter)
      try values.encodeIfPresent(task, forKey: .task)
      try values.encode(template, forKey: .template)
      try values.encode(sampling, forKey: .sampling)
      try values.encode(isSeedChosen, forKey: .isSeedChosen)
    }
  }
}
