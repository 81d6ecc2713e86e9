import CCurses
import CSystem
import Foundation

/// The terminal through ncurses: the only file that touches it. It paints cells, and knows nothing of what they mean.
///
/// Keys are read as bytes and divided by ``KeyDecoder``: the line editor wants them as the terminal sent them.
final class CursesTerminal {
  /// Where keys come from.
  let input: Int32
  private let output: Int32
  private var shown: Cells?
  private let screen: OpaquePointer
  private let files: (output: UnsafeMutablePointer<FILE>, input: UnsafeMutablePointer<FILE>)
  private let savedStreams: (output: Int32, error: Int32)
  private let log: MessageLog?
  private let usesMouse: Bool
  private var isOnScreen = false
  private(set) var colors = 0

  /// What the terminal is asked for beyond what ncurses knows: pastes in brackets, and the mouse.
  private var enter: [UInt8] { Array(("\u{1b}[?2004h" + (usesMouse ? "\u{1b}[?1002h\u{1b}[?1006h" : "")).utf8) }
  private static let leave = Array("\u{1b}[?2026l\u{1b}[?1006l\u{1b}[?1002l\u{1b}[?2004l\u{1b}[0m".utf8)

  /// Takes the terminal over; nil where ncurses does not know it.
  ///
  /// - Parameter log: where everything goes that libraries write to standard output and error meanwhile.
  init?(usesMouse: Bool, hasColor: Bool, log path: String?) {
    self.usesMouse = usesMouse
    fflush(nil)
    input = dup(STDIN_FILENO)
    output = dup(STDOUT_FILENO)
    guard let outputFile = fdopen(dup(output), "w"), let inputFile = fdopen(dup(input), "r") else { return nil }
    files = (outputFile, inputFile)
    // Swift's own handler of crashes would ask for a key, on a terminal that is no longer ours.
    for number in [SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] { signal(number, SIG_DFL) }
    guard csystem_terminal_open(input) else { return nil }
    guard let screen = ccurses_open(outputFile, inputFile, hasColor) else {
      csystem_terminal_close()
      return nil
    }
    self.screen = screen
    colors = hasColor ? Int(ccurses_colors()) : 0
    savedStreams = (dup(STDOUT_FILENO), dup(STDERR_FILENO))
    log = MessageLog(path: path)
    comeIn()
  }

  private func comeIn() {
    let sink = log?.descriptor ?? open("/dev/null", O_WRONLY | O_CLOEXEC)
    if sink >= 0 {
      dup2(sink, STDOUT_FILENO)
      dup2(sink, STDERR_FILENO)
      if log == nil { Foundation.close(sink) }
    }
    var bytes = Self.leave
    for name in ["cnorm", "sgr0", "rmkx", "rmcup"] { bytes += Self.capability(name) }
    bytes.append(0x0d)
    bytes.withUnsafeBufferPointer { pointer in
      pointer.withMemoryRebound(to: CChar.self) { csystem_terminal_set_restore($0.baseAddress, $0.count) }
    }
    write(enter)
    shown = nil
    isOnScreen = true
  }

  private static func capability(_ name: String) -> [UInt8] {
    var buffer = [CChar](repeating: 0, count: 128)
    let count = ccurses_capability(name, &buffer, buffer.count)
    return buffer.prefix(count).map { UInt8(bitPattern: $0) }
  }

  /// Gives the terminal back, for good or for a while.
  func leave() {
    guard isOnScreen else { return }
    isOnScreen = false
    write(Self.leave)
    endwin()
    csystem_terminal_set_restore("", 0)
    csystem_terminal_reset_modes()
    dup2(savedStreams.output, STDOUT_FILENO)
    dup2(savedStreams.error, STDERR_FILENO)
  }

  /// Takes it over again after ``leave()``.
  func comeBack() {
    guard !isOnScreen else { return }
    comeIn()
    ccurses_forget()
  }

  /// Ends for good.
  func close() {
    leave()
    csystem_terminal_close()
  }

