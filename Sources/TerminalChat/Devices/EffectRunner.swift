import Diagnostics
import Dialogue
import Foundation

/// Does what the chat's state wants done, as far as screen and lines do it alike.
final class EffectRunner {
  var state: ChatState
  let work: ChatWork
  let archive: Archive
  private let mailbox: Mailbox
  private let start = ContinuousClock.now

  init(_ state: ChatState, engine: any ChatEngine, mailbox: Mailbox, sessions: SessionStore?) {
    self.state = state
    self.mailbox = mailbox
    archive = Archive(store: sessions)
    work = ChatWork(engine: engine, mailbox: mailbox)
    archive.complain = { text in mailbox.post { .complaint(text) } }
  }

  /// Seconds since the chat began.
  var now: Double { (ContinuousClock.now - start) / .seconds(1) }

  /// Changes the state, and returns what is left to do.
  func handle(_ input: ChatInput) -> [ChatEffect] {
    var input = input
    // A path is taken as it was written where that is a file.
    if case .submit(let line) = input {
      input = .submit(WrittenPath.literal(line) { access(Archive.absolute($0), R_OK) == 0 })
    }
    if case .restored(let conversation) = input, let kept = conversation.kept {
      // What is being answered belongs to the conversation that is left.
      _ = perform(state.stop())
      archive.goOn(with: kept)
    }
    let effects = state.handle(input, now: now)
    switch input {
    case .open(.ready(let description)): archive.use(model: description.name)
    case .picture(let path, .failure): archive.release(path)
    default: break
    }
    return perform(effects)
  }

  /// Does what is the same for screen and lines, in order; returns the rest.
  func perform(_ effects: [ChatEffect]) -> [ChatEffect] { effects.filter { !run($0) } }

  /// Does one thing; false if it is none of those.
  private func run(_ effect: ChatEffect) -> Bool {
    switch effect {
    case .ask(let id, let request): ask(id, request)
    case .stop(let id): work.stop(id)
    case .attach(let path, let adapter):
      if state.replaced != nil { archive.expect(path) }
      work.attach(path, adapter: adapter, isOpen: state.description?.hasVision == true)
    case .prepare(let path, let adapter): work.prepare(path, adapter: adapter)
    case .detach: work.detach()
    case .savePicture(let path, let target, let boxes): work.savePicture(path, to: target, boxes: boxes)
    case .export(let path):
      do throws(InputError) {
        let written = try archive.export(to: path)
        _ = handle(.notice("Wrote \(Archive.spoken(written))."))
      } catch { _ = handle(.complaint(error.description)) }
    case .record(let id, let turn):
      guard let request = work.takeRequest(id) else { break }
      let reason = turn.status == .stopped ? .cancelled : turn.statistics?.stopReason
      archive.append(.turn(StoredTurn(request, answer: turn.answer, stopReason: reason, date: Date())))
    case .newSession: archive.begin()
    case .recordUndo: archive.append(.undo)
    case .recordClear: archive.append(.clear)
    case .recordPicture(let path, let hash): archive.begin(with: path, fingerprint: hash)
    case .recordSettings: archive.remember(settings)
    case .listSessions: listSessions()
    case .openSession(let name): openSession(name)
    default: return false
    }
    return true
  }

  private var settings: SessionRecord {
    .settings(
      adapter: state.adapter, task: state.task, template: state.template, sampling: state.sampling,
      isSeedChosen: state.isSeedChosen)
  }

  private func ask(_ id: Int, _ request: ChatRequest) {
    // Comparisons are no part of the conversation.
    if state.turn(id)?.isComparison == false {
      archive.remember(settings)
      archive.append(.asked(ChatRequest.Turn(task: request.task, question: request.question, answer: "")))
    }
    work.ask(id, request)
  }

  // MARK: kept conversations

  private func listSessions() {
    let (reader, mailbox) = (archive.reader, mailbox)
    Task.detached {
      let sessions = reader.list()
      mailbox.post { .sessions(sessions) }
    }
  }

  private func openSession(_ name: String) {
    let (reader, mailbox) = (archive.reader, mailbox)
    Task.detached {
      do throws(InputError) {
        let conversation = try reader.conversation(name)
        mailbox.post { .restored(conversation) }
      } catch {
        let text = error.description
        mailbox.post { .notRestored(text) }
      }
    }
  }

  /// Brings a conversation back when the chat begins.
  ///
  /// - Parameter chosen: counts more than what the conversation had.
  func resume(_ name: String, _ chosen: ChosenSettings) {
    do throws(InputError) {
      _ = handle(.restored(chosen.changing(try archive.reader.conversation(name))))
    } catch { _ = handle(.complaint(error.description)) }
  }

  /// Ends the chat: what has come of an answer is kept.
  func end() {
    _ = perform(state.stop())
    archive.settle()
  }
}
