import Foundation

/// What is known of the terminal, if any, behind a descriptor.
struct Terminal {
  /// Whether there is one.
  let isTerminal: Bool
  /// Its size, or that of an ordinary one.
  let columns, rows: Int
  /// Whether the locale's characters are Unicode.
  let isUnicode: Bool
  /// Whether colours are wanted (https://no-color.org) and can be shown.
  let hasColor: Bool

  init(descriptor: Int32, environment: [String: String] = ProcessInfo.processInfo.environment) {
    isTerminal = isatty(descriptor) != 0
    var size = winsize()
    let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 && size.ws_row > 0
    func variable(_ name: String) -> Int? {
      environment[name].flatMap { Int($0) }.flatMap { (1...10000).contains($0) ? $0 : nil }
    }
    columns = isKnown ? Int(size.ws_col) : variable("COLUMNS") ?? 80
    rows = isKnown ? Int(size.ws_row) : variable("LINES") ?? 24
    // The first of these that is set and not empty counts (POSIX, 8.2).
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
    let lower = locale.lowercased()
    isUnicode = lower.contains("utf-8") || lower.contains("utf8")
    hasColor = isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
  }
}
