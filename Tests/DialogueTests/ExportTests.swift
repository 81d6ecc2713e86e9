import Diagnostics
import Foundation
import ModelFiles
import TestSupport
import Testing

@testable import Dialogue

/// Conversations as others read them.
struct ExportTests {
  private var session: StoredSession {
    var session = StoredSession(id: "x", model: "tiny", created: Date(timeIntervalSince1970: 1_700_000_000))
    session.apply(.picture(StoredPicture(path: "/p/a`b.png", fingerprint: "1-2")))
    session.apply(
      .turn(
        StoredTurn(
          turn: .init(task: .refer, question: "# the *dog*", answer: "<p>a dog</p> {<10><20><30><40>} <b>"),
          adapter: "one", stopReason: .cancelled, date: Date(timeIntervalSince1970: 1_700_000_060))))
    session.apply(.clear)
    session.apply(
      .turn(
        StoredTurn(
          turn: .init(question: "why?", answer: ""), adapter: nil, stopReason: .stop,
          date: Date(timeIntervalSince1970: 1_700_000_120))))
    return session
  }

  @Test func markdownShowsTextAndBoxes() {
    #expect(
      session.exported(as: .markdown) == """
        # \\# the \\*dog\\*

        Model: tiny, 2023-11-14T22:13:20Z

        Picture: `` /p/a`b.png ``

        ## \\# the \\*dog\\* `[refer]`

        a dog\\[1\\] \\<b\\>

        - \\[1\\] a dog: left 10 %, top 20 %, right 30 %, bottom 40 %

        *adapter one, stopped, 2023-11-14T22:14:20Z*

        ---

        ## why?

        *(no text)*

        *adapter none, 2023-11-14T22:15:20Z*

        """)
  }

  private func answer(_ task: VisionTask?, _ question: String, _ answer: String) -> String {
    var session = StoredSession(model: "tiny")
    session.apply(
      .turn(StoredTurn(turn: .init(task: task, question: question, answer: answer), adapter: nil, date: Date())))
    return session.exported(as: .markdown)
  }

  /// Boxes without a phrase are called what was asked for, as on the screen.
  @Test func boxesThatStandAloneAreNamed() {
    let found = answer(.refer, "the cat ", "{<10><20><30><40>}")
    #expect(found.contains("\n\nthe cat\\[1\\]\n\n- \\[1\\] the cat: left 10 %") && !found.contains("no text"))
    let bare = answer(nil, "where?", "{<10><20><30><40>}")
    #expect(bare.contains("\n\nbox 1\n\n- \\[1\\] a box: left 10 %"))
  }

  /// A phrase of several boxes has one number, and the next phrase the next one.
  @Test func numbersAreThoseOfTheScreen() {
    let boxes = (0..<5).map { "{<\($0)><0><9><9>}" }.joined(separator: "<delim>")
    let text = answer(.grounding, "", "<p>birds</p>\(boxes) and <p>a cat</p>{<1><2><3><4>}")
    #expect(text.contains("birds\\[1\\] and a cat\\[2\\]"))
    #expect(text.components(separatedBy: "\n- \\[1\\] birds: ").count == 6)
    #expect(text.contains("\n- \\[2\\] a cat: left 1 %") && !text.contains("\n1. "))
  }

  @Test func jsonHasMarkupAndBoxes() throws {
    let json = try JSONValue.parse(bytes: Array(session.exported(as: .json).utf8), file: "export")
    #expect(json["model"]?.string == "tiny")
    let entries = try #require(json["entries"]?.array)
    #expect(entries.map { $0["kind"]?.string } == ["picture", "turn", "cleared", "turn"])
    #expect(entries[1]["answer"]?.string == "<p>a dog</p> {<10><20><30><40>} <b>")
    #expect(entries[1]["text"]?.string == "a dog <b>")
    let phrase = try #require(entries[1]["phrases"]?.array?.first)
    #expect(phrase["text"]?.string == "a dog" && phrase["boxes"]?.array?.first?["x1"]?.integer == 30)
    #expect(entries[1]["stop_reason"]?.string == "cancelled")
    #expect(entries[0]["picture"]?["fingerprint"]?.string == "1-2")
  }

  @Test func filesAreNamedSafelyAndNotReplaced() throws {
    try withTemporaryFolder { folder in
      let first = try session.export(to: nil, as: .markdown, directory: folder.path)
      let second = try session.export(to: nil, as: .markdown, directory: folder.path)
      #expect(first == folder.path + "/the-dog.md" && second == folder.path + "/the-dog-2.md")
      #expect(try String(contentsOfFile: first, encoding: .utf8) == session.exported(as: .markdown))
      let error = #expect(throws: InputError.self) { try session.export(to: first, as: .json) }
      #expect(error?.file == first)
      #expect(try session.export(to: first, as: .json, overwriting: true) == first)
      #expect(throws: InputError.self) { try session.export(to: folder.path + "/no/a.md", as: .markdown) }
    }
    #expect(StoredSession.safeName("../../etc/passwd\u{0}\n") == "etc-passwd")
    #expect(StoredSession.safeName("¿Qué es?") == "qué-es")
    #expect(StoredSession.safeName("日本é") == "日本é")
    #expect(StoredSession.safeName(String(repeating: "日", count: 100)).utf8.count == 60)
    #expect(StoredSession.safeName("…") == "conversation")
    #expect(StoredSession.ExportFormat(path: "A.JSON") == .json && StoredSession.ExportFormat(path: "a.txt") == nil)
  }
}
