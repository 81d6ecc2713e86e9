/// The bytes of every token, one after another in one buffer, and a hash index over a part of them.
struct Spellings: Sendable {
  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  /// Open addressing; -1 is a free slot. At most half are taken.
  private var slots: [Int32]

  /// Room for the index of `count` tokens.
  init(count: Int) {
    var size = 16
    while size < count * 2 { size *= 2 }
    slots = [Int32](repeating: -1, count: size)
    ends.reserveCapacity(count)
  }

  /// How many tokens there are.
  var count: Int { ends.count }

  /// The bytes of token `id`, which must be one of the vocabulary.
  subscript(id: Int) -> ArraySlice<UInt8> { bytes[(id == 0 ? 0 : ends[id - 1])..<ends[id]] }

  /// Appends the next token's bytes as `append` writes them; the token is not found until it is indexed.
  mutating func append(_ append: (inout [UInt8]) -> Void) {
    append(&bytes)
    ends.append(bytes.count)
  }

  /// Lets `find` return token `id`.
  ///
  /// - Returns: the token of the same bytes that is there already, and nothing changes; otherwise nil.
  mutating func index(_ id: Int) -> Int? {
    let slot = slot(of: self[id])
    if slots[slot] >= 0 { return Int(slots[slot]) }
    slots[slot] = Int32(id)
    return nil
  }

  /// The indexed token of these bytes.
  func find(_ spelling: ArraySlice<UInt8>) -> Int? {
    let id = slots[slot(of: spelling)]
    return id < 0 ? nil : Int(id)
  }

  private func slot(of spelling: ArraySlice<UInt8>) -> Int {
    // Swift's own hasher is seeded for each process, so crafted vocabularies cannot make look-ups slow.
    var hasher = Hasher()
    spelling.withUnsafeBytes { hasher.combine(bytes: $0) }
    let mask = slots.count - 1
    var index = hasher.finalize() & mask
    while slots[index] >= 0, self[Int(slots[index])] != spelling { index = (index + 1) & mask }
    return index
  }
}
