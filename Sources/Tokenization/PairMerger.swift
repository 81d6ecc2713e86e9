/// Byte-pair encoding of one piece: the adjacent pair of the lowest rank is merged, the leftmost first, until none is left.
struct PairMerger {
  /// Up to here a scan for the lowest rank beats a heap.
  static let shortPiece = 64

  /// The token of each byte.
  let byteTokens: [UInt32]
  /// The rank of a pair of tokens.
  let ranks: PairTable
  /// The token that a merge of each rank gives.
  let results: [UInt32]

  // Kept between pieces, so that a piece allocates nothing.
  private var symbols: [UInt32] = []
  private var pairRanks: [UInt32] = []

  init(byteTokens: [UInt32], ranks: PairTable, results: [UInt32]) {
    self.byteTokens = byteTokens
    self.ranks = ranks
    self.results = results
  }

  /// Appends the tokens of a piece that is not empty to `ids`.
  mutating func merge(_ piece: UnsafeBufferPointer<UInt8>, into ids: inout [Int]) {
    symbols.removeAll(keepingCapacity: true)
    for byte in piece { symbols.append(byteTokens[Int(byte)]) }
    pairRanks.removeAll(keepingCapacity: true)
    for index in symbols.indices.dropLast() { pairRanks.append(ranks.find(symbols[index], symbols[index + 1])) }
    pairRanks.append(PairTable.none)
    if symbols.count <= Self.shortPiece { mergeByScanning() } else { mergeByHeap() }
    for symbol in symbols where symbol != PairTable.none { ids.append(Int(symbol)) }
  }

  private mutating func mergeByScanning() {
    var count = symbols.count
    while count > 1 {
      var best = 0
      for index in 1..<count where pairRanks[index] < pairRanks[best] { best = index }
      let rank = pairRanks[best]
      if rank == PairTable.none { break }
      symbols[best] = results[Int(rank)]
      count -= 1
      for index in (best + 1)..<count {
        symbols[index] = symbols[index + 1]
        pairRanks[index] = pairRanks[index + 1]
      }
      pairRanks[best] = best + 1 < count ? ranks.find(symbols[best], symbols[best + 1]) : PairTable.none
      if best > 0 { pairRanks[best - 1] = ranks.find(symbols[best - 1], symbols[best]) }
    }
    symbols.removeSubrange(count...)
  }

  /// O(n log n): a linked list of symbols and a heap of (rank, position). An entry whose pair has changed since is told by
  /// its rank, for a rank belongs to one pair only.
  private mutating func mergeByHeap() {
    let count = symbols.count
    var next = Array(1...count)
    var previous = Array(-1..<(count - 1))
    var heap = MinimumHeap()
    for (position, rank) in pairRanks.enumerated() where rank != PairTable.none { heap.insert(rank, position) }
    while let (rank, position) = heap.removeFirst() {
      guard pairRanks[position] == rank else { continue }
      let right = next[position]
      symbols[position] = results[Int(rank)]
      symbols[right] = PairTable.none
      pairRanks[right] = PairTable.none
      next[position] = next[right]
      if next[right] < count { previous[next[right]] = position }
      for left in [previous[position], position] where left >= 0 {
        pairRanks[left] =
          next[left] < count ? ranks.find(symbols[left], symbols[next[left]]) : PairTable.none
        if pairRanks[left] != PairTable.none { heap.insert(pairRanks[left], left) }
      }
    }
  }
}

/// A binary heap of (rank, position), the lowest first, packed in one number each: 24 bits of rank, 40 of position.
private struct MinimumHeap {
  private var entries: [UInt64] = []

  mutating func insert(_ rank: UInt32, _ position: Int) {
    let entry = UInt64(rank) << 40 | UInt64(position)
    var index = entries.count
    entries.append(entry)
    while index > 0, entries[(index - 1) / 2] > entry {
      entries[index] = entries[(index - 1) / 2]
      index = (index - 1) / 2
    }
    entries[index] = entry
  }

  mutating func removeFirst() -> (rank: UInt32, position: Int)? {
    guard let first = entries.first, let last = entries.popLast() else { return nil }
    if !entries.isEmpty {
      var index = 0
      while true {
        var child = 2 * index + 1
        if child >= entries.count { break }
        if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
        if entries[child] >= last { break }
        entries[index] = entries[child]
        index = child
      }
      entries[index] = last
    }
    return (UInt32(first >> 40), Int(first & 0xff_ffff_ffff))
  }
}
