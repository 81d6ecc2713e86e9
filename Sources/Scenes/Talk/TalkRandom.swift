import Tensors

/// The chance in a talk, the same on every machine.
struct TalkRandom {
  private var generator: SplitMix64

  init(seed: UInt64) { generator = SplitMix64(state: seed) }

  mutating func next() -> UInt64 { generator.next() }

  /// A number in 0..<count; `count` is at least 1. The remainder's bias is 2⁻⁵⁰ and less for the counts here.
  mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

  /// True with this probability.
  mutating func chance(_ probability: Double) -> Bool { generator.nextUnit() < probability }

  /// One of the elements; nil if there are none.
  mutating func pick<Element>(_ elements: [Element]) -> Element? {
    elements.isEmpty ? nil : elements[below(elements.count)]
  }

  /// One of the elements, each as likely as its weight; nil if no weight is above 0.
  mutating func pick<Element>(_ elements: [Element], weight: (Element) -> Double) -> Element? {
    let weights = elements.map { max(weight($0), 0) }
    let total = weights.reduce(0, +)
    guard total > 0 else { return nil }
    var rest = generator.nextUnit() * total
    for (element, weight) in zip(elements, weights) where weight > 0 {
      rest -= weight
      if rest < 0 { return element }
    }
    return weights.lastIndex { $0 > 0 }.map { elements[$0] }
  }

  /// The elements in a random order.
  mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
    var elements = elements
    for last in stride(from: elements.count - 1, to: 0, by: -1) { elements.swapAt(last, below(last + 1)) }
    return elements
  }
}
