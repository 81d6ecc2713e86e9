import Dialogue

/// The commands that begin with a slash.
enum CommandTable {
  struct Command {
    let name: String
    /// What may follow; empty for nothing.
    let argument: String
    let help: String
    /// Whether a chat of lines has nothing like it.
    var isForScreens = false
  }

  static let all: [Command] = [
    Command(name: "image", argument: "PATH", help: "attach a picture; its path alone does too"),
    Command(name: "tasks", argument: "[NAME]", help: "choose the task: none, vqa, caption, grounding, refer ..."),
    Command(name: "adapter", argument: "[NAME]", help: "choose the adapter; none is the bare model"),
    Command(name: "compare", argument: "QUESTION", help: "ask every adapter the same; neither kept nor exported"),
    Command(name: "regen", argument: "", help: "answer the last question anew"),
    Command(name: "undo", argument: "", help: "take the last question and its answer back"),
    Command(name: "clear", argument: "", help: "begin anew with this picture and these settings"),
    Command(name: "new", argument: "", help: "begin a new conversation without a picture"),
    Command(name: "temp", argument: "[0 or 0.1-1.5]", help: "how freely words are chosen; 0 is not at all"),
    Command(name: "top-p", argument: "[0.05-1]", help: "from which part of the likely words"),
    Command(name: "seed", argument: "[NUMBER]", help: "the same seed repeats an answer"),
    Command(name: "template", argument: "[NAME]", help: "what stands around a question in the prompt"),
    Command(name: "stats", argument: "", help: "what the last answer took"),
    Command(name: "save-picture", argument: "[PATH]", help: "write the picture with its boxes, as PNG"),
    Command(name: "export", argument: "[PATH]", help: "write the conversation, as Markdown or .json"),
    Command(name: "sessions", argument: "[NUMBER]", help: "go on with an earlier conversation"),
    Command(name: "region", argument: "", help: "choose a region of the picture"),
    Command(name: "boxes", argument: "", help: "show the boxes of the answer above", isForScreens: true),
    Command(name: "markup", argument: "", help: "show answers with their raw markup, and back"),
    Command(name: "hide", argument: "", help: "hide the picture, and show it", isForScreens: true),
    Command(name: "zoom", argument: "", help: "picture over the whole screen, and back", isForScreens: true),
    Command(name: "edit", argument: "", help: "write in $VISUAL or $EDITOR"),
    Command(name: "help", argument: "", help: "keys and commands"),
    Command(name: "quit", argument: "", help: "leave"),
  ]

  /// Other names for commands.
  private static let aliases = [
    "task": "tasks", "adapters": "adapter", "exit": "quit", "regenerate": "regen", "open": "image",
  ]

  /// A command by its name, or by another name for it.
  static func find(_ word: String) -> Command? {
    let name = aliases[word] ?? word
    return all.first { $0.name == name }
  }

  /// The command that a word is the beginning of or looks most like; nil if none does.
  static func nearest(to word: String) -> Command? {
    let beginnings = all.filter { $0.name.hasPrefix(word) }
    if !word.isEmpty, beginnings.count == 1 { return beginnings[0] }
    return Spelling.nearest(to: word, in: all.map(\.name), changes: max(2, word.count / 2)).flatMap(find)
  }
}