  /// Draws all of the screen at the next paint, whatever is thought to be there.
  func forget() {
    shown = nil
    ccurses_forget()
  }

  /// The window's size.
  var size: (columns: Int, rows: Int) {
    var window = winsize()
    if ioctl(output, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 {
      return (Int(window.ws_col), Int(window.ws_row))
    }
    var columns: Int32 = 0
    var rows: Int32 = 0
    ccurses_size(&columns, &rows)
    return (Int(columns), Int(rows))
  }

  /// A cell's width by its height, if the terminal tells.
  var cellAspect: Double? {
    var window = winsize()
    guard ioctl(output, UInt(TIOCGWINSZ), &window) == 0, window.ws_xpixel > 0, window.ws_ypixel > 0 else { return nil }
    let aspect =
      Double(window.ws_xpixel) / Double(max(window.ws_col, 1)) * Double(window.ws_row) / Double(window.ws_ypixel)
    return (0.25...1).contains(aspect) ? aspect : nil
  }

  /// Tells ncurses about another size.
  func resize(columns: Int, rows: Int) {
    ccurses_resize(Int32(columns), Int32(rows))
    shown = nil
  }

  /// Paints the cells that differ from what is there.
  func paint(_ cells: Cells) {
    guard isOnScreen else { return }
    if shown?.columns != cells.columns || shown?.rows != cells.rows {
      ccurses_erase()
      shown = Cells(columns: cells.columns, rows: cells.rows)
    }
    if ccurses_is_short_of_pairs(Int32(clamping: cells.columns * cells.rows)) {
      ccurses_release_pairs()
      ccurses_erase()
      shown = Cells(columns: cells.columns, rows: cells.rows)
    }
    guard let before = shown, before != cells else { return }
    log?.bound()
    for row in 0..<cells.rows {
      for column in 0..<cells.columns {
        let cell = cells[column, row]
        if cell != before[column, row], !cell.text.isEmpty { put(cell, column, row) }
      }
    }
    shown = cells
    let cursor = cells.cursor
    // Terminals that know it show the frame as a whole; others let it pass.
    write(Array("\u{1b}[?2026h".utf8))
    ccurses_update(Int32(cursor?.column ?? -1), Int32(cursor?.row ?? 0))
    write(Array("\u{1b}[?2026l".utf8))
  }

  private func put(_ cell: Cell, _ column: Int, _ row: Int) {
    var text = cell.text.unicodeScalars.map { wchar_t(bitPattern: $0.value) }
    // What the C library does not know it would not print, or in another width.
    if let first = text.first, let scalar = cell.text.unicodeScalars.first,
      first >= 0x300, Int(ccurses_width(first)) != DisplayWidth.of(scalar)
    {
      text = [0xFFFD]
      if DisplayWidth.of(scalar) == 2 { put(Cell(" ", cell.style), column + 1, row) }
    }
    text.append(0)
    var attributes: Int32 = 0
    if cell.style.isBold { attributes |= Int32(CCURSES_BOLD) }
    if cell.style.isDim { attributes |= Int32(CCURSES_DIM) }
    if cell.style.isUnderlined { attributes |= Int32(CCURSES_UNDERLINE) }
    if cell.style.isReversed { attributes |= Int32(CCURSES_REVERSE) }
    func number(_ color: Color) -> Int32 {
      switch color {
      case .standard: -1
      // A terminal of 2²⁴ colours takes red, green and blue for numbers beyond its first eight.
      case .indexed(let index):
        colors >= 1 << 24 ? Palette.rgb(index).map { Int32($0) } ?? Int32(index) : colors > 0 ? Int32(index) : -1
      case .rgb(let value): colors >= 1 << 24 ? Int32(value) : -1
      }
    }
    _ = ccurses_put(
      Int32(column), Int32(row), &text, attributes, number(cell.style.foreground), number(cell.style.background))
  }

  private func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(output, $0.baseAddress, $0.count) }
      if count < 0, errno == EAGAIN || errno == EINTR { continue }
      guard count > 0 else { return }
      rest.removeFirst(count)
    }
  }
}
