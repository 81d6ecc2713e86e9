import Tensors

/// The latest pictures' way through the vision tower.
///
/// At upstream's sizes an entry has 32 × 768 numbers, 98 kB; so all of them take 6 MB.
struct PictureMemory {
  /// How many pictures are remembered.
  static let limit = 64

  /// What a picture's entry depends on.
  struct Key: Hashable {
    /// The picture's content.
    var picture: String
    /// The adapter, if it overrides the towers.
    var adapter: String?
  }

  private var entries: [(key: Key, queries: Tensor)] = []

  /// What is remembered of a picture, which then counts as the latest.
  mutating func queries(_ key: Key) -> Tensor? {
    guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
    entries.append(entries.remove(at: index))
    return entries.last?.queries
  }

  /// Remembers a picture, in place of the one that was not asked for the longest.
  mutating func remember(_ key: Key, _ queries: Tensor) {
    entries.removeAll { $0.key == key }
    if entries.count == Self.limit { entries.removeFirst() }
    entries.append((key, queries))
  }

  /// Forgets what an adapter made of pictures.
  mutating func forget(adapter: String) { entries.removeAll { $0.key.adapter == adapter } }
}
