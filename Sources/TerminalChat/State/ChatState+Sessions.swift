import Dialogue

/// Conversations that are kept: they are listed and gone on with.
extension ChatState {
  mutating func listSessions() -> [ChatEffect] { reading(.listSessions) }

  /// Goes on with a conversation.
  ///
  /// - Parameter name: its name, or its number in the list that was shown last.
  mutating func openSession(_ name: String) -> [ChatEffect] {
    let number = Int(name).flatMap { (1..<listed.count + 1).contains($0) ? $0 : nil }
    return reading(.openSession(number.map { listed[$0 - 1].name } ?? name))
  }

  private mutating func reading(_ effect: ChatEffect) -> [ChatEffect] {
    guard !isReadingSessions else { return [] }
    isReadingSessions = true
    if hasScreen { show("Reading the conversations \u{2026}", seconds: 60) }
    return [effect]
  }

  private mutating func endReading() {
    if isReadingSessions { toast = nil }
    isReadingSessions = false
  }

  /// Shows a list.
  mutating func showSessions(_ sessions: [SessionLine]) {
    endReading()
    listed = sessions
    guard let first = sessions.firstIndex(where: { !$0.isCurrent }) else {
      return show("There are no earlier conversations.")
    }
    overlay = .menu(
      Menu(
        kind: .session, title: "Conversations",
        items: sessions.map { Menu.Item(name: $0.name, label: $0.date, help: $0.summary) }, selected: first))
  }

  /// Says why a conversation cannot be gone on with.
  mutating func notRestored(_ text: String) {
    endReading()
    complain(text)
  }

  /// Goes on with a conversation that was read.
  mutating func restore(_ stored: StoredConversation) -> [ChatEffect] {
    endReading()
    let effects = stop()
    entries = []
    scroll = .bottom
    overlay = nil
    lines.removeAll()
    for (index, turn) in stored.turns.enumerated() {
      if index == stored.contextStart { startAnew() }
      add(.turn(turn))
    }
    if stored.contextStart >= stored.turns.count { startAnew() }
    note("Going on with \(stored.name).")
    for remark in stored.remarks { complain(remark) }
    task = stored.task
    template = stored.template
    sampling = stored.sampling
    isSeedChosen = stored.isSeedChosen
    if description == nil {
      wantedAdapter = stored.adapter ?? "none"
    } else if let name = stored.adapter, !adapterNames.contains(name) {
      complain("The adapter \(name) of this conversation is not there; \(adapter ?? "none") answers.")
    } else {
      adapter = stored.adapter
    }
    replaced = nil
    return effects + use(stored.picture.map { AttachedPicture(path: $0) })
  }
}
