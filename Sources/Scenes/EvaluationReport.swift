import Foundation

/// What scores add up to, by task and by kind of `[vqa]` question.
public struct EvaluationReport: Sendable {
  /// One line of the report.
  public struct Row: Sendable, Codable, Equatable {
    /// "vqa", "vqa colour", "refer", …
    public let name: String
    /// How many answers were scored.
    public let count: Int
    /// The share of answers that are right as a whole, 0...1.
    public let score: Double
    /// The mean overlap of `[refer]` boxes, 0...1.
    public let meanOverlap: Double?
    /// The share of what was said that is right, 0...1: boxes, or things named. 1 where nothing was said.
    public let precision: Double?
    /// The share of what there is that was said, 0...1. 1 where there is nothing.
    public let recall: Double?
    /// The harmonic mean of precision and recall.
    public let f1: Double?
  }

  private struct Tally {
    var count = 0, correct = 0
    var overlaps = 0.0, boxes = 0
    var truePositives = 0, predicted = 0, actual = 0

    mutating func add(_ other: Tally) {
      count += other.count
      correct += other.correct
      overlaps += other.overlaps
      boxes += other.boxes
      truePositives += other.truePositives
      predicted += other.predicted
      actual += other.actual
    }

    func row(_ name: String, countsThings: Bool) -> Row {
      func share(_ part: Int, of whole: Int) -> Double { whole == 0 ? 1 : Double(part) / Double(whole) }
      return Row(
        name: name, count: count, score: share(correct, of: count),
        meanOverlap: boxes == 0 ? nil : overlaps / Double(boxes),
        precision: countsThings ? share(truePositives, of: predicted) : nil,
        recall: countsThings ? share(truePositives, of: actual) : nil,
        f1: countsThings ? share(2 * truePositives, of: predicted + actual) : nil)
    }
  }

  private var tallies: [TalkAspect: Tally] = [:]

  /// A report of nothing yet.
  public init() {}

  /// Adds the score of an answer.
  public mutating func add(_ score: AnswerScore) {
    var tally = Tally(
      count: 1, correct: score.isCorrect ? 1 : 0, truePositives: score.truePositives, predicted: score.predicted,
      actual: score.actual)
    if let overlap = score.overlap { (tally.overlaps, tally.boxes) = (overlap, 1) }
    tallies[score.aspect, default: Tally()].add(tally)
  }

  /// Adds another report's scores.
  public mutating func add(_ other: EvaluationReport) {
    for (aspect, tally) in other.tallies { tallies[aspect, default: Tally()].add(tally) }
  }

  /// A line for `[vqa]` as a whole and for each of its kinds, then one for each other task, as far as there are scores.
  public var rows: [Row] {
    var vqa = Tally()
    var lines: [Row] = []
    for aspect in TalkAspect.allCases {
      guard let tally = tallies[aspect] else { continue }
      if aspect.task == .vqa {
        vqa.add(tally)
        lines.append(tally.row("vqa \(aspect.rawValue)", countsThings: false))
      } else {
        let countsThings = [.detection, .grounding, .caption].contains(aspect)
        lines.append(tally.row(aspect.rawValue, countsThings: countsThings))
      }
    }
    return (vqa.count > 0 ? [vqa.row("vqa", countsThings: false)] : []) + lines
  }

  /// The lines with a heading, shares in percent, columns aligned by spaces.
  public var table: String {
    func percent(_ value: Double?) -> String { value.map { String(format: "%.1f", $0 * 100) } ?? "" }
    let heading = ["task", "n", "right %", "mean IoU", "precision %", "recall %", "F1 %"]
    let cells =
      [heading]
      + rows.map { row in
        [
          row.name, "\(row.count)", percent(row.score), row.meanOverlap.map { String(format: "%.3f", $0) } ?? "",
          percent(row.precision), percent(row.recall), percent(row.f1),
        ]
      }
    let widths = heading.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    return cells.map { line in
      let padded = zip(line, widths).enumerated().map { column, cell in
        let space = String(repeating: " ", count: cell.1 - cell.0.count)
        return column == 0 ? cell.0 + space : space + cell.0
      }
      return padded.joined(separator: "  ") + "\n"
    }.joined()
  }

  /// The lines as a JSON array.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(rows)
  }
}
