import Dialogue

extension ChatState {
  mutating func press(_ key: Key) -> [ChatEffect] {
    toast = nil
    let action = bindings.action(of: key.name)
    if overlay != nil, let effects = pressInOverlay(key, action) { return effects }
    // While the line editor searches its history, it alone knows what a key means.
    if draft.search != nil, action != .suspend, action != .redraw {
      return [.edit(action == .stop || action == .interrupt ? [0x07] : key.bytes)]
    }
    if let action { return perform(action, key) }
    switch key.name {
    case "Home" where draft.text.isEmpty: return perform(.top, key)
    case "End" where draft.text.isEmpty: return perform(.bottom, key)
    case "Tab" where draft.text.isEmpty: return stepBoxes(-1)
    case "C-d" where draft.text.isEmpty: return [.quit]
    case "Enter" where isBusy && model == .ready && !isCommand(draft.text):
      show("An answer is coming; \(stopKey) stops it.")
      return []
    case "Enter" where needsRegion:
      startRegion()
      return []
    case "Up", "Down":
      if let cursor = ChatLayout(self).draft.cursor(rows: key.name == "Up" ? -1 : 1) { return [.moveCursor(cursor)] }
      return [.edit(key.bytes)]
    default: return [.edit(key.bytes)]
    }
  }

  /// Whether `[identify]` is asked without a region.
  private var needsRegion: Bool {
    tagged(draft.text).task == .identify && picture?.facts != nil && !isCommand(draft.text)
      && GroundedText(parsing: draft.text, isFinal: true).phrases.isEmpty
  }

  /// Does what a key or a command asks for.
  mutating func perform(_ action: ChatAction, _ key: Key = Key("")) -> [ChatEffect] {
    switch action {
    case .help: overlay = .help(scroll: 0)
    case .nextTask: return cycleTask()
    case .tasks: overlay = .menu(taskMenu)
    case .adapters: return openAdapterMenu()
    case .nextAdapter: return cycleAdapter()
    case .markup: showsMarkup.toggle()
    case .hide: pictureMode = pictureMode == .hidden ? .shown : .hidden
    case .zoom:
      guard picture?.facts != nil else { return showing("There is no picture: /image PATH attaches one.") }
      pictureMode = pictureMode == .zoomed ? .shown : .zoomed
    case .olderBoxes: return stepBoxes(-1)
    case .newerBoxes: return stepBoxes(1)
    case .savePicture: return savePicture("")
    case .region:
      guard picture?.facts != nil else { return showing("There is no picture: /image PATH attaches one.") }
      startRegion()
    case .editor: return [.openEditor(draft.text)]
    case .sessions: return listSessions()
    case .pageUp: scrollBy(-max(ChatLayout(self).conversation.rows - 1, 1))
    case .pageDown: scrollBy(max(ChatLayout(self).conversation.rows - 1, 1))
    case .top:
      boxesOf = nil
      if let first = entries.first { scroll = .top(id: first.id, line: 0) }
    case .bottom:
      boxesOf = nil
      scroll = .bottom
    case .newline: return [.insert("\n")]
    case .suspend: return [.suspend]
    case .redraw: return [.redraw]
    case .stop:
      if isBusy { return stop() }
      if pictureMode == .zoomed {
        pictureMode = .shown
        return []
      }
      // For line editors in vi's way.
      return [.edit(key.bytes)]
    case .interrupt:
      if isBusy { return stop() }
      if !draft.text.isEmpty { return [.setDraft("")] }
      show("Ctrl-D or /quit leaves.")
    }
    return []
  }

  private mutating func showing(_ text: String) -> [ChatEffect] {
    show(text)
    return []
  }

  // MARK: scrolling

  mutating func scrollBy(_ rows: Int) {
    boxesOf = nil
    scroll = ConversationView(self).scrolled(by: rows)
  }

  // MARK: tasks and adapters

  mutating func cycleTask() -> [ChatEffect] {
    let all: [VisionTask?] = [nil] + VisionTask.allCases
    let index = all.firstIndex(of: task) ?? 0
    return choose(all[(index + 1) % all.count])
  }

  mutating func choose(_ task: VisionTask?) -> [ChatEffect] {
    self.task = task
    show(Self.hint(for: task), seconds: 6)
    if case .region = overlay { overlay = nil }
    if needsRegion { startRegion() }
    return [.recordSettings]
  }

  /// What to write for a task.
  static func hint(for task: VisionTask?) -> String {
    guard let task else { return "No task: just ask." }
    let example =
      switch task {
      case .vqa: "write a question"
      case .caption, .grounding: "Enter alone will do"
      case .refer: "write what to find, as in: the dog on the left"
      case .detection: "write what to find, as in: dogs"
      case .identify: "choose a region, or write {<10><20><55><90>}"
      }
    return "\(task.tag) \(task.help) \u{2014} \(example)"
  }

  mutating func cycleAdapter() -> [ChatEffect] {
    guard description != nil else { return showing("The model is still loading.") }
    let names = adapterNames
    guard names.count > 1 else { return showing("This model has no adapters.") }
    let index = names.firstIndex(of: adapter ?? "none") ?? 0
    return choose(adapter: names[(index + 1) % names.count])
  }

