import Diagnostics
import Dialogue

extension ChatState {
  /// Whether a line is for the program and not for the model.
  func isCommand(_ line: String) -> Bool {
    (line.hasPrefix("/") && !line.hasPrefix("//")) || WrittenPath.begins(line)
  }

  /// Takes a finished line: a command, a picture's path, or a question.
  mutating func submit(_ line: String) -> [ChatEffect] {
    draft = Draft()
    scroll = .bottom
    overlay = nil
    if WrittenPath.begins(line) {
      let (path, rest) = WrittenPath.split(line)
      let effects = attach(path)
      return rest.isEmpty ? effects : effects + ask(rest)
    }
    guard line.hasPrefix("/") else { return ask(line) }
    // Two slashes begin a question that begins with one.
    if line.hasPrefix("//") { return ask(String(line.dropFirst())) }
    let word = line.dropFirst().prefix { $0 != " " && $0 != "\n" }
    let argument = line.dropFirst(1 + word.count).description.trimmingSpaces
    guard let command = CommandTable.find(String(word)) else {
      let nearest = CommandTable.nearest(to: String(word)).map { " Did you mean /\($0.name)?" } ?? ""
      complain("There is no command /\(CleanText.line(String(word))).\(nearest) /help lists them.")
      return []
    }
    return run(command.name, argument)
  }

  private mutating func run(_ name: String, _ argument: String) -> [ChatEffect] {
    switch name {
    case "image": return imageCommand(argument)
    case "tasks": return tasksCommand(argument)
    case "adapter": return adapterCommand(argument)
    case "compare": return compare(argument)
    case "regen": return regenerate()
    case "undo": return undo()
    case "clear":
      contextStart = entries.count
      lastDropped = 0
      let effects = stop()
      contextStart = entries.count
      note("A new beginning\(picture == nil ? "" : ", with the same picture").")
      return effects + [.recordClear]
    case "new":
      let effects = stop()
      contextStart = entries.count
      picture = nil
      replaced = nil
      lastDropped = 0
      note("A new conversation.")
      return effects + [.newSession]
    case "temp", "top-p", "seed", "template": return setting(name, argument)
    case "stats": note(statisticsText)
    case "save-picture": return savePicture(argument)
    case "export":
      guard !argument.isEmpty else { return complaining("/export needs a path, such as /export talk.md") }
      return [.export(to: WrittenPath.whole(argument))]
    case "sessions": return argument.isEmpty ? [.listSessions] : [.openSession(argument)]
    case "region": return press(Key(bindings.key(of: .region)))
    case "markup": return press(Key(bindings.key(of: .markup)))
    case "hide": return press(Key(bindings.key(of: .hide)))
    case "zoom": return press(Key(bindings.key(of: .zoom)))
    case "edit": return [.openEditor("")]
    case "help": overlay = .help(scroll: 0)
    default: return [.quit]
    }
    return []
  }

  private mutating func complaining(_ text: String) -> [ChatEffect] {
    complain(text)
    return []
  }

  // MARK: questions

  /// Asks a question in the present task, of the present adapter.
  mutating func ask(_ text: String) -> [ChatEffect] {
    if case .failed(let failure) = model { return complaining(failure.description) }
    let (task, text) = tagged(text)
    if task == nil, text.trimmingSpaces.isEmpty {
      show("Write a question, or choose a task with \(HelpText.spelled(bindings.key(of: .nextTask))).", seconds: 8)
      return []
    }
    do throws(InputError) {
      _ = try PromptTemplate.question(text, task: task, hasPicture: picture != nil)
    } catch {
      show(error.remedy.map { "\(error.expected.capitalizedFirst), please. \($0)." } ?? error.description, seconds: 8)
      return []
    }
    enqueue(ChatTurn(task: task, question: text, adapter: adapter, picture: picture?.path))
    return next()
  }

  /// A question's task and the rest of it: that of the tag that it begins with, else the present one.
  func tagged(_ text: String) -> (task: VisionTask?, text: String) {
    guard let tagged = VisionTask.allCases.first(where: { text.hasPrefix($0.tag) }) else { return (task, text) }
    return (tagged, text.dropFirst(tagged.tag.count).description.trimmingSpaces)
  }

  private mutating func enqueue(_ turn: ChatTurn) {
    queue.append(nextID)
    add(.turn(turn))
  }

  private mutating func compare(_ question: String) -> [ChatEffect] {
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
    return next()
  }

