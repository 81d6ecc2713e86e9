/// What F1 shows.
enum HelpText {
  static func lines(_ bindings: KeyBindings, width: Int) -> [StyledLine] {
    var lines = [StyledLine("Keys", .bold)]
    for action in ChatAction.allCases {
      let key = bindings.key(of: action)
      guard let help = action.help, !key.isEmpty else { continue }
      add(spelled(key), help, &lines, width)
    }
    add("PageUp/PageDown", "scroll; so does the mouse wheel", &lines, width)
    add("Tab", "complete a command, path, task or adapter", &lines, width)
    add("Up/Down, Ctrl-R", "earlier lines, and a search through them", &lines, width)
    add("Ctrl-D", "leave, while the line is empty", &lines, width)
    lines.append(StyledLine())
    lines.append(StyledLine("Commands", .bold))
    for command in CommandTable.all {
      add("/\(command.name) \(command.argument)", command.help, &lines, width)
    }
    lines.append(StyledLine())
    lines += StyledLine(
      "A line that is a picture's path attaches it. All other keys are the line editor's, with your inputrc. "
        + "With Shift the terminal itself selects text.", .dim
    ).wrapped(to: width)
    return lines
  }

  /// The commands of a chat of lines, a line each.
  static var lineCommands: [String] {
    CommandTable.all.filter { !$0.isForScreens }.map { "/\($0.name) \($0.argument)".trimmingSpaces + ": \($0.help)" }
  }

  private static func add(_ name: String, _ help: String, _ lines: inout [StyledLine], _ width: Int) {
    let column = min(26, width / 2)
    let wrapped = StyledLine(help).wrapped(to: width, indent: column)
    for (index, line) in wrapped.enumerated() {
      guard index == 0 else {
        lines.append(line)
        continue
      }
      var first = StyledLine(items: Array(StyledLine("  " + name, .bold).cut(to: column - 1).items))
      first.append(String(repeating: " ", count: max(column - first.width, 0)))
      first.items += line.items.dropFirst(column)
      lines.append(first)
    }
  }

  /// A key as people call it.
  static func spelled(_ key: String) -> String {
    if key == "Escape" { return "Esc" }
    // A letter after Ctrl is written large, whatever the case that the terminal sends.
    let key = key.hasPrefix("C-") && key.utf8.count == 3 ? key.uppercased() : key
    return key.replacingPrefix("C-", "Ctrl-").replacingPrefix("M-", "Alt-").replacingPrefix("S-", "Shift-")
  }
}

extension String {
  fileprivate func replacingPrefix(_ prefix: String, _ other: String) -> String {
    hasPrefix(prefix) && utf8.count > prefix.utf8.count ? other + dropFirst(prefix.count) : self
  }
}