  mutating func choose(adapter name: String) -> [ChatEffect] {
    adapter = name == "none" ? nil : name
    show("Adapter: \(CleanText.line(name))")
    return [.recordSettings]
  }

  private mutating func openAdapterMenu() -> [ChatEffect] {
    guard description != nil else { return showing("The model is still loading.") }
    overlay = .menu(adapterMenu)
    return []
  }

  var taskMenu: Menu {
    let none = Menu.Item(name: "none", help: "talk without a task")
    let items = [none] + VisionTask.allCases.map { Menu.Item(name: $0.rawValue, help: $0.help) }
    return Menu(
      kind: .task, title: "Task", items: items, selected: items.firstIndex { $0.name == task?.rawValue } ?? 0)
  }

  var adapterMenu: Menu {
    let items =
      (description?.adapters ?? []).map { Menu.Item(name: $0.name, help: $0.summary) }
      + [Menu.Item(name: "none", help: "the bare model")]
    return Menu(
      kind: .adapter, title: "Adapter", items: items,
      selected: items.firstIndex { $0.name == adapter ?? "none" } ?? 0)
  }

  // MARK: overlays

  /// What a key does to what lies over the screen; nil if it is none of its keys.
  private mutating func pressInOverlay(_ key: Key, _ action: ChatAction?) -> [ChatEffect]? {
    switch action {
    case .suspend, .redraw: return nil
    case .interrupt, .stop:
      overlay = nil
      return []
    default: break
    }
    switch overlay {
    case .help(let scroll):
      let page = max(rows - 4, 1)
      let most = max(HelpText.lines(bindings, width: columns - 4).count - page, 0)
      switch key.name {
      case "Up", "k": overlay = .help(scroll: max(scroll - 1, 0))
      case "Down", "j": overlay = .help(scroll: min(scroll + 1, most))
      case "PageUp", "b": overlay = .help(scroll: max(scroll - page, 0))
      case "PageDown", " ": overlay = .help(scroll: min(scroll + page, most))
      case "Home": overlay = .help(scroll: 0)
      case "End": overlay = .help(scroll: most)
      default: overlay = nil
      }
      return []
    case .menu(var menu):
      guard let choice = menu.press(key) else {
        overlay = .menu(menu)
        return []
      }
      overlay = nil
      return choose(choice, in: menu.kind)
    case .region(var picker):
      if action == .nextTask {
        overlay = nil
        return cycleTask()
      }
      if key.name == "Enter" {
        overlay = nil
        return insert(picker.box)
      }
      if picker.press(key) {
        overlay = .region(picker)
        return []
      }
      // What is typed belongs to the line: typed coordinates win.
      guard action == nil else { return nil }
      overlay = nil
      return [.edit(key.bytes)]
    case nil: return nil
    }
  }

  /// Puts a region where the cursor stands. It is what `[identify]` asks about, so the question becomes one of that
  /// task, unless it begins with another one's tag.
  private mutating func insert(_ region: BoundingBox) -> [ChatEffect] {
    let before = String(decoding: draft.text.utf8.prefix(draft.cursor), as: UTF8.self)
    let text = (before.isEmpty || before.hasSuffix(" ") ? "" : " ") + region.markup
    guard tagged(draft.text).task != .identify, typedTask(draft.text) == nil else { return [.insert(text)] }
    let tag = VisionTask.identify.tag
    show(
      "\(tag) says what is in the region; without it the question is one of "
        + (task.map { "\($0.tag)." } ?? "no task."), seconds: 8)
    return [
      .setDraft("\(tag) \(before)\(text)\(String(decoding: draft.text.utf8.dropFirst(draft.cursor), as: UTF8.self))")
    ]
  }

  private mutating func choose(_ name: String, in kind: Menu.Kind) -> [ChatEffect] {
    switch kind {
    case .task: choose(VisionTask(rawValue: name))
    case .adapter: choose(adapter: name)
    case .session: openSession(name)
    }
  }

  mutating func startRegion() {
    if pictureMode == .hidden { pictureMode = .shown }
    overlay = .region(RegionPicker())
  }

  // MARK: the mouse

  mutating func mouse(_ event: MouseEvent) -> [ChatEffect] {
    let layout = ChatLayout(self)
    switch event.kind {
    case .wheelUp, .wheelDown:
      let rows = event.kind == .wheelUp ? -3 : 3
      if case .help(let scroll) = overlay {
        let most = max(HelpText.lines(bindings, width: columns - 4).count - max(self.rows - 4, 1), 0)
        overlay = .help(scroll: min(max(scroll + rows, 0), most))
      } else {
        scrollBy(rows)
      }
    case .press:
      dragStart = event
      if case .region(var picker) = overlay, let art = layout.art {
        picker.drag(from: event, to: event, in: art)
        overlay = .region(picker)
      }
    case .drag, .release:
      guard let start = dragStart, let art = layout.art, art.contains(column: start.column, row: start.row) else {
        if event.kind == .release { dragStart = nil }
        return []
      }
      // A drag over the picture chooses a region, whatever the task.
      let hasMoved = start.column != event.column || start.row != event.row
      if overlay == nil, hasMoved { startRegion() }
      if case .region(var picker) = overlay, hasMoved {
        picker.drag(from: start, to: event, in: art)
        overlay = .region(picker)
      }
      if event.kind == .release { dragStart = nil }
    }
    return []
  }
}
