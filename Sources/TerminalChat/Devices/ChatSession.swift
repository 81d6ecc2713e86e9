import CSystem
import Dialogue
import Foundation

/// A chat on the whole screen: waits for the terminal, the engine and the clock, lets the state say what follows, and
/// paints. It runs on the main thread and never waits for the engine.
public final class ChatSession {
  private let options: ChatOptions
  private let runner: EffectRunner
  private let mailbox: Mailbox
  private let terminal: CursesTerminal
  private let editor: LineEditor
  private let painter = PicturePainter()
  private var decoder = KeyDecoder()
  private var paintedPicture: String?
  private var outcome: ChatOutcome?
  /// When the bytes came that may be the beginning of a key.
  private var waitingSince = 0.0
  /// Signals arrive here, a byte each.
  private let signals: (reading: Int32, writing: Int32)

  /// How long an escape byte waits for the rest of a sequence, in milliseconds.
  private static let escapeTimeout: Int32 = 40
  /// How often a running clock is shown, in milliseconds.
  private static let tickInterval: Int32 = 100

  /// Opens a chat on the terminal and runs it to its end.
  public static func run(engine: any ChatEngine, options: ChatOptions) -> ChatOutcome {
    guard let session = ChatSession(engine: engine, options: options) else { return .noScreen }
    return session.run()
  }

  private init?(engine: any ChatEngine, options: ChatOptions) {
    self.options = options
    var ends: [Int32] = [0, 0]
    // The line editor comes first: it asks the terminal's description too, and ncurses' answer has to stay.
    guard let mailbox = Mailbox(), pipe(&ends) == 0, let editor = LineEditor(history: options.historyPath) else {
      return nil
    }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    signals = (ends[0], ends[1])
    // Our text is UTF-8, or ASCII where the locale shows no more.
    setlocale(LC_CTYPE, "C.UTF-8")
    guard
      let terminal = CursesTerminal(
        usesMouse: options.usesMouse, hasColor: options.hasColor, log: options.logPath)
    else { return nil }
    csystem_terminal_notify(signals.writing)
    self.mailbox = mailbox
    self.editor = editor
    self.terminal = terminal
    let size = terminal.size
    let capabilities = Capabilities(
      isUnicode: options.isUnicode, isASCIIDrawing: options.isASCII, colors: terminal.colors,
      cellAspect: terminal.cellAspect ?? 0.5, isLight: options.isLight)
    runner = EffectRunner(
      options.state(columns: size.columns, rows: size.rows, capabilities), engine: engine, mailbox: mailbox,
      sessions: options.sessions)
    editor.complete = { [weak self] in self?.completions(of: $0) ?? [] }
  }

  // MARK: the loop

  private func run() -> ChatOutcome {
    start()
    while outcome == nil {
      paint()
      wait()
      if let failure = runner.state.failure { outcome = .failed(failure) }
    }
    runner.end()
    terminal.close()
    editor.trimHistory()
    editor.close()
    return outcome ?? .left
  }

  private func start() {
    paint()
    if let name = options.resumed { runner.resume(name, options.chosen) }
    if let picture = options.picture, options.resumed == nil || runner.state.picture?.path != Archive.absolute(picture)
    {
      perform(runner.state.attach(picture))
    }
    runner.work.open()
  }

  /// Waits until something happens, and takes it in.
  private func wait() {
    let timeout = decoder.isWaiting ? Self.escapeTimeout : runner.state.needsTicks ? Self.tickInterval : -1
    var sources = [terminal.input, mailbox.descriptor, signals.reading].map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    let count = poll(&sources, UInt(sources.count), timeout)
    // The engine may have more to say all the time; a key waits for its rest no longer for that.
    if decoder.isWaiting, sources[0].revents == 0, runner.now - waitingSince >= Double(Self.escapeTimeout) / 1000 {
      take(decoder.flush())
    }
    if count == 0 { apply(.tick) }
    guard count > 0 else { return }
    if sources[2].revents != 0 { takeSignals() }
    if sources[0].revents != 0 { readTerminal() }
    if sources[1].revents != 0 {
      for input in mailbox.take() { apply(input) }
    }
  }

