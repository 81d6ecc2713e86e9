import ArgumentParser
import Diagnostics
import Dialogue
import Foundation
import ModelFiles
import Scenes
import TinyGPTV
import Training

/// `tinygptv evaluate`: how many questions of a dataset a model answers right.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Ask a model the questions of a dataset and score its answers.",
    discussion: """
      The data are JSON lines as for training. Answers are greedy and scored strictly: vqa and identify must be equal, \
      refer needs an overlap above 0.5, detection and grounding count boxes of the same name with an overlap of at least \
      0.5, caption counts the things named.
      """)

  @Option(help: ArgumentHelp("The model file (default: the bundled one).", valueName: "file.gguf"))
  var model: String?

  @Option(help: ArgumentHelp("The questions and answers.", valueName: "file.jsonl"))
  var data: String

  @Option(help: "The adapter: its name in the model file, a path, or none.")
  var adapter: String?

  @Option(help: "At most so many records.")
  var limit: Int?

  @Option(help: ArgumentHelp("Write every question, answer and verdict to this file.", valueName: "file.jsonl"))
  var answers: String?

  @Flag(help: "Print the scores as JSON.")
  var json = false

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit is a number from 1.") }
  }

  func run() throws {
    let model = try TinyGPTVModel(path: model ?? BundledModel.path)
    switch adapter {
    case nil: break
    case "none": try model.use(adapter: nil)
    case .some(let name): try model.use(adapterOrPath: name)
    }
    let evaluation = try Evaluation(model, data: data)
    model.interleaveAll()
    // Written as they come: an interrupted evaluation keeps its answers.
    let file = try answers.map { path throws(InputError) in try AppendedFile(path: path) }
    try file?.truncate(to: 0)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let line = StatusLine()
    var count = 0
    let report = try evaluation.run(limit: limit) { item throws(InputError) in
      count += 1
      line.show("\(count) answers")
      guard let file else { return }
      let answer = AnswerLine(
        origin: item.origin, instruction: item.instruction, expected: item.expected, answer: item.answer,
        aspect: item.score.aspect.rawValue, correct: item.score.isCorrect)
      // Texts and a truth value: nothing in a line can fail to be written.
      if let text = try? encoder.encode(answer) { try file.append(Array(text) + [0x0a]) }
    }
    line.remove()
    print(json ? String(decoding: try report.json(), as: UTF8.self) : report.table)
  }

  private struct AnswerLine: Encodable {
    let origin, instruction, expected, answer, aspect: String
    let correct: Bool
  }
}
