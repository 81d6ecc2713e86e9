import Diagnostics
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Dialogue

/// Conversations as they are kept.
struct SessionTests {
  private let date = Date(timeIntervalSince1970: 1_700_000_000)

  private func turn(_ question: String, _ answer: String = "an answer", minutes: Double = 0) -> StoredTurn {
    StoredTurn(
      turn: .init(task: .vqa, question: question, answer: answer), adapter: "one",
      sampling: SamplingChoice(temperature: 0.6, seed: 3), stopReason: .stop,
      date: date.addingTimeInterval(minutes * 60))
  }

  private func store(_ folder: URL) -> SessionStore {
    SessionStore(folder: folder.appendingPathComponent("a/b/sessions").path)
  }

  private func file(_ store: SessionStore, _ id: String?) throws -> URL {
    URL(fileURLWithPath: "\(store.folder)/\(try #require(id)).jsonl")
  }

  @Test func whatHappenedIsThereAgain() throws {
    try withTemporaryFolder { folder in
      let store = store(folder)
      let writer = store.begin(model: "m", date: date)
      let picture = StoredPicture(path: "/p/ü \"q\".png", fingerprint: "12-ab")
      try writer.append(.picture(picture))
      try writer.append(.settings(adapter: "one", task: .vqa, template: "phi", sampling: SamplingChoice()))
      // Nothing was asked: nothing is kept.
      #expect(writer.id == nil && store.list().isEmpty)
      var memory = StoredSession(model: "m", created: date)
      memory.apply(.picture(picture))
      let records: [SessionRecord] = [
        .asked(.init(task: .vqa, question: "one", answer: "")),
        .turn(turn("one", "é <p>a</p> {<1><2><3><4>}\n\u{1f600}")),
        .turn(turn("two")), .undo, .turn(turn("three")), .clear, .turn(turn("four")),
        .picture(nil), .turn(turn("five", minutes: 5)), .turn(turn("six", minutes: 6)),
        .settings(adapter: nil, task: .refer, template: "phi", sampling: SamplingChoice(temperature: 1)),
        .asked(.init(task: nil, question: "seven", answer: "")),
      ]
      for record in records {
        try writer.append(record)
        memory.apply(record)
      }
      let session = try store.session(try #require(writer.id))
      #expect(session.entries == memory.entries)
      #expect(session.entries.count == 8)
      #expect(session.turns.map(\.turn.question) == ["five", "six"])
      #expect(session.picture == nil)
      #expect(session.turnCount == 5)
      #expect(session.title == "one")
      #expect(session.model == "m" && session.created == date)
      #expect(session.unanswered?.question == "seven")
      #expect(session.adapter == .some(nil) && session.task == .refer && session.template == "phi")
      #expect(session.sampling?.temperature == 1)
      #expect(session.skippedLines == 0)
      #expect(
        store.list() == [.init(id: session.id, title: "one", date: date.addingTimeInterval(360), turns: 5)])
    }
  }

  /// The option takes a number of the list, so that is what its error names first.
  @Test func unknownNamesGetTheNumbers() throws {
    try withTemporaryFolder { folder in
      let store = store(folder)
      func expected() -> String? {
        let error = #expect(throws: InputError.self) { try store.session("99") }
        return error?.expected
      }
      #expect(expected() == "one that was kept")
      for question in ["one", "two"] { try store.begin(model: "m", date: date).append(.turn(turn(question))) }
      #expect(expected()?.hasPrefix("a number in the list of /sessions, or a name such as ") == true)
    }
  }

  @Test func listsNameThePicture() throws {
    try withTemporaryFolder { folder in
      let store = store(folder)
      let writer = store.begin(model: "m", date: date)
      try writer.append(.picture(StoredPicture(path: "/a/b\u{1b}.png", fingerprint: nil)))
      try writer.append(.turn(turn("one")))
      #expect(store.list().map(\.picture) == ["b\\u{1b}.png"])
    }
  }

  /// A task in front of one question is none for the next conversation.
  @Test func questionsChooseNoTask() {
    var session = StoredSession(model: "m")
    session.apply(.turn(turn("one")))
    #expect(session.task == nil)
    session.apply(.settings(adapter: nil, task: .refer, template: "phi", sampling: SamplingChoice()))
    session.apply(.turn(turn("two")))
    #expect(session.task == .refer)
  }

