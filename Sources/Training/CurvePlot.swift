import Diagnostics

/// Curves over the steps of training, to be drawn in a terminal or as SVG.
public struct CurvePlot: Sendable {
  /// One metric of one run.
  public struct Curve: Sendable, Equatable {
    /// What the legend calls it.
    public var name: String
    /// As they were logged, by step. A value that is not finite is a gap.
    public var points: [Point]
    /// The same, smoothed; equal to ``points`` without smoothing.
    public var smoothed: [Point]
  }

  /// A value at a step.
  public struct Point: Sendable, Equatable {
    /// The step.
    public var x: Double
    /// The value.
    public var y: Double
  }

  /// In the order in which runs and metrics were given.
  public private(set) var curves: [Curve]
  /// What the vertical axis shows: the metrics' names.
  public let verticalTitle: String
  /// Whether the vertical axis is logarithmic. Values that are not positive are then gaps.
  public let isLogarithmic: Bool
  /// How strongly the curves are smoothed.
  public let smoothing: Double

  /// Chooses what to draw.
  ///
  /// - Parameters:
  ///   - runs: a name, the file (for errors), and what was logged.
  ///   - metrics: keys of the records. One that only some runs have is drawn for these.
  ///   - smoothing: the decay of a moving average, by steps, from 0 (none) to below 1.
  ///   - isLogarithmic: whether the vertical axis is.
  /// - Throws: ``InputError`` if a metric occurs in no run, or there is no value that could be drawn.
  public init(
    runs: [(name: String, file: String, records: [MetricsRecord])], metrics: [String], smoothing: Double = 0,
    isLogarithmic: Bool = false
  ) throws(InputError) {
    precondition(smoothing >= 0 && smoothing < 1 && !runs.isEmpty && !metrics.isEmpty)
    curves = []
    for metric in metrics {
      var isKnown = false
      for run in runs {
        let points = run.records.compactMap { record in
          record.number(metric).map { Point(x: Double(record.step), y: $0) }
        }
        guard !points.isEmpty else { continue }
        isKnown = true
        let name = runs.count == 1 ? metric : metrics.count == 1 ? run.name : "\(run.name) \(metric)"
        curves.append(
          Curve(
            name: name.escapingControlCharacters(limit: 300), points: points,
            smoothed: Self.smoothed(points, decay: smoothing)))
      }
      if !isKnown { throw Self.unknown(metric, in: runs) }
    }
    verticalTitle = metrics.joined(separator: ", ").escapingControlCharacters(limit: 80)
    self.isLogarithmic = isLogarithmic
    self.smoothing = smoothing
    guard curves.contains(where: { !segments($0.smoothed).isEmpty }) else {
      throw InputError(
        file: runs[0].file, field: verticalTitle,
        expected: isLogarithmic ? "a finite value above 0" : "a finite value", found: "none")
    }
  }

  private static func unknown(
    _ metric: String, in runs: [(name: String, file: String, records: [MetricsRecord])]
  ) -> InputError {
    var names: [String] = []
    for run in runs {
      for record in run.records {
        for member in record.members where member.key != "step" && !names.contains(member.key) {
          if record.number(member.key) != nil { names.append(member.key) }
        }
      }
    }
    return InputError(
      file: runs[0].file, field: metric, expected: "a metric that was logged",
      found: names.isEmpty ? "no step with any" : "none of this name; there are \(names.joined(separator: ", "))")
  }

  private static func smoothed(_ points: [Point], decay: Double) -> [Point] {
    guard decay > 0 else { return points }
    var average = MovingAverage(decay: decay)
    var last: Double?
    return points.map { point in
      // By steps and not by points, so that values that are logged seldom are smoothed no more than others.
      average.add(point.y, distance: max(point.x - (last ?? point.x - 1), 1))
      last = point.x
      return Point(x: point.x, y: point.y.isFinite ? average.value ?? .nan : .nan)
    }
  }

  /// What can be drawn of a curve: stretches without a gap.
  func segments(_ points: [Point]) -> [[Point]] {
    var segments: [[Point]] = []
    var current: [Point] = []
    for point in points {
      // Beyond 1e300 the span of the axis could overflow.
      if abs(point.y) < 1e300, !isLogarithmic || point.y > 0 {
        current.append(point)
      } else if !current.isEmpty {
        segments.append(current)
        current = []
      }
    }
    if !current.isEmpty { segments.append(current) }
    return segments
  }

  /// The axis of the steps.
  func horizontalAxis(maximumTicks: Int) -> PlotAxis {
    let values = curves.flatMap { segments($0.smoothed).joined().map(\.x) }
    return PlotAxis(steps: values, maximumTicks: maximumTicks)
  }

  /// The axis of the values.
  func verticalAxis(maximumTicks: Int) -> PlotAxis {
    let values = curves.flatMap { segments($0.smoothed).joined().map(\.y) }
    return isLogarithmic
      ? PlotAxis(logarithms: values, maximumTicks: maximumTicks)
      : PlotAxis(values: values, maximumTicks: maximumTicks)
  }
}
