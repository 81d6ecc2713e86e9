import Diagnostics
import Foundation

/// How far a run is, as one line of text.
public struct ProgressLine: Sendable, Equatable {
  /// What is being trained: `stage2`.
  public var stage: String
  /// Steps done, of how many.
  public var step, totalSteps: Int
  /// The smoothed loss.
  public var loss: Double?
  /// The learning rate of the last step.
  public var learningRate: Double?
  /// The norm of the last step's gradient.
  public var gradientNorm: Double?
  /// Samples a second, smoothed.
  public var samplesPerSecond: Double?
  /// Seconds that the rest is likely to take.
  public var secondsLeft: Double?

  /// A line with nothing but the step.
  public init(stage: String, step: Int, totalSteps: Int) {
    self.stage = stage
    self.step = step
    self.totalSteps = totalSteps
  }

  /// The line, at most `width` columns wide: what matters less is left out first.
  public func text(width: Int) -> String {
    // A field with the larger number goes first; the step stays.
    var fields: [(text: String, isDroppedAt: Int)] = [
      (stage.escapingControlCharacters(limit: 40), 4), ("\(step)/\(totalSteps)", 0),
    ]
    if totalSteps > 0 { fields.append(("\(Int(100 * Double(step) / Double(totalSteps))) %", 5)) }
    if let loss { fields.append(("loss \(Self.significant(loss))", 1)) }
    if let learningRate { fields.append(("lr \(Self.significant(learningRate))", 6)) }
    if let gradientNorm { fields.append(("gradient \(Self.significant(gradientNorm))", 7)) }
    if let samplesPerSecond { fields.append(("\(Self.significant(samplesPerSecond)) samples/s", 3)) }
    if let secondsLeft, secondsLeft.isFinite { fields.append(("\(Self.duration(secondsLeft)) left", 2)) }
    func line() -> String { fields.map(\.text).filter { !$0.isEmpty }.joined(separator: "  ") }
    while line().unicodeScalars.count > width,
      let least = fields.indices.max(by: { fields[$0].isDroppedAt < fields[$1].isDroppedAt }),
      fields[least].isDroppedAt > 0
    {
      fields.remove(at: least)
    }
    return String(String.UnicodeScalarView(line().unicodeScalars.prefix(max(0, width))))
  }

  /// Three or four digits that count: `0.01234`, `12.3`, `1.5e-05`.
  static func significant(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value > 0 ? "infinite" : "-infinite" }
    let size = abs(value)
    if size >= 1e6 || (size > 0 && size < 1e-3) { return String(format: "%.2e", value) }
    return String(format: size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.3f" : "%.4f", value)
  }

  /// The two largest units: `2 d 3 h`, `1 h 5 min`, `4 min 10 s`, `9 s`.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(min(max(seconds, 0), 1e9).rounded())
    let parts = [(whole / 86400, "d"), (whole / 3600 % 24, "h"), (whole / 60 % 60, "min"), (whole % 60, "s")]
    guard let first = parts.firstIndex(where: { $0.0 > 0 }) else { return "0 s" }
    let shown = parts[first..<min(first + 2, parts.count)].filter { $0.0 > 0 }
    return shown.map { "\($0.0) \($0.1)" }.joined(separator: " ")
  }
}

/// Turns what each step tells into ``ProgressLine``s: smooths the loss and the speed, and estimates the time left.
public struct ProgressEstimate: Sendable {
  private let stage: String
  private let totalSteps: Int
  private var loss = MovingAverage(decay: 0.95)
  private var samples = MovingAverage(decay: 0.95)
  private var seconds = MovingAverage(decay: 0.95)

  /// A run that has not taken a step in this process yet.
  public init(stage: String, totalSteps: Int) {
    self.stage = stage
    self.totalSteps = totalSteps
  }

  /// Takes in a step.
  ///
  /// - Parameters:
  ///   - step: how many steps are done with this one, those before a resume included.
  ///   - samples: how many samples it saw.
  ///   - seconds: how long it took.
  public mutating func add(
    step: Int, loss: Double, learningRate: Double, gradientNorm: Double, samples: Int, seconds: Double
  ) -> ProgressLine {
    self.loss.add(loss)
    self.samples.add(Double(samples))
    self.seconds.add(seconds)
    var line = ProgressLine(stage: stage, step: step, totalSteps: totalSteps)
    line.loss = self.loss.value
    line.learningRate = learningRate
    line.gradientNorm = gradientNorm
    if let samples = self.samples.value, let seconds = self.seconds.value, seconds > 0 {
      line.samplesPerSecond = samples / seconds
      line.secondsLeft = seconds * Double(max(0, totalSteps - step))
    }
    return line
  }
}

/// An exponential moving average without the bias towards zero at its start (as in Adam, Kingma and Ba 2015). Values
/// that are not finite are left out.
struct MovingAverage: Sendable {
  let decay: Double
  private var sum = 0.0
  private var weight = 0.0

  /// An average in which a value counts `decay` times as much as the one after it.
  init(decay: Double) { self.decay = decay }

  /// The average, or nil before the first value.
  var value: Double? { weight > 0 ? sum / weight : nil }

  /// Takes in a value that is `distance` steps behind the one before, which then counts `decay`^`distance` times as much.
  mutating func add(_ value: Double, distance: Double = 1) {
    guard value.isFinite else { return }
    let decay = distance == 1 ? decay : pow(decay, distance)
    sum = decay * sum + (1 - decay) * value
    weight = decay * weight + (1 - decay)
  }
}
