import Dialogue
import Foundation

/// A chat in lines: for terminals without a screen, for pipes and for screen readers. It only ever appends text, has the
/// same commands, and tells boxes in words.
public final class LineChat {
  private let runner: EffectRunner
  private let mailbox: Mailbox
  private let options: ChatOptions
  private let isInteractive: Bool
  /// Whether someone sees what is printed. Elsewhere faults go to standard error, apart from the answers.
  private let isSeen: Bool
  private var outcome: ChatOutcome?
  /// Lines that were read and wait for the answer before them.
  private var lines: [String] = []
  private var partial: [UInt8] = []
  private var isAtEnd = false
  /// Whether something went wrong that a program which wrote the lines has to know.
  private var hasErrors = false
  /// What was printed of each entry: all before this number, and so many bytes of the answer of this one.
  private var printed = 0
  private var printedBytes = 0
  private var isHeadPrinted = false
  private var lastToast: String?
  private var lastStage: ChatStage?
  private var isPromptShown = false
  private static nonisolated(unsafe) var interrupts: sig_atomic_t = 0
  /// The signal that asks the program to end.
  private static nonisolated(unsafe) var ending: sig_atomic_t = 0

  /// Runs a chat on standard input and output to its end.
  public static func run(engine: any ChatEngine, options: ChatOptions) -> ChatOutcome {
    guard let mailbox = Mailbox() else { return .noScreen }
    return LineChat(engine: engine, mailbox: mailbox, options: options).run()
  }

  private init(engine: any ChatEngine, mailbox: Mailbox, options: ChatOptions) {
    self.mailbox = mailbox
    self.options = options
    isInteractive = isatty(STDIN_FILENO) != 0
    isSeen = isatty(STDOUT_FILENO) != 0
    runner = EffectRunner(
      options.state(
        columns: 80, rows: 24, Capabilities(isUnicode: options.isUnicode, isASCIIDrawing: true, colors: 0),
        hasScreen: false),
      engine: engine, mailbox: mailbox, sessions: options.sessions)
  }

  private func run() -> ChatOutcome {
    // Ctrl-C stops an answer; the terminal sends it as a signal here.
    let before = signal(SIGINT) { _ in LineChat.interrupts = 1 }
    defer { signal(SIGINT, before) }
    Self.endBySignals()
    if let name = options.resumed { runner.resume(name, options.chosen) }
    if let picture = options.picture, options.resumed == nil || runner.state.picture?.path != Archive.absolute(picture)
    {
      perform(runner.perform(runner.state.attach(picture)))
    }
    runner.work.open()
    while outcome == nil {
      show()
      feed()
      guard outcome == nil else { break }
      wait()
      if let failure = runner.state.failure { outcome = .failed(failure) }
    }
    runner.end()
    show()
    return outcome == .left && hasErrors && !isInteractive ? .leftWithErrors : outcome ?? .left
  }

  /// Lets signals that ask the program to end wait until what was said is kept.
  private static func endBySignals() {
    for number in [SIGTERM, SIGHUP] {
      let before = signal(number) { number in
        LineChat.ending = number
        // Should nobody look, it ends all the same.
        alarm(2)
      }
      // What whoever started the program wants ignored stays so.
      if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { signal(number, SIG_IGN) }
    }
  }

  /// Whether nothing is on its way any more.
  private var isIdle: Bool {
    let state = runner.state
    guard state.model == .ready, !state.isBusy, !state.isSaving, !state.isReadingSessions else { return false }
    return state.picture.map { $0.facts != nil && !$0.isPreparing } ?? true
  }

  /// Gives the next line to the chat once it is idle.
  private func feed() {
    while isIdle, outcome == nil {
      if lines.isEmpty {
        if isAtEnd { outcome = .left } else { prompt() }
        return
      }
      isPromptShown = false
      submit(lines.removeFirst())
      showOverlay()
      show()
    }
  }

  private func submit(_ line: String) {
    guard line.hasPrefix("\u{1b}") else { return perform(runner.handle(.submit(line))) }
    // A key of the screen comes as its bytes, and the line behind it.
    var decoder = KeyDecoder()
    let keys = (decoder.take(line.utf8) + decoder.flush()).compactMap { input in
      if case .key(let key) = input { key.name } else { nil }
    }
    let name = keys.first.map { HelpText.spelled($0) } ?? "this"
    let command = keys.first.flatMap { runner.state.bindings.action(of: $0)?.command }
    write("(Keys are for screens; in place of \(name) write /\(command ?? "help").)\n")
  }

  private func prompt() {
    guard isInteractive, !isPromptShown else { return }
    write((runner.state.task.map { $0.tag + " " } ?? "") + "> ")
    isPromptShown = true
  }

