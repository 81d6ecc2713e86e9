/// Guesses what was meant.
public enum Spelling {
  /// The candidate that the fewest changes make of a word: letters left out, added, replaced, or swapped with their
  /// neighbour, capitals apart. The first of equals; nil without candidates.
  public static func nearest(to word: String, in candidates: [String]) -> String? {
    let scored = candidates.map {
      ($0, distance(Array(word.lowercased().unicodeScalars), Array($0.lowercased().unicodeScalars)))
    }
    return scored.min { $0.1 < $1.1 }?.0
  }

  /// The nearest candidate that at most so many changes make of a word, see ``nearest(to:in:)``.
  public static func nearest(to word: String, in candidates: [String], changes: Int) -> String? {
    nearest(to: word, in: candidates).flatMap {
      distance(Array(word.lowercased().unicodeScalars), Array($0.lowercased().unicodeScalars)) <= changes ? $0 : nil
    }
  }

  /// The number of changes (Damerau, Levenshtein; no part is changed twice).
  static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    // What is longer than any name of ours is not compared to its end.
    let (a, b) = (a.prefix(100), b.prefix(100))
    var before: [Int] = []
    var last = Array(0...b.count)
    for (i, scalar) in a.enumerated() {
      var row = [i + 1]
      for (j, other) in b.enumerated() {
        var best = min(last[j] + (scalar == other ? 0 : 1), last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, scalar == b[j - 1], a[i - 1] == other { best = min(best, before[j - 1] + 1) }
        row.append(best)
      }
      before = last
      last = row
    }
    return last[b.count]
  }
}
