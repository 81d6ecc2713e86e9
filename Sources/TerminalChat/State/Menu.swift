/// A list to choose from.
struct Menu: Equatable {
  enum Kind { case task, adapter, session }

  struct Item: Equatable {
    var name: String
    var help: String
  }

  let kind: Kind
  let title: String
  let items: [Item]
  var selected: Int

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
      if key.name.utf8.count == 1, let index = order.first(where: { items[$0].name.lowercased().hasPrefix(key.name) }) {
        selected = index
      }
    }
    return nil
  }
}
