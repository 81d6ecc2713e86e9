/// A list to choose from.
struct Menu: Equatable {
  enum Kind {
    case task, adapter, session

    /// The command that opens it.
    var command: String {
      switch self {
      case .task: "tasks"
      case .adapter: "adapter"
      case .session: "sessions"
      }
    }
  }

  struct Item: Equatable {
    /// What is chosen.
    var name: String
    /// What is shown for it.
    var label: String
    var help: String

    init(name: String, label: String? = nil, help: String) {
      self.name = name
      self.label = label ?? name
      self.help = help
    }
  }

  let kind: Kind
  let title: String
  let items: [Item]
  var selected: Int

  /// Which keys do what, as long as there is room; without arrows where these are not shown.
  func hint(width: Int, arrows: String) -> String {
    let all = [
      "\(arrows) move, Enter or a number chooses, Esc closes", "\(arrows) move, Enter chooses, Esc closes",
      "Enter chooses, Esc closes",
    ]
    return all.first { DisplayWidth.of($0) <= width } ?? all[all.count - 1]
  }

  /// Takes a key; the name of the item that it chooses, if it does.
  mutating func press(_ key: Key) -> String? {
    switch key.name {
    case "Up", "k", "C-p", "S-Tab": selected = (selected + items.count - 1) % items.count
    case "Down", "j", "C-n", "Tab": selected = (selected + 1) % items.count
    case "Home", "PageUp": selected = 0
    case "End", "PageDown": selected = items.count - 1
    case "Enter", " ": return items[selected].name
    default:
      if let number = Int(key.name), (1...9).contains(number), number <= items.count { return items[number - 1].name }
      // A letter goes to the next item that begins with it.
      let order = (1...items.count).map { (selected + $0) % items.count }
      if key.name.utf8.count == 1, let index = order.first(where: { items[$0].label.lowercased().hasPrefix(key.name) })
      {
        selected = index
      }
    }
    return nil
  }
}
