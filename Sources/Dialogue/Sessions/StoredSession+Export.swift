import Diagnostics
import Foundation
import ModelFiles

extension StoredSession {
  /// How a conversation is written for others to read.
  public enum ExportFormat: String, Sendable, CaseIterable {
    /// Markdown, with boxes in words.
    case markdown = "md"
    /// One JSON object, with markup and boxes.
    case json

    /// What a file's name says: `.json`, `.md` or `.markdown`; nil for another extension.
    public init?(path: String) {
      let name = path.lowercased()
      if name.hasSuffix(".json") {
        self = .json
      } else if name.hasSuffix(".md") || name.hasSuffix(".markdown") {
        self = .markdown
      } else {
        return nil
      }
    }
  }

  /// The conversation as text.
  public func exported(as format: ExportFormat) -> String { format == .json ? json : markdown }

  /// Writes the conversation into a file that appears when it is whole.
  ///
  /// - Parameters:
  ///   - path: the file; nil makes a name in the folder `directory` from the title, one that is not taken.
  ///   - overwriting: whether a file that is there may be replaced.
  /// - Returns: the path.
  /// - Throws: ``InputError`` if it cannot be written.
  @discardableResult
  public func export(
    to path: String?, as format: ExportFormat, directory: String = ".", overwriting: Bool = false
  ) throws(InputError) -> String {
    let target = path ?? Self.freeName(title, format, directory)
    guard overwriting || !FileManager.default.fileExists(atPath: target) else {
      throw InputError(
        file: target, expected: "a name that is not taken", found: "a file", remedy: "Name another one.")
    }
    let writer = try AtomicFileWriter(path: target)
    try writer.append(Array(exported(as: format).utf8))
    try writer.finish()
    return target
  }

  /// A file name of a title: letters and digits of any language, everything else as hyphens, at most 60 bytes.
  static func safeName(_ title: String) -> String {
    var name = ""
    for scalar in title.lowercased().unicodeScalars {
      let isPlain = scalar.properties.isAlphabetic || scalar.properties.numericType != nil
      if isPlain {
        guard name.utf8.count + UTF8.width(scalar) <= 60 else { break }
        name.unicodeScalars.append(scalar)
      } else if !name.isEmpty, name.last != "-", name.utf8.count < 60 {
        name += "-"
      }
    }
    while name.last == "-" { name.removeLast() }
    return name.isEmpty ? "conversation" : name
  }

  private static func freeName(_ title: String, _ format: ExportFormat, _ directory: String) -> String {
    let stem = directory == "." ? safeName(title) : "\(directory)/\(safeName(title))"
    var path = "\(stem).\(format.rawValue)"
    var number = 2
    while FileManager.default.fileExists(atPath: path) {
      path = "\(stem)-\(number).\(format.rawValue)"
      number += 1
    }
    return path
  }

  // MARK: Markdown

  private var markdown: String {
    var parts = ["# \(Self.escaped(title))", "Model: \(Self.escaped(model)), \(Self.text(of: created))"]
    for entry in entries {
      switch entry {
      case .picture(let picture):
        parts.append(picture.map { "Picture: \(Self.code($0.path))" } ?? "No picture.")
      case .cleared: parts.append("---")
      case .turn(let turn): parts += Self.markdown(turn)
      }
    }
    return parts.joined(separator: "\n\n") + "\n"
  }

