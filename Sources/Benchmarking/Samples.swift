/// A quantity that was measured several times.
public struct Samples: Equatable, Sendable {
  /// What was measured, in that order; at least one number.
  public let values: [Double]

  /// - Parameter values: at least one number.
  public init(_ values: [Double]) {
    precondition(!values.isEmpty, "no samples")
    self.values = values
  }

  /// The number in the middle; the mean of the two there of an even count.
  public var median: Double { quantile(0.5) }
  /// The smallest.
  public var least: Double { quantile(0) }
  /// The largest.
  public var most: Double { quantile(1) }

  /// How far the middle half of the numbers lies apart: 0 for a single one.
  public var middleHalf: Double { quantile(0.75) - quantile(0.25) }

  /// The same as a share of the median.
  public var spread: Double { middleHalf == 0 ? 0 : middleHalf / abs(median) }

  /// The number that this share of them lies below, between two neighbours in proportion (Hyndman and Fan's type 7).
  ///
  /// - Parameter share: 0...1.
  public func quantile(_ share: Double) -> Double {
    let sorted = values.sorted()
    let place = share * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
  }
}
