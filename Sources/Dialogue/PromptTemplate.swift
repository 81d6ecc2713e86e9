import Diagnostics

/// What stands around a question so that the model takes it for its turn.
public struct PromptTemplate: Sendable, Equatable {
  /// Where a picture's vectors go in a prompt.
  public static let pictureMarker = "<ImageHere>"

  /// The templates that have a name: TinyGPT-V's own, its stage-4 demo's (with "/n" as upstream has it), MiniGPT-v2's.
  public static let named: [(name: String, text: String)] = [
    ("tinygptv", "###Human: {} ###Assistant: "),
    ("phi", "Instruct: {} /n Output: "),
    ("minigpt-v2", "<s>[INST] {} [/INST]"),
    ("llama2", "<s>[INST] {} [/INST]"),
  ]

  /// TinyGPT-V's own.
  public static let tinygptv = PromptTemplate(prefix: "###Human: ", suffix: " ###Assistant: ")

  /// What stands before the question.
  public let prefix: String
  /// What stands after it.
  public let suffix: String
  /// Where an answer ends; not a part of it. Upstream stops at `###` whatever the template.
  public let stopText = "###"

  private init(prefix: String, suffix: String) {
    self.prefix = prefix
    self.suffix = suffix
  }

  /// A template by its name, or a literal one in which `{}` stands once for the question.
  ///
  /// - Throws: ``InputError`` for a text that is neither.
  public init(_ nameOrText: String) throws(InputError) {
    let text = Self.named.first { $0.name == nameOrText }?.text ?? nameOrText
    let parts = text.split(at: "{}")
    guard parts.count == 2 else {
      throw InputError(
        file: "template", expected: "\(Self.named.map(\.name).joined(separator: ", ")), or a text with {} once",
        found: "\"\(nameOrText)\", " + (parts.count == 1 ? "which is neither" : "with {} \(parts.count - 1) times"))
    }
    guard text.split(at: Self.pictureMarker).count == 1 else {
      throw InputError(
        file: "template", expected: "a text without \(Self.pictureMarker)", found: "\"\(nameOrText)\"",
        remedy: "The picture's place is added with the question; use a raw prompt to put it elsewhere")
    }
    self.init(prefix: parts[0], suffix: parts[1])
  }

  /// The prompt for a question as ``question(_:task:hasPicture:)`` makes it.
  public func prompt(question: String) -> String { prefix + question + suffix }

  /// A question with the place of its picture and its task: `<Img><ImageHere></Img> [vqa] text`.
  ///
  /// A picture's marker in the user's text would claim a second picture; it is written `<Image Here>` instead.
  ///
  /// - Throws: ``InputError`` when the task needs a text and there is none, or nothing at all is asked.
  public static func question(_ text: String, task: VisionTask?, hasPicture: Bool) throws(InputError) -> String {
    let text = text.split(at: pictureMarker).joined(separator: "<Image Here>")
    let instruction = try task?.instruction(text) ?? text
    guard !instruction.unicodeScalars.allSatisfy(\.properties.isWhitespace) else {
      throw InputError(file: "question", expected: "a text", found: "none", remedy: "Ask something, or choose a task")
    }
    return hasPicture ? behindPicture(instruction) : instruction
  }

  /// An instruction behind the place of its picture.
  package static func behindPicture(_ instruction: String) -> String { "<Img>\(pictureMarker)</Img> \(instruction)" }

  /// The text between the pictures of a prompt: one part more than there are pictures. Each part is tokenised by itself.
  public static func segments(of prompt: String) -> [String] { prompt.split(at: pictureMarker) }
}

extension String {
  /// The parts between the occurrences of an ASCII text, compared as bytes: to `Character`s a mark that follows would hide
  /// an occurrence.
  fileprivate func split(at separator: String) -> [String] {
    let bytes = Array(utf8)
    let wanted = Array(separator.utf8)
    var parts: [String] = []
    var start = 0
    var position = 0
    while position + wanted.count <= bytes.count {
      guard bytes[position...].starts(with: wanted) else {
        position += 1
        continue
      }
      parts.append(String(decoding: bytes[start..<position], as: UTF8.self))
      position += wanted.count
      start = position
    }
    return parts + [String(decoding: bytes[start...], as: UTF8.self)]
  }
}
