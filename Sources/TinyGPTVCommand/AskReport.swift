import Diagnostics
import Dialogue
import Foundation
import ModelFiles

/// One question as the command line or a line of a batch gives it.
struct AskItem {
  var image: String?
  var task: String?
  var text: String

  init(image: String?, task: String?, text: String) {
    self.image = image
    self.task = task
    self.text = text
  }

  /// Reads one line of a batch: an object with `text`, and perhaps `image` and `task`.
  init(line: [UInt8]) throws(InputError) {
    let json = try JSONValue.parse(bytes: line, file: "batch line")
    image = try json.stringIfPresent("image", file: "batch line")
    task = try json.stringIfPresent("task", file: "batch line")
    text = try json.stringIfPresent("text", file: "batch line") ?? ""
    if let unknown = json.object?.first(where: { !["image", "task", "text"].contains($0.key) }) {
      throw InputError(
        file: "batch line", field: unknown.key, expected: "image, task and text only", found: "another key")
    }
    if let task, VisionTask(rawValue: task) == nil {
      throw InputError(
        file: "batch line", field: "task",
        expected: "one of \(VisionTask.allCases.map(\.rawValue).joined(separator: ", "))", found: task)
    }
  }
}

/// An answer as one JSON object.
struct AnswerReport: Encodable {
  struct Box: Encodable {
    var phrase: String?
    var x0, y0, x1, y1: Int
    var pixels: BoundingBox.Pixels?
  }
  struct Timings: Encodable {
    var load, picture, prompt, decode: Double
    var promptTokens, tokens, passes: Int
    var tokensPerSecond: Double
  }

  private var text: String
  private var tokens: [Int]
  private var boxes: [Box]
  private var skippedBoxes: Int
  private var clampedBoxes: Int
  private var stopReason: String
  private var timings: Timings
  private var model: String
  private var adapter: String?

  init(_ answer: Answer, _ question: Question, _ engine: Engine) {
    text = answer.text
    tokens = answer.tokens
    let grounded = GroundedText(parsing: answer.text, isFinal: true)
    boxes = grounded.phrases.flatMap { phrase in
      phrase.boxes.map { box in
        Box(
          phrase: phrase.text.isEmpty ? nil : phrase.text, x0: box.x0, y0: box.y0, x1: box.x1, y1: box.y1,
          pixels: question.picture.map { box.pixels(width: $0.width, height: $0.height) })
      }
    }
    skippedBoxes = grounded.skippedBoxes
    clampedBoxes = grounded.clampedBoxes
    stopReason = answer.stopReason.rawValue
    let times = answer.timings
    timings = Timings(
      load: engine.loadSeconds, picture: times.pictureSeconds, prompt: times.promptSeconds,
      decode: times.decodeSeconds, promptTokens: times.promptTokens, tokens: times.tokens,
      passes: times.passes, tokensPerSecond: times.tokensPerSecond)
    model = engine.modelPath
    adapter = engine.activeAdapter
  }

  func line() throws -> String { try Self.encoded(self) }

  private struct Failure: Encodable {
    var error: String
    var line: Int
  }

  /// What stands in place of an answer.
  ///
  /// - Parameter line: the number of the batch's line, from 1.
  static func errorLine(_ message: String, line: Int) throws -> String {
    try encoded(Failure(error: message, line: line))
  }

  private static func encoded(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
