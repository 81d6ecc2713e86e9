import Diagnostics
import Dialogue
import Foundation

/// Keeps the conversation as it grows, and brings earlier ones back.
///
/// What cannot be written is told once; the conversation goes on.
final class Archive {
  private let store: SessionStore?
  private var writer: SessionWriter?
  /// The conversation in memory, for exports, whether it is kept or not.
  private var session: StoredSession
  private var model = ""
  /// What went wrong, to be shown.
  var complain: (String) -> Void = { _ in }
  private var hasComplained = false

  init(store: SessionStore?) {
    self.store = store
    session = StoredSession(model: "")
  }

  /// What happened before the model's name was known, which the first line of a conversation's file tells.
  private var early: [SessionRecord] = []

  /// The model's name, once it is known.
  func use(model: String) {
    self.model = model
    guard writer == nil else { return }
    let records = early
    early = []
    session = StoredSession(model: model)
    for record in records { append(record) }
  }

  /// The picture that is attached and where it was said to the archive.
  private var picture: StoredPicture?

  func begin() {
    writer = nil
    session = StoredSession(model: model)
    picture = nil
  }

  /// Remembers another picture, or none.
  func attach(_ path: String?, fingerprint: String?) {
    let next = path.map { StoredPicture(path: Self.absolute($0), fingerprint: fingerprint) }
    guard next != picture else { return }
    picture = next
    append(.picture(next))
  }

  func append(_ record: SessionRecord) {
    session.apply(record)
    if model.isEmpty, writer == nil {
      early.append(record)
      return
    }
    guard let store else { return }
    if writer == nil { writer = store.begin(model: model) }
    do throws(InputError) {
      try writer?.append(record)
      hasComplained = false
    } catch {
      if !hasComplained { complain(error.description) }
      hasComplained = true
    }
  }

  /// The conversations that are kept, latest first, this one left out.
  func list() -> [SessionLine] {
    (store?.list(limit: 100) ?? []).filter { $0.id != writer?.id }.map {
      let turns = "\($0.turns) \($0.turns == 1 ? "turn" : "turns")"
      let picture = $0.picture.map { CleanText.line($0).shortened(to: 24) } ?? "no picture"
      return SessionLine(name: $0.id, date: Self.written($0.date), summary: "\(picture)  \($0.title)  (\(turns))")
    }
  }

  /// A time as people write it.
  private static func written(_ date: Date) -> String {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.dateFormat = "yyyy-MM-dd HH:mm"
    return format.string(from: date)
  }

  /// The name of the latest conversation.
  var latest: String? { store?.list(limit: 1).first?.id }

  /// Goes on with a conversation, given by its name or by its number in the list.
  func resume(_ name: String) throws(InputError) -> StoredConversation {
    guard let store else {
      throw InputError(
        file: "--session", expected: "conversations that are kept", found: "history is off",
        remedy: "Switch it on: history: true in the settings")
    }
    let name =
      Int(name).flatMap { number in
        (1...100).contains(number) ? list().dropFirst(number - 1).first?.name : nil
      } ?? name
    let (session, writer) = try store.resume(name)
    self.session = session
    self.writer = writer
    picture = session.picture
    var remarks: [String] = []
    if writer.isCopy { remarks.append("This conversation cannot be added to; it goes on as a copy.") }
    if session.skippedLines > 0 { remarks.append("\(session.skippedLines) lines of its file could not be read.") }
    if let question = session.unanswered?.question { remarks.append("This question got no answer: \(question)") }
    let turns = Self.turns(of: session)
    var path = session.picture?.path
    var contextStart = turns.count - session.turns.count
    if let picture = session.picture {
      do throws(InputError) {
        let now = try PictureFingerprint(path: picture.path).description
        if let then = picture.fingerprint, now != then {
          remarks.append("\(picture.path) is not the same picture as it was then; the conversation starts anew.")
          contextStart = turns.count
        }
      } catch {
        remarks.append("The picture is not there any more: \(error.description)")
        path = nil
      }
    }
    var settings = (adapter: session.turns.last?.adapter, template: "tinygptv", sampling: SamplingChoice())
    if let adapter = session.adapter { settings.adapter = adapter }
    if let template = session.template { settings.template = template }
    if let sampling = session.sampling { settings.sampling = sampling }
    return StoredConversation(
      name: "the conversation of \(Self.written(session.lastDate))", picture: path, remarks: remarks, turns: turns,
      contextStart: contextStart,
      adapter: settings.adapter, task: session.task, template: settings.template, sampling: settings.sampling)
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

  /// Writes the conversation to a file, in the form that its name tells; Markdown if it tells none.
  ///
  /// - Parameter path: nil makes a name in the working directory.
  func export(to path: String?) throws(InputError) -> String {
    let format = path.flatMap { StoredSession.ExportFormat(path: $0) } ?? .markdown
    return try session.export(
      to: path.map(Self.absolute), as: format, directory: FileManager.default.currentDirectoryPath)
  }

  /// A path as people say it, with `~` for the home folder.
  static func spoken(_ path: String) -> String {
    let home = expandingHome("~")
    let path = absolute(path)
    return home.count > 1 && path.hasPrefix(home + "/") ? "~" + path.dropFirst(home.count) : path
  }

  /// A path with the home folder of the environment in place of `~`, as shells have it.
  static func expandingHome(_ path: String) -> String {
    guard path == "~" || path.hasPrefix("~/") else { return path }
    return (ProcessInfo.processInfo.environment["HOME"] ?? NSHomeDirectory()) + path.dropFirst()
  }

  /// A path that stays right in another folder, with the home folder in place of `~`.
  static func absolute(_ path: String) -> String {
    let expanded = expandingHome(path)
    guard !expanded.hasPrefix("/") else { return expanded }
    return FileManager.default.currentDirectoryPath + "/" + expanded
  }
}
