/// What was right in some samples, by name: sums of values and of their weights, whose quotients are shown.
struct Tally: Sendable {
  private var sums: [String: (value: Double, weight: Double)] = [:]

  /// Adds to a mean.
  mutating func add(_ name: String, _ value: Double, of weight: Double = 1) {
    let present = sums[name] ?? (0, 0)
    sums[name] = (present.value + value, present.weight + weight)
  }

  /// Adds all of another tally.
  mutating func add(_ other: Tally) {
    for (name, sum) in other.sums { add(name, sum.value, of: sum.weight) }
  }

  /// The means, by name in alphabetical order.
  var means: [(name: String, value: Double)] {
    sums.sorted { $0.key < $1.key }.filter { $0.value.weight > 0 }.map { ($0.key, $0.value.value / $0.value.weight) }
  }
}