  @Test func aTornLastLineCostsNothingElse() throws {
    try withTemporaryFolder { folder in
      let store = store(folder)
      var id: String?
      do {
        let writer = store.begin(model: "m", date: date)
        try writer.append(.turn(turn("one")))
        try writer.append(.turn(turn("two")))
        id = writer.id
      }
      let file = try file(store, id)
      let whole = try Data(contentsOf: file)
      let start = try #require(whole.dropLast().lastIndex(of: 0x0a)) + 1
      // Cut anywhere in the last line.
      for end in stride(from: start, to: whole.count - 1, by: 7) {
        try whole[..<end].write(to: file)
        #expect(try store.session(try #require(id)).turns.map(\.turn.question) == ["one"])
      }
      let cut = whole.dropLast(20)
      try cut.write(to: file)
      let (session, writer) = try store.resume(try #require(id))
      #expect(session.skippedLines == 1 && !writer.isCopy)
      try writer.append(.turn(turn("three")))
      let again = try store.session(session.id)
      #expect(again.turns.map(\.turn.question) == ["one", "three"])
      #expect(again.skippedLines == 1)
    }
  }

  @Test func aSecondProcessGoesOnInACopy() throws {
    try withTemporaryFolder { folder in
      let store = store(folder)
      let first = store.begin(model: "m", date: date)
      try first.append(.picture(StoredPicture(path: "/p.png", fingerprint: nil)))
      try first.append(.turn(turn("one")))
      let id = try #require(first.id)
      let (session, second) = try store.resume(id)
      #expect(second.isCopy && session.turnCount == 1)
      // Nothing is copied before something is said.
      #expect(second.id == nil)
      try second.append(.turn(turn("mine")))
      try first.append(.turn(turn("theirs")))
      #expect(try store.session(id).turns.map(\.turn.question) == ["one", "theirs"])
      let copy = try store.session(try #require(second.id))
      #expect(copy.id != id && copy.turns.map(\.turn.question) == ["one", "mine"])
      #expect(copy.picture?.path == "/p.png")
      #expect(store.list().count == 2)
    }
  }

  @Test func manyBeginAndWriteAtOnce() throws {
    try withTemporaryFolder { folder in
      let store = store(folder)
      let failures = Mutex([String]())
      DispatchQueue.concurrentPerform(iterations: 16) { index in
        do {
          let writer = store.begin(model: "m", date: date)
          for number in 0..<20 { try writer.append(.turn(turn("\(index)", "\(number)"))) }
        } catch { failures.withLock { $0.append("\(error)") } }
      }
      #expect(failures.withLock { $0 }.isEmpty)
      let list = store.list()
      #expect(list.count == 16 && list.allSatisfy { $0.turns == 20 })
      #expect(Set(list.map(\.title)) == Set((0..<16).map { "\($0)" }))
    }
  }

  @Test func theNewestComeFirst() throws {
    try withTemporaryFolder { folder in
      let store = store(folder)
      for (index, minutes) in [3.0, 9, 6].enumerated() {
        try store.begin(model: "m", date: date).append(.turn(turn("q\(index)", minutes: minutes)))
      }
      #expect(store.list().map(\.title) == ["q1", "q2", "q0"])
      // What is no conversation is not listed.
      try Data("{}\n".utf8).write(to: URL(fileURLWithPath: store.folder + "/other.jsonl"))
      try Data("x".utf8).write(to: URL(fileURLWithPath: store.folder + "/.hidden.jsonl"))
      try FileManager.default.createDirectory(atPath: store.folder + "/folder.jsonl", withIntermediateDirectories: true)
      #expect(store.list().count == 3)
    }
  }

  /// Files that are broken do not take the place of those that are not.
  @Test func brokenFilesCountForNothing() throws {
    try withTemporaryFolder { folder in
      let store = store(folder)
      let writer = store.begin(model: "m", date: date)
      try writer.append(.turn(turn("one")))
      let ids = ["30000101-000000-000000", "30000101-000000-000001"]
      for (id, text) in zip(ids, ["", "{\"tinygptv_session\":1,"]) {
        try Data(text.utf8).write(to: try file(store, id))
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSinceNow: 60)], ofItemAtPath: try file(store, id).path)
      }
      #expect(Array(store.names.prefix(2)) == ids.reversed())
      #expect(store.list(limit: 1).map(\.id) == [try #require(writer.id)])
    }
  }

  /// What was chosen while an answer came counts more than what that was asked with.
  @Test func settingsOutliveTheAnswerThatCame() {
    var session = StoredSession(model: "m")
    session.apply(.turn(turn("one")))
    #expect(session.adapter == "one" && session.sampling?.seed == 3 && !session.isSeedChosen)
    session.apply(
      .settings(
        adapter: "two", task: nil, template: "phi", sampling: SamplingChoice(seed: 9), isSeedChosen: true))
    session.apply(.turn(turn("two")))
    #expect(session.adapter == "two" && session.sampling?.seed == 9 && session.isSeedChosen)
    #expect(session.template == "phi")
  }

  /// Files that were written before seeds were told to be chosen.
  @Test func settingsWithoutThatOfTheSeedAreRead() throws {
    let data = try JSONEncoder().encode(
      SessionRecord.settings(adapter: "a", task: .vqa, template: "t", sampling: SamplingChoice(), isSeedChosen: true))
    var object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let removed = object.removeValue(forKey: "isSeedChosen")
    #expect(removed as? Bool == true)
    let old = try JSONDecoder().decode(SessionRecord.self, from: JSONSerialization.data(withJSONObject: object))
    #expect(old == .settings(adapter: "a", task: .vqa, template: "t", sampling: SamplingChoice()))
  }

  @Test func whatCannotBeWrittenIsToldAndWrittenLater() throws {
    try withTemporaryFolder { folder in
      // A file stands where the folder should be; it works for root too, unlike permissions.
      let blocked = folder.appendingPathComponent("blocked").path
      try Data().write(to: URL(fileURLWithPath: blocked))
      let store = SessionStore(folder: blocked + "/sessions")
      let writer = store.begin(model: "m", date: date)
      for question in ["one", "two"] {
        let error = #expect(throws: InputError.self) { try writer.append(.turn(turn(question))) }
        #expect(error?.file.contains("blocked") == true && error?.remedy != nil)
      }
      #expect(store.list().isEmpty)
      try FileManager.default.removeItem(atPath: blocked)
      try writer.append(.turn(turn("three")))
      #expect(try store.session(try #require(writer.id)).turns.map(\.turn.question) == ["one", "two", "three"])
    }
  }

  @Test func aFullDiskIsTold() async {
    await #expect(processExitsWith: .success) {
      try withTemporaryFolder { folder in
        let tests = SessionTests()
        let writer = tests.store(folder).begin(model: "m", date: tests.date)
        try limitFileSize(20)
        let error = try #require(throws: InputError.self) { try writer.append(.turn(tests.turn("one"))) }
        try #require(error.remedy?.contains("Make room on the disk") == true)
        // Nothing stays that looks like a conversation.
        try #require(writer.id == nil && tests.store(folder).names.isEmpty)
      }
    }
  }

  @Test func devicesAreNoConversations() {
    // Not a regular file: a conversation is not kept in a device.
    #expect(throws: InputError.self) { try SessionFile(path: "/dev/full", isNew: false) }
  }

  @Test(arguments: ["../x", "a/b", "", ".", ".x", "x\u{0}", "ä", String(repeating: "a", count: 65), "nowhere"])
  func namesAreNoPaths(_ id: String) throws {
    try withTemporaryFolder { folder in
      let store = store(folder)
      try store.begin(model: "m").append(.turn(turn("one")))
      try Data("{\"tinygptv_session\":1,\"created\":\"2026-01-01T00:00:00Z\",\"model\":\"m\"}".utf8).write(
        to: URL(fileURLWithPath: store.folder + "/../x.jsonl"))
      #expect(throws: InputError.self) { try store.session(id) }
      #expect(throws: InputError.self) { try store.resume(id) }
    }
  }

  @Test func namesTellWhenAConversationBegan() {
    #expect(SessionStore.newName(date, random: 7) == "20231114-221320-000007")
    #expect(SessionStore.isName(SessionStore.newName(date, random: .max)))
  }

  @Test func titlesAreOneLine() {
    func title(_ question: String) -> String {
      var session = StoredSession(model: "m", created: date)
      session.apply(.turn(turn(question)))
      return session.title
    }
    #expect(title(" what\n is\tit? ") == "what is it?")
    #expect(title(String(repeating: "long ", count: 50)).count == 60)
    #expect(title("a\u{1b}[2J") == "a\\u{1b}[2J")
    #expect(title("") == "[vqa]")
    var session = StoredSession(model: "m", created: date)
    #expect(session.title == "(empty)")
    session.apply(.picture(StoredPicture(path: "/a/b.png", fingerprint: nil)))
    #expect(session.title == "b.png")
  }
}
