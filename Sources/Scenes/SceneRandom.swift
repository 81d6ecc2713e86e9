import Tensors

/// Chance that is the same on every machine, in streams that do not disturb each
/// other: what the background draws does not change where the objects stand.
struct SceneRandom {
  /// What a stream decides.
  enum Stream: UInt64 {
    case layout = 1
    case background, grain, shades, paint, mirroring, degradation, set
  }

  private var generator: SplitMix64

  /// The stream of a scene's seed; `index` tells its objects apart.
  init(seed: UInt64, stream: Stream, index: Int = 0) {
    generator = SplitMix64(state: seed)
    generator.state = next() ^ stream.rawValue
    generator.state = next() ^ UInt64(bitPattern: Int64(index))
  }

  mutating func next() -> UInt64 { generator.next() }

  /// A number in [0, 1).
  mutating func unit() -> Double { generator.nextUnit() }

  /// A number in a range.
  mutating func uniform(_ range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * unit()
  }

  /// A whole number in a range of fewer than 2^32.
  mutating func integer(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(((next() >> 32) * UInt64(range.count)) >> 32)
  }

  /// Yes with a probability.
  mutating func chance(_ probability: Double) -> Bool { unit() < probability }

  /// One of these; there must be one.
  mutating func element<Element>(_ elements: [Element]) -> Element { elements[integer(0...elements.count - 1)] }
}
