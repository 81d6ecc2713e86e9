/// The tokens that are taken out of a text verbatim before anything else looks at it: a trie over their bytes.
struct AddedTokens: Sendable {
  /// What bounds the work at each place of a text.
  static let longestAllowed = 256

  private var children = PairTable()
  private var ids: [Int32] = [-1]
  private var startsToken = [Bool](repeating: false, count: 256)

  /// Adds a token.
  ///
  /// - Returns: the token of the same bytes that is there already, and nothing changes; otherwise nil.
  mutating func insert(_ bytes: some Collection<UInt8>, id: Int) -> Int? {
    guard let first = bytes.first else { return nil }
    startsToken[Int(first)] = true
    var node: UInt32 = 0
    for byte in bytes {
      var next = children.find(node, UInt32(byte))
      if next == PairTable.none {
        next = UInt32(ids.count)
        ids.append(-1)
        _ = children.insert(node, UInt32(byte), value: next)
      }
      node = next
    }
    if ids[Int(node)] >= 0 { return Int(ids[Int(node)]) }
    ids[Int(node)] = Int32(id)
    return nil
  }

  /// The longest token that starts at `start`, and where it ends.
  @inline(__always)
  func longestMatch(in text: UnsafeBufferPointer<UInt8>, at start: Int) -> (id: Int, end: Int)? {
    startsToken[Int(text[start])] ? walk(text, from: start) : nil
  }

  private func walk(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> (id: Int, end: Int)? {
    var match: (id: Int, end: Int)?
    var node: UInt32 = 0
    var position = start
    while position < text.count {
      node = children.find(node, UInt32(text[position]))
      if node == PairTable.none { break }
      position += 1
      if ids[Int(node)] >= 0 { match = (Int(ids[Int(node)]), position) }
    }
    return match
  }
}
