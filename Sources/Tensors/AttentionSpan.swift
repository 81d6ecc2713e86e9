/// Which keys some neighbouring queries attend to: the one description that serves self-, cross- and causal attention,
/// a cache, several sequences packed into one matrix, and several that share a prefix.
public struct AttentionSpan: Equatable, Sendable {
  /// The queries' rows.
  public let queries: Range<Int>
  /// The rows of keys that all of them see.
  public let keys: Range<Int>
  /// Further keys, at least as many as there are queries, or none: the last query sees all of them, the one before all
  /// but the last, and so on.
  public let causalKeys: Range<Int>

  /// Queries that all see the same keys.
  public init(queries: Range<Int>, keys: Range<Int>) {
    self.init(queries: queries, keys: keys, causalKeys: keys.upperBound..<keys.upperBound)
  }

  /// Queries that see common keys, and of others those up to their own place.
  public init(queries: Range<Int>, keys: Range<Int>, causalKeys: Range<Int>) {
    precondition(causalKeys.isEmpty || causalKeys.count >= queries.count, "\(causalKeys) for \(queries)")
    precondition(queries.isEmpty || !keys.isEmpty || !causalKeys.isEmpty, "queries \(queries) without a key")
    self.queries = queries
    self.keys = keys
    self.causalKeys = causalKeys
  }

  /// Sequences packed one after another: the rows of each attend to one range of keys only. With equal ranges that is
  /// self-attention of several pictures, else cross-attention of each picture's queries.
  public static func blocks(queries: [Range<Int>], keys: [Range<Int>]) -> [AttentionSpan] {
    precondition(queries.count == keys.count, "\(queries.count) blocks of queries, \(keys.count) of keys")
    return zip(queries, keys).map { AttentionSpan(queries: $0, keys: $1) }
  }

  /// A causal sequence of which the first `prefix` rows are common to several continuations, packed behind it: each
  /// continuation's rows see the prefix and their own continuation up to themselves.
  public static func continuations(_ segments: [Range<Int>], ofPrefix prefix: Int) -> [AttentionSpan] {
    let start = AttentionSpan(queries: 0..<prefix, keys: 0..<0, causalKeys: 0..<prefix)
    return (prefix > 0 ? [start] : [])
      + segments.map { AttentionSpan(queries: $0, keys: 0..<prefix, causalKeys: $0) }
  }
}

extension AttentionSpan {
  /// Some neighbouring ones of the queries as rows of a matrix from row `first` on. They see the keys that they saw,
  /// which stay where they are.
  public func selecting(_ rows: Range<Int>, as first: Int) -> AttentionSpan {
    precondition(rows.clamped(to: queries) == rows, "\(rows) of \(queries)")
    let causalKeys = causalKeys.isEmpty ? causalKeys : causalKeys.dropLast(queries.upperBound - rows.upperBound)
    return AttentionSpan(queries: first..<first + rows.count, keys: keys, causalKeys: causalKeys)
  }

  /// A few of a span's queries, and the keys that at least one of them sees, as one or two ranges.
  struct Block {
    let queries: Range<Int>
    /// The keys side by side; the last range ends with the causal ones.
    let keys: [Range<Int>]
    /// How many keys the first query sees.
    let firstCount: Int
    /// How many more each further query sees: 0 or 1.
    let step: Int
    /// How many keys the last query sees: a row of scores.
    let width: Int

    /// The keys in runs of ``AttentionSpan/runLength``, cut at places that depend on nothing else, so that a query's
    /// sums do not depend on how many others its block has.
    var runs: [Run] {
      stride(from: 0, to: width, by: AttentionSpan.runLength).map { start in
        var parts: [Range<Int>] = []
        var column = 0
        for range in keys {
          let part = (range.lowerBound + start - column..<range.lowerBound + start - column + AttentionSpan.runLength)
            .clamped(to: range)
          if !part.isEmpty { parts.append(part) }
          column += range.count
        }
        return Run(
          keys: parts, isFirst: start == 0, width: min(AttentionSpan.runLength, width - start),
          firstCount: firstCount - start, step: step)
      }
    }

    /// Scores of a query that are kept at a time.
    var runWidth: Int { min(AttentionSpan.runLength, width) }
  }

  /// Some neighbouring keys of a block.
  struct Run {
    /// The keys side by side, as one or two ranges.
    let keys: [Range<Int>]
    let isFirst: Bool
    /// How many keys there are.
    let width: Int
    fileprivate let firstCount: Int
    fileprivate let step: Int

    /// How many of the keys the query sees, counted from the first.
    func visible(_ query: Int) -> Int { min(max(0, firstCount + step * query), width) }
  }

  /// Keys in one run: their scores with a block's queries, 128 kB, leave room for other things in a second-level cache.
  static let runLength = 512

  /// Queries in one block: enough for an efficient product, few enough for the scores to stay in the cache and for
  /// little that is computed and then masked.
  static let blockSize = 64

  /// All keys as one range, if they adjoin.
  var adjoiningKeys: Range<Int>? {
    if causalKeys.isEmpty { return keys }
    if keys.isEmpty { return causalKeys }
    return keys.upperBound == causalKeys.lowerBound ? keys.lowerBound..<causalKeys.upperBound : nil
  }

  /// The span cut into blocks.
  var blocks: [Block] {
    stride(from: queries.lowerBound, to: queries.upperBound, by: Self.blockSize).map { start in
      let rows = start..<min(queries.upperBound, start + Self.blockSize)
      guard !causalKeys.isEmpty else {
        return Block(queries: rows, keys: [keys], firstCount: keys.count, step: 0, width: keys.count)
      }
      let before = start - queries.lowerBound + causalKeys.count - queries.count
      let own = causalKeys.lowerBound..<causalKeys.lowerBound + before + rows.count
      let adjacent = keys.isEmpty || keys.upperBound == own.lowerBound
      let all = keys.isEmpty ? own : keys.lowerBound..<own.upperBound
      return Block(
        queries: rows, keys: adjacent ? [all] : [keys, own], firstCount: keys.count + before + 1, step: 1,
        width: keys.count + own.count)
    }
  }
}

extension Range<Int> {
  func shifted(by distance: Int) -> Range<Int> { lowerBound + distance..<upperBound + distance }
}
