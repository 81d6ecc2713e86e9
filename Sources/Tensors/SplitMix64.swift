#if canImport(Glibc)
  import Glibc
#endif

/// Steele, Lea, Flood 2014: small, fast, and the same on every machine, unlike the standard library's generator.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  /// What the next number is computed from.
  public var state: UInt64

  /// Starts at a seed.
  public init(state: UInt64) { self.state = state }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number in [0, 1).
  public mutating func nextUnit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number from the standard normal distribution (Box, Muller 1958).
  public mutating func nextNormal() -> Double {
    (-2 * log(1 - nextUnit())).squareRoot() * cos(2 * .pi * nextUnit())
  }
}
