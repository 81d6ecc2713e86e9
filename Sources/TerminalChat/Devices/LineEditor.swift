import CReadline
import Foundation

/// The line that is written, edited by readline: the only file that touches it. readline neither reads nor draws: bytes
/// are given to it, and the line is read from it.
///
/// readline is one for the whole process, and so is this: all of it belongs to the main thread.
final class LineEditor {
  /// What came of the bytes that were fed.
  enum Event {
    /// A finished line; nil at the end of input.
    case line(String?)
    /// Several ways to complete, as they are shown.
    case choices([String])
    /// The user's key for an external editor.
    case editor
  }

  /// Completes what stands before the cursor: whole lines, with what is shown of them.
  var complete: (String) -> [(line: String, shown: String)] = { _ in [] }
  private var events: [Event] = []
  private var shown: [String: String] = [:]
  private let historyPath: String?
  /// How many lines are remembered.
  static let historyLimit = 2000

  /// readline's callbacks carry no context.
  private nonisolated(unsafe) static weak var current: LineEditor?

  /// Starts readline.
  ///
  /// - Parameter history: where lines are remembered; nil remembers nothing.
  init?(history: String?) {
    historyPath = history
    guard let nowhere = fopen("/dev/null", "r+") else { return nil }
    Self.current = self
    // readline takes its encoding from the environment. Ours is UTF-8 wherever it runs; only what is shown may be less.
    let locale = getenv("LC_ALL").map { String(cString: $0) }
    setenv("LC_ALL", "C.UTF-8", 1)
    // One Tab shows the choices, unless an inputrc says otherwise.
    rl_variable_bind("show-all-if-ambiguous", "on")
    creadline_open(
      creadline_callbacks(
        line: { LineEditor.current?.finished($0.map { String(cString: $0) }) },
        complete: { LineEditor.current?.completions(of: String(cString: $0!)) },
        show: { LineEditor.current?.show($0!, Int($1)) },
        edit: { LineEditor.current?.events.append(.editor) }), nowhere)
    if let locale { setenv("LC_ALL", locale, 1) } else { unsetenv("LC_ALL") }
    creadline_limit(Int32(Self.historyLimit))
    if let historyPath { read_history(historyPath) }
    // The first line has begun already; its place is behind what was read.
    using_history()
  }

  /// Ends readline.
  func close() {
    creadline_close()
    Self.current = nil
  }

  /// Lets readline work on what the terminal sent.
  func feed(_ bytes: [UInt8]) -> [Event] {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(8192))
      rest.removeFirst(part.count)
      creadline_feed(part, part.count)
    }
    defer { events = [] }
    return events
  }

  /// Inserts text where the cursor stands.
  func insert(_ text: String) { creadline_insert(text) }

  /// Puts a text in place of the line, which can be undone.
  func replace(_ text: String) { creadline_replace(text) }

  /// Moves the cursor to a byte.
  func move(to cursor: Int) { creadline_move(Int32(clamping: cursor)) }

  /// Whether the Escape key by itself means something: in vi's ways, and while history is searched.
  var needsEscape: Bool { creadline_is_vi() || creadline_search() != nil }

  /// The line as it stands.
  var draft: Draft {
    Draft(
      text: String(cString: creadline_text()), cursor: Int(creadline_cursor()),
      search: creadline_search().map { CleanText.line(String(cString: $0)) })
  }

  /// Remembers a line, in the file too.
  func remember(_ line: String) {
    guard !line.isEmpty, !line.contains("\0") else { return }
    let count = creadline_history_count()
    creadline_remember(line)
    guard let historyPath, creadline_history_count() != count || count == Self.historyLimit else { return }
    let isNew = !FileManager.default.fileExists(atPath: historyPath)
    if isNew {
      write_history(historyPath)
      chmod(historyPath, 0o600)
    } else {
      append_history(1, historyPath)
    }
  }

  /// Shortens the file to what is remembered.
  func trimHistory() {
    if let historyPath { history_truncate_file(historyPath, Int32(Self.historyLimit)) }
  }

  private func finished(_ line: String?) { events.append(.line(line)) }

  /// In readline's form: what all have in common first if there are several, each from malloc, NULL at the end.
  private func completions(of text: String) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
    let all = complete(text)
    guard let first = all.first else { return nil }
    shown = Dictionary(all.map { ($0.line, $0.shown) }) { first, _ in first }
    var words = all.map(\.line)
    if words.count > 1 {
      var common = Array(first.line.unicodeScalars)
      for word in words {
        let same = zip(common, word.unicodeScalars).prefix { $0 == $1 }.count
        common.removeLast(common.count - same)
      }
      var start = String.UnicodeScalarView()
      start.append(contentsOf: common)
      // Where only the letters' case differs, what was written stays.
      let prefix = String(start)
      words.insert(prefix.utf8.count >= text.utf8.count ? prefix : text, at: 0)
    }
    let size = MemoryLayout<UnsafeMutablePointer<CChar>?>.stride * (words.count + 1)
    guard let memory = malloc(size) else { return nil }
    let result = memory.bindMemory(to: UnsafeMutablePointer<CChar>?.self, capacity: words.count + 1)
    for (index, word) in words.enumerated() { result[index] = strdup(word) }
    result[words.count] = nil
    return result
  }

  private func show(_ matches: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _ count: Int) {
    let words = (0..<count).compactMap { matches[$0].map { String(cString: $0) } }
    events.append(.choices(words.map { shown[$0] ?? $0 }))
  }
}
