import Dialogue
import Testing

@testable import TerminalChat

/// A chat without terminal and engine: what happens goes in, the screen comes out as text.
struct Harness {
  var state: ChatState
  var effects: [ChatEffect] = []
  var now = 0.0

  init(
    columns: Int = 80, rows: Int = 24, capabilities: Capabilities = Capabilities(),
    adapters: [String] = ["one", "two"],
    isOpen: Bool = true
  ) {
    state = ChatState(columns: columns, rows: rows, capabilities: capabilities)
    if isOpen {
      send(
        .open(
          .ready(
            ChatModelDescription(
              name: "demo", adapters: adapters.map { .init(name: $0, summary: "adapter \($0)") },
              defaultAdapter: adapters.first, contextSize: 2048))))
    }
  }

  mutating func send(_ input: ChatInput) { effects = state.handle(input, now: now) }

  /// Presses keys by their names; what goes to the line editor is typed at the end of the line.
  mutating func press(_ names: String...) {
    for name in names {
      send(.key(Key(name, bytes: Array(name.utf8))))
      type(effects)
    }
  }

  private mutating func type(_ effects: [ChatEffect]) {
    for effect in effects {
      switch effect {
      case .edit(let bytes): send(.draft(Draft(text: state.draft.text + String(decoding: bytes, as: UTF8.self))))
      case .insert(let text): send(.draft(Draft(text: state.draft.text + text)))
      case .setDraft(let text): send(.draft(Draft(text: text)))
      default: break
      }
    }
    self.effects = effects
  }

  mutating func ask(_ question: String) { send(.submit(question)) }

  /// The question that the engine was last asked.
  var asked: (id: Int, request: ChatRequest)? {
    for case .ask(let id, let request) in effects { return (id, request) }
    return nil
  }

  /// Asks and answers.
  mutating func talk(_ question: String, _ answer: String, statistics: ChatStatistics = ChatStatistics()) {
    ask(question)
    reply(answer, statistics: statistics)
  }

  mutating func reply(_ answer: String, statistics: ChatStatistics = ChatStatistics()) {
    guard let id = state.running else { return }
    send(.answer(id: id, .text(answer)))
    send(.answer(id: id, .finished(statistics)))
  }

  mutating func attach(width: Int, height: Int, path: String = "/pictures/bus.jpg") {
    send(.submit("/image \(path)"))
    send(.picture(path: path, .success(PictureFacts(width: width, height: height, hash: "1"))))
    send(.preparation(path: path, .prepared(seconds: 0)))
  }

  /// The screen, with a picture of dots.
  var cells: Cells {
    state.render { PictureArt(columns: $0, rows: $1, cells: Array(repeating: Cell("."), count: $0 * $1)) }
  }
  var text: String { cells.text }
  var lines: [String] { text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
}