  private mutating func regenerate() -> [ChatEffect] {
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

  private mutating func undo() -> [ChatEffect] {
    let effects = stop()
    guard let (index, turn) = lastTurn else { return effects + complaining("There is nothing to take back.") }
    entries.remove(at: index)
    lines.removeAll()
    show("Taken back.")
    let tag = turn.task == task ? "" : turn.task.map { $0.tag + " " } ?? ""
    return effects + (turn.counts ? [.recordUndo] : []) + [.setDraft(tag + turn.question)]
  }

  // MARK: the picture

  private mutating func imageCommand(_ argument: String) -> [ChatEffect] {
    if argument.isEmpty {
      note(
        picture.map { "The picture is \(CleanText.line($0.path))." } ?? "There is no picture: /image PATH attaches one."
      )
      return []
    }
    if argument == "none" {
      contextStart = entries.count
      picture = nil
      replaced = nil
      note("The picture is gone; the conversation starts anew.")
      return [.recordClear]
    }
    return attach(WrittenPath.whole(argument))
  }

  /// Attaches a picture; the conversation about the one before is over.
  public mutating func attach(_ path: String) -> [ChatEffect] {
    var effects = stop()
    let isAnother = picture != nil && lastTurn != nil
    // Of several in a row that cannot be read, what was there before the first comes back.
    if replaced == nil { replaced = Replaced(picture: picture, contextStart: contextStart, note: nextID) }
    contextStart = entries.count
    lastDropped = 0
    // The clock of a picture before this one does not go on.
    if model == .ready { activity = nil }
    picture = AttachedPicture(path: path)
    if pictureMode == .hidden { pictureMode = .shown }
    note("Picture: \(CleanText.line(path))" + (isAnother ? " \u{2014} the conversation starts anew." : ""))
    effects.append(.attach(path: path, adapter: adapter))
    return effects
  }

  private mutating func savePicture(_ argument: String) -> [ChatEffect] {
    guard let picture else { return complaining("There is no picture: /image PATH attaches one.") }
    guard !argument.isEmpty else { return complaining("/save-picture needs a path, such as /save-picture boxes.png") }
    let boxes = ConversationView(self).shownPhrases
    return [.savePicture(path: picture.path, to: WrittenPath.whole(argument), boxes: boxes)]
  }

  // MARK: settings

  private mutating func tasksCommand(_ argument: String) -> [ChatEffect] {
    if argument.isEmpty {
      overlay = .menu(taskMenu)
      return []
    }
    let name = argument.trimmingBrackets
    guard name == "none" || VisionTask(rawValue: name) != nil else {
      let names = (["none"] + VisionTask.allCases.map(\.rawValue)).joined(separator: ", ")
      return complaining("There is no task \(CleanText.line(name)). There are: \(names).")
    }
    return choose(VisionTask(rawValue: name))
  }

  private mutating func adapterCommand(_ argument: String) -> [ChatEffect] {
    guard description != nil else { return complaining("The model is still loading.") }
    if argument.isEmpty {
      overlay = .menu(adapterMenu)
      return []
    }
    guard adapterNames.contains(argument) else {
      let names = adapterNames.map(CleanText.line).joined(separator: ", ")
      return complaining("There is no adapter \(CleanText.line(argument)). There are: \(names).")
    }
    return choose(adapter: argument)
  }

  private mutating func setting(_ name: String, _ argument: String) -> [ChatEffect] {
    if argument.isEmpty {
      switch name {
      case "temp": note("The temperature is \(sampling.temperature).")
      case "top-p": note("Top-p is \(sampling.topP).")
      case "seed": note("The seed is \(sampling.seed).")
      default: note("The template is \(CleanText.line(template)).")
      }
      return []
    }
    switch name {
    case "temp":
      guard let value = Float(argument), value == 0 || (0.1...1.5).contains(value) else {
        return complaining(
          "/temp takes 0.1 to 1.5, or 0 for always the likeliest word; not \(CleanText.line(argument)).")
      }
      sampling.temperature = value
      show("Temperature: \(value)")
    case "top-p":
      guard let value = Float(argument), (0.05...1).contains(value) else {
        return complaining("/top-p takes 0.05 to 1, not \(CleanText.line(argument)).")
      }
      sampling.topP = value
      show("Top-p: \(value)")
    case "seed":
      guard let value = UInt64(argument) else {
        return complaining("/seed takes a whole number from 0, not \(CleanText.line(argument)).")
      }
      sampling.seed = value
      isSeedChosen = true
      show("Seed: \(value)")
    default:
      do throws(InputError) {
        _ = try PromptTemplate(argument)
      } catch { return complaining(error.description) }
      template = argument
      show("Template: \(CleanText.line(argument))")
    }
    return [.recordSettings]
  }

  private var statisticsText: String {
    guard let statistics = lastStatistics else { return "Nothing has been answered yet." }
    func seconds(_ stage: ChatStage, _ name: String) -> String? {
      let value = statistics.seconds(stage)
      return value > 0 ? "\(name) \(value.formatted(decimals: 2)) s" : nil
    }
    let parts = [
      seconds(.readingPicture, "reading the picture"), seconds(.encodingPicture, "encoding it"),
      seconds(.readingPrompt, "prompt"), seconds(.answering, "answer"),
    ].compactMap(\.self)
    return """
      \(statistics.tokens) tokens at \(statistics.tokensPerSecond.formatted(decimals: 1)) a second; prompt of \
      \(statistics.promptTokens) tokens, \(statistics.reusedTokens) of them known from before; \
      context \(statistics.contextUsed) of \(statistics.contextSize).\(parts.isEmpty ? "" : " Time: \(parts.joined(separator: ", ")).")
      """
  }
}

extension String {
  /// `[vqa]` as `vqa`.
  fileprivate var trimmingBrackets: String {
    hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
  }

  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

extension Double {
  /// In digits, with so many behind the point.
  func formatted(decimals: Int) -> String {
    guard isFinite, abs(self) < 1e12 else { return "\(self)" }
    let scale = (0..<decimals).reduce(1.0) { value, _ in value * 10 }
    let value = Int((abs(self) * scale).rounded())
    let whole = "\(value / Int(scale))"
    let fraction = String(value % Int(scale))
    let sign = self < 0 && value > 0 ? "-" : ""
    guard decimals > 0 else { return sign + whole }
    return sign + whole + "." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }
}
