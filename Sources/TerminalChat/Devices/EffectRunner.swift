import Diagnostics
import Dialogue
import Foundation

/// Does what the chat's state wants done, as far as screen and lines do it alike.
final class EffectRunner {
  var state: ChatState
  let work: ChatWork
  let archive: Archive
  private let start = ContinuousClock.now

  init(_ state: ChatState, engine: any ChatEngine, mailbox: Mailbox, sessions: SessionStore?) {
    self.state = state
    archive = Archive(store: sessions)
    work = ChatWork(engine: engine, mailbox: mailbox, archive: archive)
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
    let effects = state.handle(input, now: now)
    switch input {
    case .open(.ready(let description)): archive.use(model: description.name)
    case .picture(let path, .success(let facts)) where state.picture?.path == path:
      archive.attach(path, fingerprint: facts.hash)
    case .picture(_, .failure) where state.picture == nil:
      archive.attach(nil, fingerprint: nil)
    default: break
    }
    return perform(effects)
  }

  /// Does what is the same for screen and lines, in order; returns the rest.
  func perform(_ effects: [ChatEffect]) -> [ChatEffect] { effects.filter { !run($0) } }

  /// Does one thing; false if it is none of those.
  private func run(_ effect: ChatEffect) -> Bool {
    switch effect {
    case .ask(let id, let request): work.ask(id, request, isKept: state.turn(id)?.isComparison == false)
    case .stop(let id): work.stop(id)
    case .attach(let path, let adapter):
      work.attach(path, adapter: adapter, isOpen: state.description?.hasVision == true)
    case .prepare(let path, let adapter): work.prepare(path, adapter: adapter)
    case .savePicture(let path, let target, let boxes): work.savePicture(path, to: target, boxes: boxes)
    case .export(let path):
      do throws(InputError) {
        let written = try archive.export(to: path)
        _ = handle(.notice("Wrote \(Archive.spoken(written))."))
      } catch { _ = handle(.complaint(error.description)) }
    case .record(let id): record(id)
    case .newSession: archive.begin()
    case .recordUndo: archive.append(.undo)
    case .recordClear:
      if state.picture == nil { archive.attach(nil, fingerprint: nil) } else { archive.append(.clear) }
    case .recordSettings:
      archive.append(
        .settings(
          adapter: state.adapter, task: state.task, template: state.template, sampling: state.sampling))
    case .listSessions: _ = handle(.sessions(archive.list()))
    case .openSession(let name): resume(name)
    default: return false
    }
    return true
  }

  /// Brings a conversation back; its own effects are run too.
  func resume(_ name: String) {
    do throws(InputError) {
      _ = handle(.restored(try archive.resume(name)))
    } catch { _ = handle(.complaint(error.description)) }
  }

  private func record(_ id: Int) {
    guard let request = work.takeRequest(id), let turn = state.turn(id) else { return }
    let reason = turn.status == .stopped ? .cancelled : turn.statistics?.stopReason
    archive.append(.turn(StoredTurn(request, answer: turn.answer, stopReason: reason, date: Date())))
  }
}
