import Foundation

/// What a benchmark found, and on what.
public struct BenchmarkReport: Sendable {
  /// How it is written.
  public enum Format: String, CaseIterable, Sendable {
    /// For people; a table of Markdown too.
    case table
    /// One object.
    case json
    /// A line for each result, below one of names (RFC 4180).
    case csv
  }

  /// The model file.
  public var model: String
  /// How most of its matrices are stored.
  public var matrixType: String
  /// The machine's processor, and the kernels chosen for it.
  public var processor, kernels: String
  /// What was measured, in that order.
  public var results: [BenchmarkResult]

  /// Puts it together.
  public init(model: String, matrixType: String, processor: String, kernels: String, results: [BenchmarkResult]) {
    self.model = model
    self.matrixType = matrixType
    self.processor = processor
    self.kernels = kernels
    self.results = results
  }

  /// The report, ending in a newline.
  public func text(_ format: Format) throws -> String {
    switch format {
    case .table: table
    case .csv: csv
    case .json: try json
    }
  }

  private var table: String {
    let head = ["work", "threads", "median", "", "spread", "share of the limit"]
    let rows = results.map { result in
      [
        result.name, "\(result.threads)", Self.digits(result.samples.median), result.unit,
        spread(of: result),
        result.share.map { "\(Self.percent($0.value)) of \($0.limit)" } ?? "",
      ]
    }
    let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
    let isNumber = [false, true, true, false, true, false]
    func line(_ cells: [String]) -> String {
      let padded = cells.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - cells[column].count)
        return isNumber[column] ? space + cells[column] : cells[column] + space
      }
      return "| " + padded.joined(separator: " | ") + " |"
    }
    let rule = head.indices.map { column in
      String(repeating: "-", count: widths[column] + 1) + (isNumber[column] ? ":" : "-")
    }
    let above = "\(model), \(matrixType); \(processor), \(kernels) kernels"
    return ([above, "", line(head), "|" + rule.joined(separator: "|") + "|"] + rows.map(line)).joined(separator: "\n")
      + "\n"
  }

  private func spread(of result: BenchmarkResult) -> String {
    guard result.samples.values.count > 1 else { return "" }
    // A share of what may be nothing says nothing.
    if result.unit == "%" { return Self.digits(result.samples.middleHalf) + " points" }
    return Self.percent(result.samples.spread, decimals: 1)
  }

  private var csv: String {
    let head = "work,threads,unit,median,spread,least,most,samples,limit,share"
    let lines = results.map { result in
      let samples = result.samples
      var cells = [result.name, "\(result.threads)", result.unit]
      cells += [samples.median, samples.spread, samples.least, samples.most].map { "\($0)" }
      cells += [
        "\(samples.values.count)", result.share?.limit ?? "", result.share.map { "\($0.value)" } ?? "",
      ]
      return cells.map(Self.quoted).joined(separator: ",")
    }
    return ([head] + lines).map { $0 + "\n" }.joined()
  }

  private var json: String {
    get throws {
      struct Entry: Encodable {
        var work: String
        var threads: Int
        var unit: String
        var median, spread, least, most: Double
        var samples: [Double]
        var limit: String?
        var share: Double?
      }
      struct Report: Encodable {
        var model, matrices, processor, kernels: String
        var results: [Entry]
      }
      let entries = results.map { result in
        let samples = result.samples
        return Entry(
          work: result.name, threads: result.threads, unit: result.unit, median: samples.median,
          spread: samples.spread, least: samples.least, most: samples.most, samples: samples.values,
          limit: result.share?.limit, share: result.share?.value)
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let report = Report(
        model: model, matrices: matrixType, processor: processor, kernels: kernels, results: entries)
      return String(decoding: try encoder.encode(report), as: UTF8.self) + "\n"
    }
  }

  /// Three digits that count: `1234`, `12.3`, `0.00123`.
  static func digits(_ value: Double) -> String {
    guard value != 0, value.isFinite else { return "\(value)" }
    let decimals = max(0, 2 - Int(log10(abs(value)).rounded(.down)))
    return String(format: "%.\(decimals)f", value)
  }

  static func percent(_ share: Double, decimals: Int = 0) -> String { String(format: "%.\(decimals)f %%", 100 * share) }

  private static func quoted(_ cell: String) -> String {
    guard cell.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return cell }
    return "\"\(cell.replacingOccurrences(of: "\"", with: "\"\""))\""
  }
}
