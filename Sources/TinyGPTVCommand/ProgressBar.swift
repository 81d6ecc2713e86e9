import Foundation

/// A remark for the user, on standard error so that standard output stays clean.
func note(_ message: String) {
  FileHandle.standardError.write(Data("tinygptv: \(message)\n".utf8))
}

/// Share, rate and time left on one line of standard error, if that is a terminal; nothing otherwise.
struct ProgressBar {
  private let label: String
  private let isVisible = isatty(STDERR_FILENO) != 0
  private let start = ContinuousClock.now
  private var lastUpdate: ContinuousClock.Instant?

  init(label: String) { self.label = label }

  /// Shows how many bytes of how many are done, at most ten times a second.
  mutating func update(_ done: Int, of total: Int) {
    let now = ContinuousClock.now
    guard isVisible, total > 0 else { return }
    if let lastUpdate, now - lastUpdate < .milliseconds(100), done < total { return }
    lastUpdate = now
    let seconds = max((now - start) / .seconds(1), 1e-3)
    let rate = Double(done) / seconds
    let left = rate > 0 ? Int((Double(total - done) / rate).rounded()) : 0
    let filled = 24 * done / total
    let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: 24 - filled)
    let text = "\(label) [\(bar)] \(100 * done / total) %  \(Int(rate / 1e6)) MB/s  \(left) s left"
    FileHandle.standardError.write(Data("\r\u{1b}[K\(text)".utf8))
  }

  /// Removes the line.
  func finish() {
    if isVisible, lastUpdate != nil { FileHandle.standardError.write(Data("\r\u{1b}[K".utf8)) }
  }
}