  private func readTerminal() {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(terminal.input, &bytes, bytes.count)
    if count > 0 {
      let inputs = decoder.take(bytes.prefix(count))
      waitingSince = runner.now
      take(inputs)
    } else if count == 0 || errno != EINTR && errno != EAGAIN {
      // The terminal is gone.
      outcome = .signal(SIGHUP)
    }
  }

  private func take(_ inputs: [TerminalInput]) {
    for input in inputs {
      switch input {
      case .key(let key): apply(.key(key))
      case .paste(let text): apply(.paste(text))
      case .mouse(let event): apply(.mouse(event))
      }
    }
  }

  private func takeSignals() {
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(signals.reading, &bytes, bytes.count)
    for byte in bytes.prefix(max(count, 0)) {
      switch Int32(byte) {
      case SIGWINCH: resize()
      case SIGTSTP: suspend()
      case SIGCONT: redraw()
      case SIGTERM, SIGHUP: outcome = .signal(Int32(byte))
      default: break
      }
    }
  }

  // MARK: events and effects

  private func apply(_ input: ChatInput) { perform(runner.handle(input)) }

  private func perform(_ effects: [ChatEffect]) {
    for effect in runner.perform(effects) {
      switch effect {
      case .edit(let bytes): edit(bytes)
      case .insert(let text):
        editor.insert(text)
        apply(.draft(editor.draft))
      case .setDraft(let text):
        editor.replace(text)
        apply(.draft(editor.draft))
      case .moveCursor(let cursor):
        editor.move(to: cursor)
        apply(.draft(editor.draft))
      case .openEditor(let text): openEditor(text)
      case .suspend: suspend()
      case .redraw: redraw()
      case .quit: outcome = .left
      default: break
      }
    }
  }

  private func edit(_ bytes: [UInt8]) {
    // A lone Esc would make a command of the next key, whenever that comes; vi's ways and searches need it.
    if bytes == [0x1b], !editor.needsEscape { return }
    let events = editor.feed(bytes)
    // The line first: a finished one leaves an empty line behind.
    apply(.draft(editor.draft))
    for event in events {
      switch event {
      case .line(let line?):
        editor.remember(line)
        apply(.submit(line))
      case .line(nil): outcome = .left
      case .choices(let words): apply(.completions(words))
      case .editor: openEditor(editor.draft.text)
      }
    }
  }

  private func completions(of line: String) -> [(line: String, shown: String)] {
    let sessions = line.hasPrefix("/sessions") ? runner.archive.reader.names : []
    return Completer(adapters: runner.state.adapterNames, sessions: sessions, list: ChatWork.list)
      .completions(of: line)
  }

  private func openEditor(_ text: String) {
    terminal.leave()
    let result = ExternalEditor.edit(text)
    terminal.comeBack()
    resize()
    switch result {
    case .text(let text):
      editor.replace(text)
      apply(.draft(editor.draft))
    case .failure(let message): apply(.complaint(message))
    }
  }

  private func suspend() {
    terminal.leave()
    csystem_stop_job()
    redraw()
  }

  private func redraw() {
    terminal.comeBack()
    terminal.forget()
    resize()
  }

  private func resize() {
    let size = terminal.size
    terminal.resize(columns: size.columns, rows: size.rows)
    if let aspect = terminal.cellAspect { runner.state.capabilities.cellAspect = aspect }
    apply(.resized(columns: size.columns, rows: size.rows))
  }

  // MARK: painting

  private func paint() {
    let state = runner.state
    if let picture = state.picture, picture.facts != nil {
      let key = picture.path + "|" + (picture.facts?.hash ?? "")
      if key != paintedPicture {
        painter.use(runner.work.picture(picture.path))
        paintedPicture = key
      }
    } else if paintedPicture != nil {
      painter.use(nil)
      paintedPicture = nil
    }
    terminal.paint(state.render { painter.art(columns: $0, rows: $1, state.capabilities) })
  }
}
