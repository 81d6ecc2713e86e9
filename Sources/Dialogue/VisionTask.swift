import Diagnostics

/// What is asked about a picture: MiniGPT-v2's six task identifiers, on which TinyGPT-V was trained too.
public enum VisionTask: String, CaseIterable, Sendable, Codable {
  case vqa, caption, grounding, refer, detection, identify

  /// What stands in the prompt, such as `[vqa]`.
  public var tag: String { "[\(rawValue)]" }

  /// One line for a user who chooses.
  public var help: String {
    switch self {
    case .vqa: "answer a question about the picture in a few words"
    case .caption: "describe the picture in a sentence"
    case .grounding: "describe the picture and point at what is named"
    case .refer: "find the one thing that the text describes"
    case .detection: "find all things of the kind that the text names"
    case .identify: "say what is in a region, given as {<left><top><right><bottom>} in 0 to 100"
    }
  }

  /// The tag and the text as they stand in a prompt.
  ///
  /// Where the user wrote nothing, caption and grounding ask what MiniGPT-v2's training asks ("briefly describe this image",
  /// "please describe this image in detail"). A region alone is asked about with "what is this", as in its training.
  ///
  /// - Throws: ``InputError`` when a task needs a text and there is none.
  public func instruction(_ text: String) throws(InputError) -> String {
    if text.unicodeScalars.allSatisfy(\.properties.isWhitespace) { return "\(tag) \(try defaultText())" }
    if self == .identify {
      let region = GroundedText(parsing: text, isFinal: true)
      let isRegionAlone = region.plainText.unicodeScalars.allSatisfy(\.properties.isWhitespace)
      if isRegionAlone, region.phrases.count == 1 { return "\(tag) what is this \(text)" }
    }
    return "\(tag) \(text)"
  }

  private func defaultText() throws(InputError) -> String {
    let needed: String
    switch self {
    case .caption: return "briefly describe this image"
    case .grounding: return "please describe this image in detail"
    case .vqa: needed = "a question, such as \"what colour is the bus?\""
    case .refer: needed = "a description of one thing, such as \"the dog on the left\""
    case .detection: needed = "the name of a kind of thing, such as \"dogs\""
    case .identify: needed = "a region, such as {<10><20><55><90>}"
    }
    throw InputError(
      file: "task \(rawValue)", field: "text", expected: needed, found: "no text",
      remedy: "Write it after the task, or choose caption or grounding, which need none")
  }
}
