import Foundation

/// A line of standard error that is written anew again and again, if that is a terminal; nothing otherwise.
struct StatusLine {
  private let isVisible = isatty(STDERR_FILENO) != 0

  func show(_ text: String) { write("\r\u{1b}[K\(text)") }
  func remove() { write("\r\u{1b}[K") }

  private func write(_ text: String) {
    if isVisible { FileHandle.standardError.write(Data(text.utf8)) }
  }
}
