import Diagnostics
import Dialogue

extension ChatState {
  /// Asks a question in the present task, of the present adapter.
  mutating func ask(_ text: String) -> [ChatEffect] {
    if case .failed(let failure) = model { return complaining(failure.description) }
    let (task, text) = tagged(text)
    if task == nil, text.trimmingSpaces.isEmpty {
      show("Write a question, or choose a task with \(named(.nextTask)).", seconds: 8)
      return []
    }
    do throws(InputError) {
      _ = try PromptTemplate.question(text, task: task, hasPicture: picture != nil)
    } catch {
      show(error.remedy.map { "\(error.expected.capitalizedFirst), please. \($0)." } ?? error.description, seconds: 8)
      return []
    }
    enqueue(ChatTurn(task: task, question: text, adapter: adapter, picture: picture?.path))
    remark(onTagOf: text)
    return next()
  }

  /// A question's task and the rest of it: that of the tag that it begins with, else the present one.
  func tagged(_ text: String) -> (task: VisionTask?, text: String) {
    guard let tagged = typedTask(text) else { return (task, text) }
    return (tagged, text.dropFirst(tagged.tag.count).description.trimmingSpaces)
  }

  /// The task whose tag a text begins with.
  func typedTask(_ text: String) -> VisionTask? { VisionTask.allCases.first { text.hasPrefix($0.tag) } }

  /// Says that what looks like a task's tag is none. Brackets may stand in any question, so it is asked all the same.
  private mutating func remark(onTagOf text: String) {
    guard text.hasPrefix("["), let end = text.firstIndex(of: "]") else { return }
    let word = text[text.index(after: text.startIndex)..<end]
    guard (2...20).contains(word.utf8.count), word.utf8.allSatisfy({ Self.isLetter($0) || $0 == 0x2d || $0 == 0x5f })
    else { return }
    let tasks = VisionTask.allCases.map(\.rawValue)
    let nearest = Spelling.nearest(to: String(word), in: tasks, changes: 2)
    note(
      "[\(word)] is no task, so it was asked as text. "
        + (nearest.map { "Did you mean [\($0)]?" } ?? "\(named(.tasks)) shows the tasks."))
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }

  private mutating func enqueue(_ turn: ChatTurn) {
    queue.append(nextID)
    boxesOf = nil
    add(.turn(turn))
  }

  mutating func compare(_ question: String) -> [ChatEffect] {
    guard description != nil else { return complaining("The model is still loading.") }
    let (task, question) = tagged(question)
    guard !question.isEmpty || task == .caption || task == .grounding else {
      return complaining("/compare needs a question, such as /compare what is this?")
    }
    for (index, name) in adapterNames.enumerated() {
      var turn = ChatTurn(
        task: task, question: question, adapter: name == "none" ? nil : name, picture: picture?.path)
      turn.isComparison = true
      turn.hidesQuestion = index > 0
      enqueue(turn)
    }
    note("A comparison is no part of the conversation: it is neither kept nor exported.")
    return next()
  }

  mutating func regenerate() -> [ChatEffect] {
    let effects = stop()
    guard let (index, old) = lastTurn else { return effects + complaining("There is nothing to answer anew.") }
    var turn = ChatTurn(task: old.task, question: old.question, adapter: adapter, picture: old.picture)
    // The same seed repeats the answer; so another is taken, unless this one was asked for.
    if sampling.temperature > 0, !isSeedChosen { sampling.seed &+= 1 }
    turn.status = .waiting
    entries.remove(at: index)
    lines.removeAll()
    enqueue(turn)
    return effects + (old.counts ? [.recordUndo] : []) + next()
  }

  mutating func undo() -> [ChatEffect] {
    let effects = stop()
    guard let (index, turn) = lastTurn else { return effects + complaining("There is nothing to take back.") }
    entries.remove(at: index)
    boxesOf = nil
    lines.removeAll()
    let tag = turn.task == task ? "" : turn.task.map { $0.tag + " " } ?? ""
    let question = tag + turn.question
    let left = earlier(before: entries.count).count
    let what = question.isEmpty ? "the question" : "\u{201c}\(CleanText.line(question).shortened(to: 30))\u{201d}"
    show(
      "Took back \(what) and its answer; "
        + (left == 0 ? "no turn is left." : "\(left) \(left == 1 ? "turn is" : "turns are") left."), seconds: 8)
    takenBack = question
    return effects + (turn.counts ? [.recordUndo] : []) + [.setDraft(question)]
  }

  /// The key that does something, or, where there is none, the command; empty where there is neither.
  func named(_ action: ChatAction) -> String {
    let key = bindings.key(of: action)
    if !hasScreen || key.isEmpty, let command = action.command { return "/" + command }
    return HelpText.spelled(key)
  }

  /// The key that stops an answer. Ctrl-C does where the settings left none to stop.
  var stopKey: String {
    let key = named(.stop)
    return key.isEmpty ? named(.interrupt) : key
  }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }

  /// The beginning, with a sign where something was cut.
  func shortened(to count: Int) -> String {
    self.count > count ? prefix(max(count - 1, 0)) + "…" : self
  }
}