  private func wait() {
    var sources = [
      pollfd(fd: isAtEnd ? -1 : STDIN_FILENO, events: Int16(POLLIN), revents: 0),
      pollfd(fd: mailbox.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    let count = poll(&sources, UInt(sources.count), -1)
    if Self.ending != 0 {
      outcome = .signal(Self.ending)
      return
    }
    if Self.interrupts != 0 {
      Self.interrupts = 0
      if runner.state.isBusy {
        perform(runner.perform(runner.state.stop()))
      } else {
        write("\n(Ctrl-D or /quit leaves.)\n")
        isPromptShown = false
      }
    }
    guard count > 0 else { return }
    if sources[1].revents != 0 {
      for input in mailbox.take() { take(input) }
    }
    if sources[0].revents != 0 { readLines() }
  }

  private func take(_ input: ChatInput) {
    perform(runner.handle(input))
    // A list may take a while to come.
    showOverlay()
    // Answers about a picture that is none would mislead a program, which reads no messages.
    if !isInteractive, case .picture(let path, .failure(let failure)) = input, path == options.picture {
      outcome = .failed(failure)
    }
  }

  private func readLines() {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(STDIN_FILENO, &bytes, bytes.count)
    if count < 0, errno == EINTR || errno == EAGAIN { return }
    partial += bytes.prefix(max(count, 0))
    while let end = partial.firstIndex(of: 0x0a) {
      append(partial[..<end])
      partial.removeSubrange(...end)
    }
    if count <= 0 {
      isAtEnd = true
      if !partial.isEmpty { append(partial[...]) }
      partial = []
      if isInteractive { write("\n") }
    }
  }

  private func append(_ bytes: ArraySlice<UInt8>) {
    let line = String(decoding: bytes, as: UTF8.self)
    let clean = line.hasSuffix("\r") ? String(line.dropLast()) : line
    // An empty line asks only where a task needs no text.
    let needsNone = runner.state.task == .caption || runner.state.task == .grounding
    if !clean.trimmingSpaces.isEmpty || needsNone {
      lines.append(clean)
    } else {
      isPromptShown = false
    }
  }

  private func perform(_ effects: [ChatEffect]) {
    for effect in effects {
      switch effect {
      case .quit: outcome = .left
      case .openEditor:
        switch ExternalEditor.edit("") {
        case .text(""): write("(The editor left nothing to send.)\n")
        case .text(let text): perform(runner.handle(.submit(text)))
        case .failure(let message): perform(runner.handle(.complaint(message)))
        }
      default: break
      }
    }
  }

  // MARK: what is printed

  /// What lies over a screen is a list here.
  private func showOverlay() {
    let state = runner.state
    switch state.overlay {
    case .help:
      write(HelpText.lineCommands.joined(separator: "\n") + "\n")
    case .menu(let menu):
      let items = menu.items.enumerated().map { index, item in
        let mark = index == menu.selected && menu.kind != .session ? "*" : " "
        let number = menu.kind == .session ? "\(index + 1)  " : ""
        return "\(mark) \(number)\(CleanText.line(item.label)): \(CleanText.line(item.help))"
      }
      let example = menu.kind == .session ? "\(menu.selected + 1)" : menu.items[menu.items.count - 1].name
      write(
        "Choose one as in /\(menu.kind.command) \(CleanText.line(example))\n" + items.joined(separator: "\n") + "\n")
    case .region: write("Write the region as {<left><top><right><bottom>} in 0-100.\n")
    case nil: break
    }
    runner.state.overlay = nil
  }

  /// Prints what is new.
  private func show() {
    let state = runner.state
    showEntries(state)
    // Not into the middle of an answer.
    if printedBytes == 0 { showStage(state) }
    if state.toast?.text != lastToast {
      lastToast = state.toast?.text
      if let text = lastToast { write("(\(text))\n") }
    }
  }

  private func showEntries(_ state: ChatState) {
    // That a picture is attached is said once it is known to be one.
    let uncertain = state.picture?.facts == nil ? state.replaced?.note : nil
    // Entries that were taken back leave a gap in the numbers.
    for entry in state.entries where entry.id >= printed {
      if let uncertain, entry.id >= uncertain { return }
      switch entry.content {
      case .notice(let text): write(CleanText.lines(text) + "\n")
      case .complaint(let text): complain(CleanText.lines(text))
      case .turn(let turn):
        guard show(turn) else { return }
      }
      printed = entry.id + 1
      printedBytes = 0
      isHeadPrinted = false
    }
  }

  /// Says what takes time, once; not where answers are read by a program.
  private func showStage(_ state: ChatState) {
    guard state.activity?.stage != lastStage else { return }
    lastStage = state.activity?.stage
    guard isInteractive, let stage = lastStage, stage != .answering else { return }
    write("(\(stage.words))\n")
  }

  /// Prints more of a turn; whether it is over.
  private func show(_ turn: ChatTurn) -> Bool {
    if !isHeadPrinted {
      guard turn.status != .waiting else { return false }
      isHeadPrinted = true
      if turn.isComparison { write("\(CleanText.line(turn.adapter ?? "none")):\n") }
    }
    let bytes = Array((runner.state.showsMarkup ? turn.answer : turn.grounded.plainText).utf8)
    if bytes.count > printedBytes {
      write(CleanText.lines(String(decoding: bytes[printedBytes...], as: UTF8.self)))
      printedBytes = bytes.count
    }
    guard turn.isOver else { return false }
    if printedBytes > 0 { write("\n") }
    for phrase in NumberedPhrase.phrases(of: turn) { write(phrase.inWords.joined(separator: "\n") + "\n") }
    for note in EntryLines.notes(turn) {
      if note.isFault { complain(note.text) } else { write("(\(note.text))\n") }
    }
    return true
  }

  /// Says what went wrong. What ends the program is said by whoever started the chat.
  private func complain(_ text: String) {
    hasErrors = true
    if case .failed(let failure) = outcome, CleanText.lines(failure.description) == text { return }
    if isSeen { write("Error: \(text)\n") } else { write("tinygptv: \(text)\n", to: STDERR_FILENO) }
  }

  private func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
    let shown = options.isASCII ? text.withASCIIPunctuation : text
    var rest = Array(shown.plain(if: !options.isUnicode).utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR || errno == EAGAIN { continue }
      guard count > 0 else {
        if descriptor == STDOUT_FILENO { outcome = .left }
        return
      }
      rest.removeFirst(count)
    }
  }
}
