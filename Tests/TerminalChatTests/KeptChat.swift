import Dialogue
import Foundation
import Synchronization
import Testing

@testable import TerminalChat

/// A chat with all but terminal and model: the test says what the engine answers and what pictures are.
final class KeptChat {
  let runner: EffectRunner
  let store: SessionStore
  let engine = SilentEngine()
  private let mailbox: Mailbox

  /// - Parameter resumed: the conversation to go on with.
  init(_ folder: URL, resumed: String? = nil, chosen: ChosenSettings = ChosenSettings(), isOpen: Bool = true) throws {
    mailbox = try #require(Mailbox())
    store = SessionStore(folder: folder.appendingPathComponent("sessions").path)
    runner = EffectRunner(ChatState(), engine: engine, mailbox: mailbox, sessions: store)
    if let resumed { runner.resume(resumed, chosen) }
    if isOpen { open() }
  }

  func open() {
    let adapters = ["one", "two"].map { ChatModelDescription.Adapter(name: $0, summary: "") }
    send(
      .open(
        .ready(ChatModelDescription(name: "demo", adapters: adapters, defaultAdapter: "one", contextSize: 2048))))
  }

  func send(_ input: ChatInput) { _ = runner.handle(input) }
  func enter(_ line: String) { send(.submit(line)) }

  /// Some of an answer.
  func stream(_ text: String) {
    if let id = runner.state.running { send(.answer(id: id, .text(text))) }
  }

  /// Answers all that was asked.
  func answer(_ text: String = "yes") {
    while let id = runner.state.running {
      stream(text)
      send(.answer(id: id, .finished(ChatStatistics())))
    }
  }

  func talk(_ question: String, _ text: String = "yes") {
    enter(question)
    answer(text)
  }

  /// The picture of this path is read: it is one if `hash` says so.
  func read(_ path: String, hash: String?) {
    let failure = ChatFailure(.picture, "no picture")
    send(.picture(path: path, hash.map { .success(PictureFacts(width: 4, height: 3, hash: $0)) } ?? .failure(failure)))
  }

  func attach(_ path: String, hash: String?) {
    enter("/image \(path)")
    read(path, hash: hash)
  }

  /// What the model is told of the conversation.
  var said: [ChatRequest.Turn] { runner.state.earlier(before: runner.state.entries.count) }

  /// The name of the file.
  var name: String? { runner.archive.reader.current }

  /// What the file has.
  func kept(_ name: String? = nil) throws -> StoredSession { try store.session(try #require(name ?? self.name)) }

  /// Screen, exports and file tell the same.
  func agrees(_ what: String, location: SourceLocation = #_sourceLocation) throws {
    let session = runner.archive.session
    #expect(session.turns.map(\.turn) == said, "\(what)", sourceLocation: location)
    #expect(session.picture?.path == runner.state.picture?.path, "\(what)", sourceLocation: location)
    guard name != nil else { return }
    let file = try kept()
    #expect(file.turns.map(\.turn) == said, "\(what)", sourceLocation: location)
    #expect(file.picture == session.picture, "\(what)", sourceLocation: location)
  }

  /// Takes in what is read about kept conversations, until something is as it should be.
  func wait(_ what: String, until condition: () -> Bool) async throws {
    for _ in 0..<3000 {
      for input in mailbox.take() {
        switch input {
        case .sessions, .restored, .notRestored: send(input)
        default: break
        }
      }
      if condition() { return }
      try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("not in time: \(what)")
  }
}

/// Says nothing, and knows what it need do no more.
final class SilentEngine: ChatEngine {
  private let streams = Mutex<[any Sendable]>([])
  private let ended = Mutex<[String]>([])

  /// The pictures whose preparation was called off.
  var calledOff: [String] { ended.withLock { $0 } }

  func open() -> AsyncStream<OpenEvent> { stream("") }
  func prepare(picture: String, adapter: String?) -> AsyncStream<ChatEvent> { stream(picture) }
  func answer(_ request: ChatRequest) -> AsyncStream<ChatEvent> { stream("") }

  private func stream<Event: Sendable>(_ picture: String) -> AsyncStream<Event> {
    AsyncStream { continuation in
      streams.withLock { $0.append(continuation) }
      continuation.onTermination = { [weak self] _ in self?.ended.withLock { $0.append(picture) } }
    }
  }
}
