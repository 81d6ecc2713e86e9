import Tensors

/// A random order of `0..<count` of which nothing is stored: any place in it can be asked for.
///
/// A Feistel network permutes the next power of four; what falls outside is sent through again until it falls inside
/// (cycle walking: Black and Rogaway 2002).
struct SeededPermutation {
  let count: Int
  private let halfBits: UInt64
  private let keys: [UInt64]

  private static let rounds = 8

  /// - Parameter count: at least 1.
  init(count: Int, seed: UInt64) {
    precondition(count > 0, "a permutation has at least one place")
    self.count = count
    let bits = max(UInt64.bitWidth - UInt64(count - 1).leadingZeroBitCount, 2)
    halfBits = UInt64((bits + 1) / 2)
    var generator = SplitMix64(state: seed)
    keys = (0..<Self.rounds).map { _ in generator.next() }
  }

  /// What stands at a place.
  subscript(place: Int) -> Int {
    precondition((0..<count).contains(place), "there is no such place")
    let mask = (1 as UInt64) << halfBits - 1
    var value = UInt64(place)
    repeat {
      var (left, right) = (value >> halfBits, value & mask)
      for key in keys {
        var round = SplitMix64(state: key ^ right)
        (left, right) = (right, left ^ (round.next() & mask))
      }
      value = left << halfBits | right
    } while value >= UInt64(count)
    return Int(value)
  }
}

/// A seed that depends on all of the numbers and on their order.
func mixedSeed(_ numbers: UInt64...) -> UInt64 {
  numbers.reduce(0) { seed, number in
    var generator = SplitMix64(state: seed ^ number)
    return generator.next()
  }
}
