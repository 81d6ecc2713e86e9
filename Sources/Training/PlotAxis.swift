import Foundation

/// What an axis spans, where its ticks are and what they say.
struct PlotAxis: Equatable {
  struct Tick: Equatable {
    var value: Double
    var label: String
  }

  private(set) var lower: Double
  private(set) var upper: Double
  let isLogarithmic: Bool
  private(set) var ticks: [Tick] = []

  /// Steps: from the first to the last, ticks at whole numbers.
  init(steps: [Double], maximumTicks: Int) {
    isLogarithmic = false
    lower = steps.min() ?? 0
    upper = steps.max() ?? 1
    if lower == upper { (lower, upper) = (max(0, lower - 1), upper + 1) }
    let step = max(1, Self.niceStep(upper - lower, maximumTicks: maximumTicks))
    ticks = multiples(of: step).map { Tick(value: $0, label: Self.shortened($0)) }
  }

  /// Values: the span is widened to ticks on both sides.
  init(values: [Double], maximumTicks: Int) {
    isLogarithmic = false
    lower = values.min() ?? 0
    upper = values.max() ?? 1
    if upper - lower <= 1e-9 * max(abs(lower), abs(upper)) {
      let margin = lower == 0 && upper == 0 ? 1 : 0.1 * max(abs(lower), abs(upper))
      (lower, upper) = (lower - margin, upper + margin)
    }
    let step = Self.niceStep(upper - lower, maximumTicks: maximumTicks)
    // An end that is a tick but for rounding is one.
    lower = (lower / step + 1e-9).rounded(.down) * step
    upper = (upper / step - 1e-9).rounded(.up) * step
    ticks = multiples(of: step).map { Tick(value: $0, label: Self.label($0, step: step)) }
  }

  /// Positive values on a logarithmic axis: ticks at powers of ten, at 1, 2 and 5 if there are few of those, and evenly
  /// if the span is less than even that.
  init(logarithms values: [Double], maximumTicks: Int) {
    isLogarithmic = true
    lower = values.min() ?? 1
    upper = values.max() ?? 10
    if upper / lower < 1.001 { (lower, upper) = (lower / 1.1, upper * 1.1) }
    var decades: [Double] = []
    var fine: [Double] = []
    for exponent in Int(log10(lower).rounded(.down))...Int(log10(upper).rounded(.up)) {
      for digit in [1.0, 2, 5] {
        let value = digit * pow(10, Double(exponent))
        guard value >= lower * 0.999, value <= upper * 1.001 else { continue }
        fine.append(value)
        if digit == 1 { decades.append(value) }
      }
    }
    if decades.count >= 3 || fine.count > max(2 * maximumTicks, 3) {
      let stride = (decades.count + maximumTicks - 1) / max(maximumTicks, 1)
      ticks = decades.enumerated().filter { $0.offset % max(stride, 1) == 0 }.map { Self.powerTick($0.element) }
    } else if fine.count >= 2 {
      ticks = fine.map(Self.powerTick)
    } else {
      let step = Self.niceStep(upper - lower, maximumTicks: maximumTicks)
      ticks = multiples(of: step).filter { $0 > 0 }.map { Tick(value: $0, label: Self.label($0, step: step)) }
    }
  }

  /// Where a value is: 0 at the lower end, 1 at the upper.
  func fraction(_ value: Double) -> Double {
    isLogarithmic ? log(value / lower) / log(upper / lower) : (value - lower) / (upper - lower)
  }

  /// The multiples of a step within the span.
  private func multiples(of step: Double) -> [Double] {
    let first = (lower / step - 1e-6).rounded(.up)
    return (0..<1000).map { (first + Double($0)) * step }.prefix { $0 <= upper + 1e-6 * step }.map { $0 }
  }

  /// 1, 2 or 5 times a power of ten, so that at most `maximumTicks` intervals fill the span.
  private static func niceStep(_ span: Double, maximumTicks: Int) -> Double {
    let rough = span / Double(max(1, maximumTicks))
    let magnitude = pow(10, log10(rough).rounded(.down))
    return magnitude * ([1, 2, 5].first { $0 * magnitude >= rough * 0.999 } ?? 10)
  }

  private static func powerTick(_ value: Double) -> Tick { Tick(value: value, label: String(format: "%g", value)) }

  /// As many decimals as the step between ticks has.
  private static func label(_ value: Double, step: Double) -> String {
    // Not −0, and no 1e-17 in the place of 0.
    let value = abs(value) < step / 2 ? 0 : value
    let exponent = Int(log10(step * 1.001).rounded(.down))
    if exponent < -4 || abs(value) >= 1e6 { return value == 0 ? "0" : String(format: "%.3g", value) }
    return String(format: "%.\(max(0, -exponent))f", value)
  }

  /// `500`, `20k`, `1.5M`.
  private static func shortened(_ value: Double) -> String {
    for (unit, name) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where abs(value) >= unit {
      return String(format: "%g", value / unit) + name
    }
    return String(format: "%g", value)
  }
}
