/// A hash table from pairs of 32-bit numbers to a 32-bit number, with one memory access for most look-ups: the inner
/// loop of byte-pair encoding asks it several times for every byte.
struct PairTable: Sendable {
  private struct Slot {
    var key: UInt64
    var value: UInt32
  }

  /// What stands for "no value"; no value may equal it.
  static let none = UInt32.max

  // Random, so that a vocabulary cannot be made whose pairs all fall on one slot.
  private static let seed = UInt64.random(in: .min ... .max)

  private var slots = [Slot](repeating: Slot(key: 0, value: none), count: 16)
  private(set) var count = 0

  /// An empty table.
  init() {}

  /// The value of a pair, or ``none``.
  @inline(__always)
  func find(_ first: UInt32, _ second: UInt32) -> UInt32 {
    let key = UInt64(first) << 32 | UInt64(second)
    let mask = slots.count - 1
    var index = Self.hash(key) & mask
    while true {
      let slot = slots[index]
      if slot.key == key || slot.value == Self.none { return slot.value }
      index = (index + 1) & mask
    }
  }

  /// Adds a pair.
  ///
  /// - Returns: false, and nothing changes, when the pair is there already.
  mutating func insert(_ first: UInt32, _ second: UInt32, value: UInt32) -> Bool {
    precondition(value != Self.none)
    if find(first, second) != Self.none { return false }
    if (count + 1) * 2 > slots.count { grow() }
    place(Slot(key: UInt64(first) << 32 | UInt64(second), value: value))
    count += 1
    return true
  }

  private mutating func place(_ slot: Slot) {
    let mask = slots.count - 1
    var index = Self.hash(slot.key) & mask
    while slots[index].value != Self.none { index = (index + 1) & mask }
    slots[index] = slot
  }

  private mutating func grow() {
    let old = slots
    slots = [Slot](repeating: Slot(key: 0, value: Self.none), count: old.count * 4)
    for slot in old where slot.value != Self.none { place(slot) }
  }

  @inline(__always)
  private static func hash(_ key: UInt64) -> Int {
    let product = (key ^ seed).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
    return Int(truncatingIfNeeded: product.high ^ product.low)
  }
}
