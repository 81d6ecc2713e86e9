import Dialogue

/// The picture that is talked about, and which boxes are shown over it.
extension ChatState {
  mutating func imageCommand(_ argument: String) -> [ChatEffect] {
    if argument.isEmpty {
      note(
        picture.map { "The picture is \(CleanText.line($0.path))." } ?? "There is no picture: /image PATH attaches one."
      )
      return []
    }
    if argument == "none" {
      let effects = stop() + use(nil)
      startAnew()
      replaced = nil
      note("The picture is gone; the conversation starts anew.")
      return effects + [.recordPicture(path: nil, hash: nil)]
    }
    return attach(WrittenPath.whole(argument))
  }

  /// Attaches a picture; the conversation about the one before is over.
  public mutating func attach(_ path: String) -> [ChatEffect] {
    if description?.hasVision == false { return complaining("This model cannot look at pictures.") }
    let effects = stop()
    let isAnother = picture != nil && lastTurn != nil
    // Of several in a row that cannot be read, what was there before the first comes back.
    if replaced == nil { replaced = Replaced(picture: picture, contextStart: contextStart, note: nextID) }
    startAnew()
    if pictureMode == .hidden { pictureMode = .shown }
    note("Picture: \(CleanText.line(path))" + (isAnother ? " \u{2014} the conversation starts anew." : ""))
    return effects + use(AttachedPicture(path: path))
  }

  /// Puts a picture, or none, in the place of the one there is. What was being done about that one ends.
  mutating func use(_ picture: AttachedPicture?) -> [ChatEffect] {
    self.picture = picture
    boxesOf = nil
    // The clock of an answer, or of the model, goes on.
    if model == .ready, running == nil { activity = nil }
    guard let picture else { return [.detach] }
    // Read again only if it had not been read when another one came.
    return picture.facts == nil
      ? [.attach(path: picture.path, adapter: adapter)] : [.prepare(path: picture.path, adapter: adapter)]
  }

  /// Writes the picture with the boxes that are shown; without a path under a name made from the picture's.
  mutating func savePicture(_ argument: String) -> [ChatEffect] {
    guard let picture else { return complaining("There is no picture: /image PATH attaches one.") }
    guard !isSaving else {
      show("The picture is being written.")
      return []
    }
    isSaving = true
    let boxes = ConversationView(self).shownPhrases
    return [
      .savePicture(path: picture.path, to: argument.isEmpty ? nil : WrittenPath.whole(argument), boxes: boxes)
    ]
  }

  // MARK: boxes

  /// The entries whose boxes can be shown over the picture that is attached, oldest first.
  var boxedEntries: [Int] {
    guard let path = picture?.path else { return [] }
    return entries.indices.filter { index in
      guard let turn = entries[index].turn else { return false }
      return turn.picture == path && !turn.grounded.phrases.isEmpty
    }
  }

  /// Shows the boxes of the answer above or below the one whose boxes are shown, around both ends; says whose they are.
  mutating func stepBoxes(_ step: Int) -> [ChatEffect] {
    let all = boxedEntries
    guard let last = all.indices.last else {
      show("No answer about this picture has boxes yet.")
      return []
    }
    let current = ConversationView(self).shownTurn.flatMap(all.firstIndex)
    let place = current.map { ($0 + step + all.count) % all.count } ?? (step < 0 ? last : 0)
    let entry = entries[all[place]]
    boxesOf = entry.id
    bringIntoView(all[place])
    guard let turn = entry.turn else { return [] }
    let names = NumberedPhrase.phrases(of: turn).map { $0.text.isEmpty ? "box \($0.number)" : $0.text }
    show(
      "Boxes \(place + 1) of \(all.count), \(turn.answerer): \(names.joined(separator: ", "))", seconds: 8)
    return []
  }

  /// Scrolls to an entry that is not wholly on the screen.
  private mutating func bringIntoView(_ index: Int) {
    let view = ConversationView(self)
    let seen = view.visible.filter { $0.entry == index }.count
    guard seen < view.lineCount(index) - 1 else { return }
    scroll = view.scroll(to: index)
  }
}
