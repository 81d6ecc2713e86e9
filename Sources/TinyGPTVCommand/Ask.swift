import ArgumentParser
import Diagnostics
import Dialogue
import Foundation
import Pictures
import TerminalChat
import TinyGPTV

/// `tinygptv ask`: one question about a picture, or many from a file.
struct Ask: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Ask about a picture.",
    discussion: """
      The answer streams to standard output; control characters are made visible there, while --json has the model's \
      own text. Tasks:
      \(VisionTask.allCases.map { "  \($0.rawValue): \($0.help)" }.joined(separator: "\n"))

      With --batch, every line of the file is one JSON object {"image", "task", "text"} (image and task may be left \
      out), and every line of the output is one JSON object; a line that cannot be answered gives one with "error" and \
      its number, "line". The exit status is 0 even then: look for "error".
      """)

  @OptionGroup var modelOptions: ModelOptions

  @Option(name: [.short, .long], help: ArgumentHelp("The picture, or - for standard input.", valueName: "file"))
  var image: String?

  @Option(name: [.short, .long], help: "vqa, caption, grounding, refer, detection or identify (default: none).")
  var task: String?

  @Option(
    help: ArgumentHelp(
      "\(PromptTemplate.named.map(\.name).joined(separator: ", ")), or a text with {} where the question goes."))
  var template = "tinygptv"

  @Option(help: "The whole prompt, with <ImageHere> where the picture goes, in place of task, template and text.")
  var rawPrompt: String?

  @Flag(help: "Do not stop at ### or end-of-text, only at --max-tokens.")
  var ignoreStop = false

  @Flag(
    inversion: .prefixedNo,
    help: "Guess tokens from what was said before and check several in one pass; the answer is the same.")
  var lookup = true

  @Option(help: "0 takes the most likely token; above, answers vary (upstream's demo: 0.6).")
  var temperature: Float = 0

  @Option(help: "Draw only from the most likely tokens that together have this probability.")
  var topP: Float = 0.9

  @Option(help: "Above 1, words that the answer has already become less likely (upstream's demo: 1.05).")
  var repetitionPenalty: Float = 1

  @Option(help: "The same seed gives the same answer.")
  var seed: UInt64 = 0

  @Option(help: "The longest answer, in tokens.")
  var maxTokens = 500

  @Flag(help: "Print one JSON object instead of the text.")
  var json = false

  @Option(help: ArgumentHelp("Answer every line of a file, or of standard input for -.", valueName: "file"))
  var batch: String?

  @Argument(help: "The question.")
  var text: [String] = []

  func validate() throws {
    if let task, VisionTask(rawValue: task) == nil {
      let names = VisionTask.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--task: expected one of \(names), found \(task).")
    }
    guard maxTokens >= 1 else { throw ValidationError("--max-tokens: expected at least 1, found \(maxTokens).") }
    if batch != nil, image != nil || task != nil || rawPrompt != nil || !text.isEmpty {
      throw ValidationError("--batch: image, task and text come from its lines, not from the command line.")
    }
    if rawPrompt != nil, task != nil || !text.isEmpty {
      throw ValidationError("--raw-prompt: it is the whole prompt; leave --task and the question out.")
    }
    do {
      try sampling.check()
      _ = try PromptTemplate(template)
    } catch { throw ValidationError("\(error)") }
  }

  private var sampling: SamplingOptions {
    SamplingOptions(temperature: temperature, topP: topP, repetitionPenalty: repetitionPenalty, seed: seed)
  }

  func run() async throws {
    if let batch { return try await answerBatch(batch) }
    let item = AskItem(image: image, task: task, text: text.joined(separator: " "))
    // What can be wrong with the question is told before the model is loaded.
    let question = try question(item)
    let engine = try modelOptions.load()
    if json {
      let answer = try await finished(engine.answer(question))
      print(try AnswerReport(answer, question, engine).line())
      return
    }
    var endsInNewline = true
    for try await event in engine.answer(question) {
      guard case .text(let piece) = event, let last = piece.utf8.last else { continue }
      // A model may write anything, also what a terminal would obey.
      try FileHandle.standardOutput.write(contentsOf: Data(CleanText.lines(piece).utf8))
      endsInNewline = last == 0x0a
    }
    if !endsInNewline { try FileHandle.standardOutput.write(contentsOf: Data("\n".utf8)) }
  }

  private func question(_ item: AskItem) throws(InputError) -> Question {
    let picture = try item.image.map { path throws(InputError) in try readPicture(path) }
    return try question(item, picture: picture)
  }

  private func question(_ item: AskItem, picture: Picture?) throws(InputError) -> Question {
    var prompt = rawPrompt
    if prompt == nil {
      let task = item.task.flatMap { VisionTask(rawValue: $0) }
      let text = try PromptTemplate.question(item.text, task: task, hasPicture: picture != nil)
      prompt = try PromptTemplate(template).prompt(question: text)
    }
    var question = Question(prompt: prompt ?? "", picture: picture, pictureKey: item.image.flatMap(pictureKey))
    question.sampling = sampling
    question.maximumTokens = maxTokens
    if ignoreStop { question.stopText = nil }
    question.looksUp = lookup
    return question
  }

  private func finished(_ events: AsyncThrowingStream<AnswerEvent, any Error>) async throws -> Answer {
    for try await event in events {
      if case .finished(let answer) = event { return answer }
    }
    throw CancellationError()
  }

  // MARK: Batches

  private func answerBatch(_ path: String) async throws {
    guard path == "-" || FileManager.default.isReadableFile(atPath: path) else {
      throw InputError(file: path, field: "--batch", expected: "a readable file, or -", found: "none")
    }
    let engine = try modelOptions.load()
    let lines = try LineReader(path: path)
    engine.expectManyQuestions()
    // The last picture stays decoded: batches ask several questions about one picture in a row.
    var last: (key: String, picture: Picture)?
    var number = 0
    while let line = try lines.next() {
      number += 1
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) { continue }
      var report: String
      do {
        let item = try AskItem(line: line)
        var picture: Picture?
        if let image = item.image {
          guard image != "-" else {
            throw InputError(file: path, field: "image", expected: "a file", found: "-, which is for single questions")
          }
          let key = pictureKey(image)
          picture = key != nil && key == last?.key ? last?.picture : try Picture(contentsOf: image)
          if let key, let picture { last = (key, picture) }
        }
        let question = try question(item, picture: picture)
        let answer = try await finished(engine.answer(question))
        report = try AnswerReport(answer, question, engine).line()
      } catch let error as InputError {
        report = try AnswerReport.errorLine("\(error)", line: number)
      }
      report += "\n"
      try FileHandle.standardOutput.write(contentsOf: Data(report.utf8))
    }
  }

  /// What tells whether a file is still the picture that was encoded: path, size and time of change.
  private func pictureKey(_ path: String) -> String? {
    guard path != "-", let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
    let size = (attributes[.size] as? NSNumber)?.uint64Value ?? 0
    let time = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
    return "\(path)|\(size)|\(time)"
  }
}
