import Foundation
import TestSupport
import Testing

@testable import TerminalChat

/// Keys as settings name them.
@Suite struct KeyBindingsTests {
  @Test(arguments: [
    ("F3", "F3"), ("f12", "F12"), ("Esc", "Escape"), ("escape", "Escape"), ("Ctrl-[", "Escape"), ("PgUp", "PageUp"),
    ("Page-Down", "PageDown"), ("del", "Delete"), ("Ctrl-T", "C-t"), ("ctrl+t", "C-t"), ("C-t", "C-t"),
    ("Control-]", "C-]"), ("Ctrl-Space", "C-Space"), ("Ctrl-I", "Tab"), ("Alt-x", "M-x"), ("Alt-X", "M-x"),
    ("Alt-Shift-x", "M-X"), ("Meta-?", "M-?"), ("Alt-+", "M-+"), ("Alt--", "M--"), ("Shift-Tab", "S-Tab"),
    ("BackTab", "S-Tab"), ("Alt-Enter", "M-Enter"), ("Alt-Return", "M-Enter"), ("Shift-F5", "S-F5"),
    ("Shift-Ctrl-Home", "C-S-Home"), ("M-Up", "M-Up"),
  ])
  func namesAreRead(text: String, key: String) {
    #expect(KeyName.reading(text) == key)
  }

  @Test(arguments: [
    "x", "?", "é", " ", "Enter", "Return", "Backspace", "Space", "Ctrl-M", "Ctrl-H", "Ctrl-1", "Ctrl-Shift-T",
    "Shift-x",
    "Alt-[", "F0", "F13", "Fn1", "Hyper-x", "Ctrl-", "-", "", "Ctrl-Esc", "\u{1b}", "Alt-\u{7}",
  ])
  func whatIsNoKeyIsRefused(text: String) {
    #expect(KeyName.reading(text) == nil)
  }

  /// What a decoder calls a key is the name of that key.
  @Test func allStandardNamesAreNames() {
    for (key, _) in KeyBindings.standard {
      #expect(KeyName.reading(key) == key && KeyName.reading(HelpText.spelled(key)) == key, "\(key)")
    }
  }

  /// The table of docs/SETTINGS.md has all actions, each with the keys that it has here.
  @Test func theManualHasEveryActionAndItsKeys() throws {
    let manual = try String(
      contentsOf: Fixtures.directory.appendingPathComponent("../../docs/SETTINGS.md"), encoding: .utf8)
    var keys: [String: Set<String>] = [:]
    for line in manual.components(separatedBy: "\n") where line.hasPrefix("| `") {
      let cells = line.components(separatedBy: " | ")
      let actions = cells[0].components(separatedBy: "`").filter { $0.contains(/^[a-z-]+$/) }
      let names = cells[1].components(separatedBy: ", ").map { KeyName.reading($0) ?? $0 }
      // Two actions in a row have a key each.
      for (index, action) in actions.enumerated() {
        keys[action] = actions.count == 1 ? Set(names) : [names[min(index, names.count - 1)]]
      }
    }
    let bound = Dictionary(grouping: KeyBindings.standard, by: \.action.rawValue).mapValues { Set($0.map(\.key)) }
    #expect(keys == bound)
    #expect(Set(bound.keys) == Set(ChatAction.allCases.map(\.rawValue)))
  }

  @Test func settingsCountAsPeopleSpellThem() {
    let (bindings, problems) = KeyBindings.read(["next-adapter": "Ctrl-T", "stop": "esc", "tasks": "M-t"], file: "c")
    #expect(problems.isEmpty, "\(problems)")
    #expect(bindings.action(of: "C-t") == .nextAdapter && bindings.action(of: "F4") == nil)
    #expect(bindings.action(of: "Escape") == .stop && bindings.action(of: "M-t") == .tasks)
    #expect(bindings.action(of: "F1") == .help)
  }

  @Test(arguments: [
    ("help", "Fn1", "F1"), ("stop", "Escpae", "Esc"), ("zoom", "Ctrl-PageUpp", "Ctrl-PageUp"), ("help", "x", nil),
  ])
  func unknownKeysAreToldAndChangeNothing(action: String, text: String, nearest: String?) throws {
    let (bindings, problems) = KeyBindings.read([action: text], file: "config.yaml")
    let problem = try #require(problems.first)
    #expect(problems.count == 1 && bindings == KeyBindings())
    #expect(problem.file == "config.yaml" && problem.field == "keys.\(action)" && problem.found == "\"\(text)\"")
    #expect(problem.remedy == nearest.map { "The nearest is \($0)" })
  }

  @Test func collisionsAreTold() {
    // The only key of another action.
    var (bindings, problems) = KeyBindings.read(["next-adapter": "F3"], file: "c")
    #expect(bindings.action(of: "F3") == .nextAdapter)
    #expect(
      problems.map(\.description) == [
        "c: keys.next-adapter: expected a key that nothing else needs, found F3, the only key of adapters. "
          + "Give adapters another key"
      ])
    // It got another one; or it had two.
    #expect(KeyBindings.read(["next-adapter": "F3", "adapters": "F12"], file: "c").problems.isEmpty)
    #expect(KeyBindings.read(["help": "M-z"], file: "c").problems.isEmpty)
    // One key for two: the first has it, the other keeps its own.
    (bindings, problems) = KeyBindings.read(["tasks": "Alt-t", "help": "M-T"], file: "c")
    #expect(bindings.action(of: "M-t") == .help && bindings.action(of: "F2") == .tasks)
    #expect(problems.map(\.field) == ["keys.tasks"] && problems.first?.found == "Alt-t, which help has")
  }

  @Test func withoutAKeyTheCommandDoesIt() {
    var chat = Harness(columns: 100, rows: 30)
    chat.state.bindings = KeyBindings.read(["help": "F7", "stop": "Alt-z", "tasks": "Escape"], file: "c").bindings
    #expect(chat.state.bindings.key(of: .zoom).isEmpty && chat.state.named(.zoom) == "/zoom")
    chat.attach(width: 640, height: 480)
    chat.ask("/zoom")
    #expect(chat.state.pictureMode == .zoomed)
    chat.press("F7")
    #expect(chat.text.contains("any other key closes") && !chat.text.contains("whole screen"))
    chat.press("x", "Escape")
    #expect(chat.state.overlay != nil)
    chat.press("M-z")
    chat.ask("what?")
    #expect(chat.text.contains("Alt-z stops"))
  }
}
