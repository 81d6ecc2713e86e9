/// Finds the text that ends an answer in a stream, and holds back what might be its beginning.
struct StopMatcher {
  private let stop: [UInt8]
  private var held: [UInt8] = []
  /// Whether the stop text has come; everything behind it is dropped.
  private(set) var hasStopped = false

  /// An empty stop text never comes.
  init(stop: String) { self.stop = Array(stop.utf8) }

  /// Takes in the next piece of text and returns what may be shown.
  mutating func append(_ text: String) -> String {
    guard !hasStopped else { return "" }
    held += Array(text.utf8)
    guard !stop.isEmpty else { return take(held.count) }
    if let start = firstMatch() {
      hasStopped = true
      return take(start)
    }
    // The longest end of the text that is a beginning of the stop text.
    let longest = (0..<min(stop.count, held.count + 1)).last { held.suffix($0).elementsEqual(stop.prefix($0)) } ?? 0
    return take(held.count - longest)
  }

  /// What was held back, once no more text comes.
  mutating func finish() -> String { hasStopped ? "" : take(held.count) }

  private func firstMatch() -> Int? {
    guard held.count >= stop.count else { return nil }
    return (0...held.count - stop.count).first { held[$0..<$0 + stop.count].elementsEqual(stop) }
  }

  private mutating func take(_ count: Int) -> String {
    defer { held.removeFirst(count) }
    return String(decoding: held[..<count], as: UTF8.self)
  }
}
