import Diagnostics
import Dialogue
import Foundation

/// Keeps the conversation as it grows.
///
/// What cannot be written is told once; the conversation goes on.
final class Archive {
  private let store: SessionStore?
  private var writer: SessionWriter?
  /// The conversation in memory, for exports, whether it is kept or not.
  private(set) var session = StoredSession(model: "")
  private var model: String?
  /// The picture that the conversation is about.
  private var picture: StoredPicture?
  /// The settings that were told last.
  private var settings: SessionRecord?
  /// Written in front of the next question only, so that a conversation that is merely looked at stays as it is: what
  /// became of its picture since then.
  private var beginning: SessionRecord?
  /// What waits for the model's name, which the first line of a conversation's file tells, or for the picture.
  private var waiting: [SessionRecord] = []
  /// The picture that is being read, and how much was waiting when it was attached: what follows is about it.
  private var expected: (path: String, place: Int)?
  /// What went wrong, to be shown.
  var complain: (String) -> Void = { _ in }
  private var hasComplained = false

  init(store: SessionStore?) { self.store = store }

  /// Reads what is kept.
  var reader: SessionReader { SessionReader(store: store, current: writer?.id) }

  /// The model's name, once it is known.
  func use(model: String) {
    self.model = model
    if writer == nil { session = StoredSession(model: model) }
    writeWaiting()
  }

  // MARK: which conversation

  /// Begins another conversation.
  func begin() { become(StoredSession(model: model ?? "")) }

  /// Goes on with a conversation.
  func goOn(with kept: StoredConversation.Kept) {
    become(kept.session)
    writer = kept.writer
    picture = kept.session.picture
    beginning = kept.beginning
  }

  private func become(_ session: StoredSession) {
    settle()
    self.session = session
    writer = nil
    picture = nil
    settings = nil
    beginning = nil
    waiting = []
  }

  // MARK: what happens in it

  /// Writes what happened.
  func append(_ record: SessionRecord) {
    waiting.append(record)
    writeWaiting()
  }

  /// Writes what the next question is asked with, unless that is told already.
  func remember(_ settings: SessionRecord) {
    guard settings != self.settings else { return }
    self.settings = settings
    append(settings)
  }

  /// Waits for a picture that is being read: the conversation starts anew only if it is one.
  func expect(_ path: String) {
    settle()
    expected = (Self.absolute(path), waiting.count)
  }

  /// The picture that is expected is none.
  func release(_ path: String) {
    guard expected?.path == Self.absolute(path) else { return }
    expected = nil
    writeWaiting()
  }

  /// The conversation starts anew with a picture, or without one.
  func begin(with path: String?, fingerprint: String?) {
    let next = path.map { StoredPicture(path: Self.absolute($0), fingerprint: fingerprint) }
    if next == nil || expected?.path != next?.path { settle() }
    waiting.insert(next == picture ? .clear : .picture(next), at: expected?.place ?? waiting.count)
    expected = nil
    picture = next
    beginning = nil
    writeWaiting()
  }

  /// Waits no longer for a picture. If something was said about it, it is one.
  func settle() {
    guard let expected else { return }
    let isSpokenOf = waiting[expected.place...].contains { if case .turn = $0 { true } else { false } }
    if isSpokenOf {
      picture = StoredPicture(path: expected.path, fingerprint: nil)
      waiting.insert(.picture(picture), at: expected.place)
    }
    self.expected = nil
    writeWaiting()
  }

  private func writeWaiting() {
    guard expected == nil, model != nil || writer != nil else { return }
    let records = waiting
    waiting = []
    for record in records { write(record) }
  }

  private func write(_ record: SessionRecord) {
    if record.isQuestion, let first = beginning {
      beginning = nil
      if case .picture(let now) = first { picture = now }
      write(first)
    }
    session.apply(record)
    guard let store else { return }
    if writer == nil { writer = store.begin(model: model ?? "") }
    do throws(InputError) {
      try writer?.append(record)
      hasComplained = false
    } catch {
      if !hasComplained { complain(error.description) }
      hasComplained = true
    }
  }

  // MARK: files

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
