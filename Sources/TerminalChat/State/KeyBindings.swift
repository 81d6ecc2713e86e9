import Diagnostics

/// What a key can do besides editing the line.
public enum ChatAction: String, Sendable, CaseIterable {
  case help, nextTask = "next-task", tasks, adapters, nextAdapter = "next-adapter", markup, hide, zoom
  case olderBoxes = "older-boxes", newerBoxes = "newer-boxes", savePicture = "save-picture", region, editor
  case sessions, pageUp = "page-up", pageDown = "page-down", top, bottom, newline, suspend, redraw, interrupt
  case stop

  /// One line for the help screen; nil for what need not be told.
  var help: String? {
    switch self {
    case .help: "this help"
    case .nextTask: "next task: none, vqa, caption, grounding, refer, detection, identify"
    case .tasks: "choose the task from a menu"
    case .adapters: "choose the adapter from a menu"
    case .nextAdapter: "next adapter"
    case .markup: "show answers with their raw markup and long messages whole, and back"
    case .hide: "hide the picture, and show it"
    case .zoom: "picture over the whole screen, and back"
    case .olderBoxes: "show the boxes of the answer above (Tab too, while the line is empty)"
    case .newerBoxes: "show the boxes of the answer below"
    case .savePicture: "write the picture with the boxes that are shown"
    case .region:
      "choose a region for [identify]: arrows move, with Shift or + and - it grows and shrinks, the mouse drags"
    case .editor: "write the question in $VISUAL or $EDITOR"
    case .sessions: "go on with an earlier conversation"
    case .pageUp, .pageDown: nil
    case .top: "to the first turn (Home too, while the line is empty)"
    case .bottom: "to the last turn (End too, while the line is empty)"
    case .newline: "a new line in the question; Enter sends it"
    case .suspend: "back to the shell for a while; fg returns"
    case .redraw: "draw the screen anew"
    case .interrupt: "stop the answer; else empty the line"
    case .stop: "stop the answer, close what is open"
    }
  }
}

extension ChatAction {
  /// The command that does the same, without its slash; nil if there is none.
  var command: String? {
    switch self {
    case .help: "help"
    case .nextTask, .tasks: "tasks"
    case .adapters, .nextAdapter: "adapter"
    case .markup: "markup"
    case .savePicture: "save-picture"
    case .editor: "edit"
    case .sessions: "sessions"
    case .region: "region"
    case .hide: "hide"
    case .zoom: "zoom"
    case .olderBoxes, .newerBoxes: "boxes"
    default: nil
    }
  }
}

/// Which key does what.
public struct KeyBindings: Sendable, Equatable {
  private var actions: [String: ChatAction]

  /// The names of keys that do something unless changed.
  static let standard: [(key: String, action: ChatAction)] = [
    ("F1", .help), ("S-Tab", .nextTask), ("F2", .tasks), ("F3", .adapters), ("F4", .nextAdapter), ("M-a", .nextAdapter),
    ("F5", .markup), ("M-m", .markup), ("F6", .hide), ("M-h", .hide), ("F7", .zoom), ("M-z", .zoom), ("F8", .region),
    ("M-Up", .olderBoxes), ("M-Down", .newerBoxes), ("M-s", .savePicture), ("M-g", .region), ("F9", .editor),
    ("M-e", .editor), ("F10", .sessions), ("PageUp", .pageUp),
    ("PageDown", .pageDown), ("C-Home", .top), ("C-End", .bottom), ("C-j", .newline), ("M-Enter", .newline),
    ("Escape", .stop), ("C-c", .interrupt), ("C-z", .suspend), ("C-l", .redraw),
  ]

  /// The standard bindings, with changes: the key that does an action in place of the standard ones, as ``KeyName`` has
  /// it.
  init(changes: [ChatAction: String]) {
    var actions: [String: ChatAction] = [:]
    for (key, action) in Self.standard where changes[action] == nil { actions[key] = action }
    for (action, key) in changes { actions[key] = action }
    self.actions = actions
  }

  /// The standard bindings.
  public init() { self.init(changes: [:]) }

  /// The bindings that settings ask for, and what is wrong with these: names that are no keys, one key for two actions,
  /// actions that are left without a key. What is wrong changes nothing.
  ///
  /// - Parameters:
  ///   - settings: keys by what they do. Names of actions that do not exist are left out.
  ///   - file: where the settings stand.
  public static func read(
    _ settings: [String: String], file: String
  ) -> (bindings: KeyBindings, problems: [InputError]) {
    var changes: [ChatAction: String] = [:]
    var problems: [InputError] = []
    func problem(_ action: ChatAction, _ expected: String, _ found: String, _ remedy: String?) {
      problems.append(
        InputError(file: file, field: "keys.\(action.rawValue)", expected: expected, found: found, remedy: remedy))
    }
    for action in ChatAction.allCases {
      guard let text = settings[action.rawValue] else { continue }
      guard let key = KeyName.reading(text) else {
        problem(
          action, "a key that writes nothing, such as F3, Ctrl-T or Alt-x", "\"\(text.prefix(80))\"",
          KeyName.nearest(to: text).map { "The nearest is \($0)" })
        continue
      }
      if let other = changes.first(where: { $0.value == key })?.key {
        problem(
          action, "a key of its own", "\(HelpText.spelled(key)), which \(other.rawValue) has", "Name another key")
        continue
      }
      changes[action] = key
    }
    let bindings = KeyBindings(changes: changes)
    for (key, action) in standard where bindings.key(of: action).isEmpty {
      guard let other = bindings.action(of: key) else { continue }
      problem(
        other, "a key that nothing else needs", "\(HelpText.spelled(key)), the only key of \(action.rawValue)",
        "Give \(action.rawValue) another key")
    }
    return (bindings, problems)
  }

  /// What a key does; nil: it edits the line.
  public func action(of key: String) -> ChatAction? { actions[key] }

  /// The key to name for an action; empty if it has none.
  func key(of action: ChatAction) -> String {
    let first = Self.standard.first { $0.action == action && actions[$0.key] == action }?.key
    return first ?? actions.filter { $0.value == action }.keys.sorted().first ?? ""
  }
}
