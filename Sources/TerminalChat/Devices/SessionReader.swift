import Diagnostics
import Dialogue
import Foundation

/// Reads the conversations that are kept. These may be many and long, so the main thread waits for them only before there
/// is anything to see.
struct SessionReader: Sendable {
  let store: SessionStore?
  /// The name of the one that is open.
  let current: String?

  /// How many are listed.
  private static let limit = 100

  /// The latest conversations, latest first: their order gives them their numbers.
  func list() -> [SessionLine] {
    (store?.list(limit: Self.limit) ?? []).map {
      let turns = "\($0.turns) \($0.turns == 1 ? "turn" : "turns")"
      let picture = $0.picture.map { CleanText.line($0).shortened(to: 24) } ?? "no picture"
      let isCurrent = $0.id == current
      return SessionLine(
        name: $0.id, date: Self.written($0.date),
        summary: "\(picture)  \($0.title)  (\(turns)\(isCurrent ? ", this one" : ""))", isCurrent: isCurrent)
    }
  }

  /// The names of other conversations, latest first. No file is read for them.
  var names: [String] { (store?.names.prefix(Self.limit) ?? []).filter { $0 != current } }

  /// A conversation to go on with, given by its name or by its number in the list.
  func conversation(_ name: String) throws(InputError) -> StoredConversation {
    guard let store else {
      throw InputError(
        file: "/sessions", expected: "conversations that are kept", found: "history is off",
        remedy: "Leave --no-history out, or write history: true into the settings")
    }
    let name = numbered(name, store) ?? name
    guard name != current else {
      throw InputError(file: "/sessions", expected: "another conversation", found: "the one that is open")
    }
    let (session, writer) = try store.resume(name)
    let turns = Self.turns(of: session)
    let (picture, remark) = Self.look(at: session.picture)
    var remarks: [String] = []
    if writer.isCopy { remarks.append("This conversation cannot be added to; it goes on as a copy.") }
    if session.skippedLines > 0 { remarks.append("\(session.skippedLines) lines of its file could not be read.") }
    if let question = session.unanswered?.question { remarks.append("This question got no answer: \(question)") }
    if let remark { remarks.append(remark) }
    var conversation = StoredConversation(
      name: "the conversation of \(Self.written(session.lastDate))", picture: picture?.path, remarks: remarks,
      turns: turns, contextStart: turns.count - (picture == session.picture ? session.turns.count : 0),
      adapter: session.adapter ?? nil, task: session.task, template: session.template ?? "tinygptv",
      sampling: session.sampling ?? SamplingChoice(), isSeedChosen: session.isSeedChosen)
    conversation.kept = StoredConversation.Kept(
      session: session, writer: writer, beginning: picture == session.picture ? nil : .picture(picture))
    return conversation
  }

  private func numbered(_ name: String, _ store: SessionStore) -> String? {
    guard let number = Int(name), (1...Self.limit).contains(number) else { return nil }
    return store.list(limit: Self.limit).dropFirst(number - 1).first?.id
  }

  /// What became of a picture: nil if it is gone, and what to tell about it.
  private static func look(at picture: StoredPicture?) -> (now: StoredPicture?, remark: String?) {
    guard let picture else { return (nil, nil) }
    do throws(InputError) {
      let now = try PictureFingerprint(path: picture.path).description
      guard let then = picture.fingerprint, now != then else { return (picture, nil) }
      return (
        StoredPicture(path: picture.path, fingerprint: now),
        "\(picture.path) is not the same picture as it was then; the conversation starts anew."
      )
    } catch {
      return (
        nil,
        "The picture is not there any more, so the conversation starts anew without it. \(error.description)"
      )
    }
  }

  private static func turns(of session: StoredSession) -> [ChatTurn] {
    var turns: [ChatTurn] = []
    var picture: String?
    for entry in session.entries {
      switch entry {
      case .picture(let stored): picture = stored?.path
      case .cleared: break
      case .turn(let stored):
        var turn = ChatTurn(
          task: stored.turn.task, question: stored.turn.question, adapter: stored.adapter, picture: picture)
        turn.append(stored.turn.answer)
        turn.end(stored.stopReason == .cancelled ? .stopped : .done)
        turns.append(turn)
      }
    }
    return turns
  }

  /// A time as people write it.
  private static func written(_ date: Date) -> String {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.dateFormat = "yyyy-MM-dd HH:mm"
    return format.string(from: date)
  }
}
