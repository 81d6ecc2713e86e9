import Foundation
import Training

/// Shows how a run is going on standard error: one line that is redrawn on a terminal, and a line now and then where
/// there is none (a log file, say).
struct ProgressWriter {
  private let terminal = Terminal(descriptor: STDERR_FILENO)
  private let lineInterval: Duration
  private var lastShown: ContinuousClock.Instant?
  private var isLineOpen = false

  /// - Parameter lineInterval: how often a line appears where there is no terminal.
  init(lineInterval: Duration = .seconds(30)) { self.lineInterval = lineInterval }

  /// Shows a line, unless the last one was shown a moment ago. The last step is always shown.
  mutating func show(_ line: ProgressLine) {
    let now = ContinuousClock.now
    let interval = terminal.isTerminal ? .milliseconds(100) : lineInterval
    if let lastShown, now - lastShown < interval, line.step < line.totalSteps { return }
    lastShown = now
    if terminal.isTerminal {
      // The width is asked for each time: windows change. The last column stays free, or the cursor would wrap.
      write("\r\u{1b}[K" + line.text(width: Terminal(descriptor: STDERR_FILENO).columns - 1))
      isLineOpen = true
    } else {
      write(line.text(width: 200) + "\n")
    }
  }

  /// Writes a remark above the line.
  mutating func remark(_ message: String) {
    if isLineOpen { write("\r\u{1b}[K") }
    isLineOpen = false
    lastShown = nil
    note(message)
  }

  /// Leaves the last line on the terminal and goes below it.
  mutating func finish() {
    if isLineOpen { write("\n") }
    isLineOpen = false
  }

  private func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