  private static func markdown(_ turn: StoredTurn) -> [String] {
    let task = turn.turn.task.map { " `\($0.tag)`" } ?? ""
    var parts = [
      "## \(escaped(turn.turn.question.isEmpty ? turn.turn.task?.rawValue ?? "…" : turn.turn.question))\(task)"
    ]
    let grounded = GroundedText(parsing: turn.turn.answer, isFinal: true)
    let names = grounded.names(asked: turn.turn.question, in: turn.turn.task)
    let answer = grounded.text(names: names)
    parts.append(answer.isEmpty ? "*(no text)*" : escaped(answer, isBlock: true))
    // Not a numbered list, which counts by itself: a phrase may have several boxes, and its number is the screen's.
    let boxes = zip(names, grounded.phrases).enumerated().flatMap { index, phrase in
      phrase.1.boxes.map { box in
        let name = phrase.0.isEmpty ? "a box" : escaped(phrase.0)
        return "- \(escaped("[\(index + 1)]")) \(name): left \(box.x0) %, top \(box.y0) %, "
          + "right \(box.x1) %, bottom \(box.y1) %"
      }
    }
    if !boxes.isEmpty { parts.append(boxes.joined(separator: "\n")) }
    var origin = "adapter \(turn.adapter.map(escaped) ?? "none")"
    if turn.stopReason == .cancelled { origin += ", stopped" }
    parts.append("*\(origin), \(text(of: turn.date))*")
    return parts
  }

  /// Text that Markdown shows as it is; as a heading or in a line of its own, on one line.
  static func escaped(_ text: String, isBlock: Bool) -> String {
    var result = ""
    // What is no mark in the middle of a line may be one behind nothing, or behind digits alone.
    var isAtStart = true
    var isBehindDigits = false
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\", "`", "*", "_", "[", "]", "<", ">", "#", "|", "~": result += "\\" + String(scalar)
      case "+", "-", "=": result += isAtStart ? "\\" + String(scalar) : String(scalar)
      case ".", ")": result += isBehindDigits ? "\\" + String(scalar) : String(scalar)
      case "\n", "\r": result += isBlock ? "  \n" : " "
      default: result.unicodeScalars.append(scalar)
      }
      let isBreak = scalar == "\n" || scalar == "\r"
      isBehindDigits = (isAtStart || isBehindDigits) && ("0"..."9").contains(scalar)
      isAtStart = isBreak || isAtStart && scalar == " "
    }
    return result
  }

  private static func escaped(_ text: String) -> String { escaped(text, isBlock: false) }

  /// A code span, which no run of backquotes inside it ends.
  private static func code(_ text: String) -> String {
    var longest = 0
    var run = 0
    for character in text.utf8 {
      run = character == 0x60 ? run + 1 : 0
      longest = max(longest, run)
    }
    let fence = String(repeating: "`", count: longest + 1)
    let line = text.escapingControlCharacters()
    return longest == 0 ? "\(fence)\(line)\(fence)" : "\(fence) \(line) \(fence)"
  }

  private static func text(of date: Date) -> String { ISO8601DateFormatter().string(from: date) }

  // MARK: JSON

  private struct Exported: Encodable {
    struct Phrase: Encodable {
      var text: String
      var boxes: [BoundingBox]
    }
    struct Item: Encodable {
      var kind: String
      var picture: StoredPicture?
      var task: VisionTask?
      var question, answer, text: String?
      var phrases: [Phrase]?
      var adapter, template: String?
      var sampling: SamplingChoice?
      var stopReason: String?
      var date: Date?
    }
    var title, model: String
    var created: Date
    var entries: [Item]
  }

  private var json: String {
    let items = entries.map { entry -> Exported.Item in
      switch entry {
      case .picture(let picture): return Exported.Item(kind: "picture", picture: picture)
      case .cleared: return Exported.Item(kind: "cleared")
      case .turn(let turn):
        let grounded = GroundedText(parsing: turn.turn.answer, isFinal: true)
        return Exported.Item(
          kind: "turn", task: turn.turn.task, question: turn.turn.question, answer: turn.turn.answer,
          text: grounded.plainText, phrases: grounded.phrases.map { .init(text: $0.text, boxes: $0.boxes) },
          adapter: turn.adapter, template: turn.template, sampling: turn.sampling,
          stopReason: turn.stopReason?.rawValue, date: turn.date)
      }
    }
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .iso8601
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let exported = Exported(title: title, model: model, created: created, entries: items)
    // Strings, numbers and dates: nothing can fail to be written.
    return ((try? encoder.encode(exported)).map { String(decoding: $0, as: UTF8.self) } ?? "{}") + "\n"
  }
}
