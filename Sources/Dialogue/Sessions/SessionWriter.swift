import Diagnostics
import Foundation
import Synchronization

/// Writes a conversation as it grows.
public final class SessionWriter: Sendable {
  private struct State {
    var file: SessionFile?
    var id: String?
    /// What is not written yet, as lines.
    var pending: [UInt8] = []
    /// Whether something was asked, so that the conversation is worth a file.
    var isWorthKeeping: Bool
  }

  private let store: SessionStore
  private let created: Date
  private let state: Mutex<State>
  /// Whether this is the copy of a conversation that another process is writing, or that cannot be written.
  public let isCopy: Bool

  init(store: SessionStore, header: StoredSession.Header, replaying records: [SessionRecord]) {
    self.store = store
    created = records.isEmpty ? header.created : Date()
    isCopy = !records.isEmpty
    var lines = Self.line(header)
    for record in records { lines += Self.line(record) }
    state = Mutex(State(pending: lines, isWorthKeeping: false))
  }

  init(store: SessionStore, continuing file: SessionFile, id: String) {
    self.store = store
    created = Date()
    isCopy = false
    state = Mutex(State(file: file, id: id, isWorthKeeping: true))
  }

  /// The conversation's name, once something was written.
  public var id: String? { state.withLock { $0.id } }

  /// Adds what happened.
  ///
  /// - Throws: ``InputError`` if it cannot be written. It is then written with what happens next, if that can be.
  public func append(_ record: SessionRecord) throws(InputError) {
    let line = Self.line(record)
    let result = state.withLock { state in
      Result { () throws(InputError) in
        state.pending += line
        state.isWorthKeeping = state.isWorthKeeping || record.isQuestion
        guard state.isWorthKeeping else { return }
        try write(&state)
      }
    }
    try result.get()
  }

  private func write(_ state: inout State) throws(InputError) {
    if let file = state.file {
      try file.append(state.pending)
    } else {
      let (file, id) = try makeFile()
      do throws(InputError) {
        try file.append(state.pending)
      } catch {
        // What stays would be an empty file, which is no conversation.
        file.remove()
        throw error
      }
      (state.file, state.id) = (file, id)
    }
    state.pending.removeAll(keepingCapacity: true)
  }

  private func makeFile() throws(InputError) -> (SessionFile, String) {
    try SessionFile.makeFolder(store.folder)
    // Two programs that begin in the same second with the same random number: one of them tries again.
    var attempts = 10
    while true {
      let id = SessionStore.newName(created, random: .random(in: 0...UInt32.max))
      do throws(InputError) {
        let file = try SessionFile(path: "\(store.folder)/\(id)\(SessionStore.suffix)", isNew: true)
        _ = file.lock()
        return (file, id)
      } catch {
        attempts -= 1
        if attempts == 0 { throw error }
      }
    }
  }

  private static func line(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .iso8601
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    // Strings, numbers and dates: nothing in a record can fail to be written.
    guard let data = try? encoder.encode(value) else { return [] }
    return Array(data) + [0x0a]
  }
}
