import Diagnostics
import Foundation

/// The conversations of a user: a folder with a file of JSON lines for each.
///
/// A file grows at its end and is never rewritten, so that a crash loses at most the answer that was being made. The lines
/// are a header, then a ``SessionRecord`` each. A line that cannot be read is skipped and counted.
public struct SessionStore: Sendable {
  /// What a list shows of a conversation.
  public struct Summary: Sendable, Equatable {
    /// Names it for ``SessionStore/session(_:)``.
    public var id: String
    /// See ``StoredSession/title``.
    public var title: String
    /// When something was said last.
    public var date: Date
    /// How many questions were answered.
    public var turns: Int
    /// The file name of the picture that it is about; nil: none.
    public var picture: String?
  }

  /// The folder.
  public let folder: String
  /// Files that are larger are no conversations.
  static let maximumBytes = 64 << 20

  /// A store in a folder, which need not be there yet.
  public init(folder: String) { self.folder = folder }

  /// The names of the conversations, those that changed last first. The files are not looked into.
  public var names: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let files = names.compactMap { name -> (id: String, changed: Date)? in
      guard name.hasSuffix(Self.suffix) else { return nil }
      let id = String(name.dropLast(Self.suffix.count))
      guard Self.isName(id), let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
      else { return nil }
      return (id, attributes[.modificationDate] as? Date ?? .distantPast)
    }
    return files.sorted { ($0.changed, $0.id) > ($1.changed, $1.id) }.map(\.id)
  }

  /// The conversations, newest first. Files that cannot be read are left out, and count for nothing.
  ///
  /// - Parameter limit: how many are listed at most.
  public func list(limit: Int = 200) -> [Summary] {
    var summaries: [Summary] = []
    for id in names {
      guard summaries.count < limit else { break }
      if let session = try? session(id) { summaries.append(Summary(session)) }
    }
    return summaries.sorted { ($0.date, $0.id) > ($1.date, $1.id) }
  }

  /// A conversation.
  ///
  /// - Throws: ``InputError`` if there is none of this name, or its file is no conversation.
  public func session(_ id: String) throws(InputError) -> StoredSession {
    let path = try path(of: id)
    let bytes = try Self.read(path)
    var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: true)[...]
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let first = lines.popFirst(),
      let header = try? decoder.decode(StoredSession.Header.self, from: Data(first)), header.tinygptvSession == 1
    else {
      throw InputError(
        file: path, expected: "a conversation's file of format 1", found: "another file",
        remedy: "Delete it, or begin a new conversation.")
    }
    var session = StoredSession(id: id, header: header)
    for line in lines {
      if let record = try? decoder.decode(SessionRecord.self, from: Data(line)) {
        session.apply(record)
      } else {
        session.skippedLines += 1
      }
    }
    return session
  }

  /// Begins a conversation. Nothing is written before something is asked.
  public func begin(model: String, date: Date = Date()) -> SessionWriter {
    SessionWriter(store: self, header: StoredSession.Header(created: date, model: model), replaying: [])
  }

  /// Goes on with a conversation.
  ///
  /// If another process is writing it, the rest goes into a new conversation that begins with what there is, and
  /// ``SessionWriter/isCopy`` tells.
  ///
  /// - Throws: ``InputError`` if there is none of this name, or its file is no conversation.
  public func resume(_ id: String) throws(InputError) -> (session: StoredSession, writer: SessionWriter) {
    let path = try path(of: id)
    // Locked before it is read, so that nothing comes between.
    let file: SessionFile?
    do throws(InputError) {
      let opened = try SessionFile(path: path, isNew: false)
      file = opened.lock() ? opened : nil
    } catch {
      // It may be readable still.
      file = nil
    }
    let session = try self.session(id)
    if let file { return (session, SessionWriter(store: self, continuing: file, id: id)) }
    let header = StoredSession.Header(created: session.created, model: session.model)
    return (session, SessionWriter(store: self, header: header, replaying: session.records))
  }

  // MARK: Names

  static let suffix = ".jsonl"

  /// Whether this may be a conversation's name: no path, nothing hidden.
  static func isName(_ id: String) -> Bool {
    !id.isEmpty && id.utf8.count <= 64
      && id.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x2d
      }
  }

  func path(of id: String) throws(InputError) -> String {
    guard Self.isName(id), FileManager.default.fileExists(atPath: "\(folder)/\(id)\(Self.suffix)") else {
      let latest = list(limit: 1).first?.id
      throw InputError(
        file: folder, field: "conversation",
        expected: latest.map { "a number in the list of /sessions, or a name such as \($0)" } ?? "one that was kept",
        found: id, remedy: "/sessions lists them in a chat.")
    }
    return "\(folder)/\(id)\(Self.suffix)"
  }

  /// A name for a conversation that was begun at this time, such as `20260131-142501-x7k2`.
  static func newName(_ date: Date, random: UInt32) -> String {
    let parts = Calendar(identifier: .gregorian).dateComponents(
      in: TimeZone(secondsFromGMT: 0) ?? .current, from: date)
    func digits(_ value: Int?, _ count: Int) -> String {
      let text = String(max(value ?? 0, 0))
      return String(repeating: "0", count: max(count - text.count, 0)) + text
    }
    let day = digits(parts.year, 4) + digits(parts.month, 2) + digits(parts.day, 2)
    let time = digits(parts.hour, 2) + digits(parts.minute, 2) + digits(parts.second, 2)
    return "\(day)-\(time)-\(digits(Int(random % 1_000_000), 6))"
  }

  private static func read(_ path: String) throws(InputError) -> [UInt8] {
    let handle: FileHandle
    let bytes: Data
    do {
      handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      bytes = try handle.read(upToCount: maximumBytes + 1) ?? Data()
    } catch {
      throw InputError(file: path, expected: "a readable file", found: "\(error.localizedDescription)")
    }
    guard bytes.count <= maximumBytes else {
      throw InputError(file: path, expected: "a conversation of at most \(maximumBytes) bytes", found: "more")
    }
    return Array(bytes)
  }
}

extension SessionStore.Summary {
  init(_ session: StoredSession) {
    id = session.id
    title = session.title
    date = session.lastDate
    turns = session.turnCount
    picture = session.picture.flatMap { $0.path.split(separator: "/").last }.map {
      String($0).escapingControlCharacters(limit: 200)
    }
  }
}

extension StoredSession {
  /// What would have to happen for the conversation to be as it is.
  var records: [SessionRecord] {
    var records = entries.map { entry -> SessionRecord in
      switch entry {
      case .picture(let picture): .picture(picture)
      case .turn(let turn): .turn(turn)
      case .cleared: .clear
      }
    }
    if let adapter, let template, let sampling {
      records.append(
        .settings(
          adapter: adapter, task: task, template: template, sampling: sampling, isSeedChosen: isSeedChosen))
    }
    return records
  }
}
