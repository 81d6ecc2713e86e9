import Dialogue

extension ChatState {
  /// Takes in what has happened; returns what is to be done, in this order.
  ///
  /// - Parameter now: seconds of a clock that never goes back.
  public mutating func handle(_ input: ChatInput, now: Double) -> [ChatEffect] {
    self.now = now
    if let toast, now >= toast.until { self.toast = nil }
    switch input {
    case .key(let key): return press(key)
    case .paste(let text):
      if overlay != nil { overlay = nil }
      return [.insert(text)]
    case .mouse(let event): return mouse(event)
    case .draft(let draft):
      self.draft = draft
      return []
    case .submit(let line): return submit(line)
    case .completions(let words):
      show(Completer.listed(words.map(CleanText.line), width: columns - 6), seconds: 10)
      return []
    case .resized(let columns, let rows):
      self.columns = columns
      self.rows = rows
      return []
    case .tick: return []
    case .open(let event): return opened(event)
    case .answer(let id, let event): return answered(id, event)
    case .answerEnded(let id): return answerEnded(id)
    case .preparation(let path, let event):
      prepared(path, event)
      return []
    case .picture(let path, let result): return read(path, result)
    case .saved(let result):
      isSaving = false
      switch result {
      case .success(let text): note(text)
      case .failure(let failure): complain(failure.description)
      }
      return []
    case .notice(let text):
      note(text)
      return []
    case .complaint(let text):
      complain(text)
      return []
    case .restored(let conversation): return restore(conversation)
    case .sessions(let sessions):
      showSessions(sessions)
      return []
    case .notRestored(let text):
      notRestored(text)
      return []
    }
  }

  // MARK: the engine

  private mutating func opened(_ event: OpenEvent) -> [ChatEffect] {
    switch event {
    case .progress(let stage, let fraction):
      model = .opening(stage, fraction: fraction)
      begin(stage, fraction)
      return []
    case .ready(let description):
      model = .ready
      activity = nil
      self.description = description
      adapter = description.defaultAdapter
      if let wanted = wantedAdapter {
        if wanted == "none" {
          adapter = nil
        } else if description.adapters.contains(where: { $0.name == wanted }) {
          adapter = wanted
        } else {
          complain("There is no adapter \(wanted). There are: \(adapterNames.joined(separator: ", ")).")
        }
        wantedAdapter = nil
      }
      if let notice = description.notice { note(notice) }
      let effects = preparation()
      return effects + next()
    case .failed(let failure):
      model = .failed(failure)
      activity = nil
      complain(failure.description)
      for id in queue { change(id) { $0.end(.failed(failure)) } }
      queue = []
      return []
    }
  }

  /// Lets the engine look at the picture before a question comes.
  private mutating func preparation() -> [ChatEffect] {
    guard let picture else { return [] }
    guard description?.hasVision == true else {
      self.picture?.isPreparing = false
      complain("This model cannot look at pictures.")
      return []
    }
    return [.prepare(path: picture.path, adapter: adapter)]
  }

  mutating func begin(_ stage: ChatStage, _ fraction: Double?) {
    let since = activity?.stage == stage ? activity?.since : nil
    activity = Activity(stage: stage, fraction: fraction, since: since ?? now)
  }

  private mutating func answered(_ id: Int, _ event: ChatEvent) -> [ChatEffect] {
    // What was stopped may still have said something.
    guard id == running else { return [] }
    switch event {
    case .stage(let stage, let fraction):
      begin(stage, fraction)
      if stage == .answering { change(id) { $0.status = .answering } }
    case .droppedTurns(let count):
      if count > lastDropped {
        change(id) { $0.droppedTurns = count }
        show(
          "The context is full: the model sees the \(count == 1 ? "oldest turn" : "\(count) oldest turns") no more. "
            + "/clear begins anew.", seconds: 8)
      }
      lastDropped = count
    case .text(let text):
      change(id) {
        $0.status = .answering
        $0.append(text)
      }
      if activity?.stage != .answering { begin(.answering, nil) }
    case .finished(let statistics):
      change(id) {
        $0.statistics = statistics
        $0.end(.done)
      }
      lastStatistics = statistics
      return finish(id)
    case .prepared: break
    case .failed(let failure):
      change(id) { $0.end(.failed(failure)) }
      return finish(id)
    }
    return []
  }

  private mutating func answerEnded(_ id: Int) -> [ChatEffect] {
    guard id == running else { return [] }
    // Neither finished nor failed: something inside gave up.
    change(id) { $0.end(.stopped) }
    return finish(id)
  }

  mutating func finish(_ id: Int) -> [ChatEffect] {
    running = nil
    activity = nil
    if picture?.isPreparing == true { picture?.isPreparing = false }
    var effects: [ChatEffect] = []
    if let turn = turn(id), turn.counts { effects.append(.record(id: id, turn)) }
    if turn(id)?.isComparison == true, queue.isEmpty, hasScreen, boxedEntries.count > 1 {
      show("\(named(.olderBoxes)), or Tab, shows the boxes of the answer above.", seconds: 12)
    }
    return effects + next()
  }

  /// Asks the first question that waits, if the engine is free.
  mutating func next() -> [ChatEffect] {
    guard running == nil, model == .ready, !queue.isEmpty else { return [] }
    let id = queue.removeFirst()
    guard let index = index(of: id), let turn = entries[index].turn else { return next() }
    running = id
    begin(.readingPrompt, nil)
    let request = ChatRequest(
      picture: turn.picture, earlier: earlier(before: index), task: turn.task, question: turn.question,
      adapter: turn.adapter, template: template, sampling: sampling)
    return [.ask(id: id, request)]
  }

  /// Stops the answer and forgets the questions that wait; what has come stays.
  mutating func stop() -> [ChatEffect] {
    for id in queue { change(id) { $0.end(.stopped) } }
    queue = []
    guard let id = running else { return [] }
    change(id) { $0.end(.stopped) }
    return [.stop(id: id)] + finish(id)
  }

  private mutating func prepared(_ path: String, _ event: ChatEvent) {
    guard path == picture?.path else { return }
    switch event {
    case .stage(let stage, let fraction): if activity?.stage != .answering { begin(stage, fraction) }
    case .prepared:
      picture?.isPreparing = false
      if running == nil { activity = nil }
    case .failed(let failure):
      // The picture stays. If the screen cannot read it either, that has been told.
      picture?.isPreparing = false
      if running == nil { activity = nil }
      if picture?.facts != nil { complain(failure.description) }
    default: break
    }
  }

  private mutating func read(_ path: String, _ result: Result<PictureFacts, ChatFailure>) -> [ChatEffect] {
    guard path == picture?.path else { return [] }
    switch result {
    case .success(let facts):
      picture?.facts = facts
      // One that comes back, as with a kept conversation, begins nothing.
      guard replaced != nil else { return [] }
      replaced = nil
      return [.recordPicture(path: path, hash: facts.hash)]
    case .failure(let failure):
      // What was asked about it at once fails with the same words.
      if running.flatMap(turn)?.picture != path { complain(failure.description) }
      return takeBackPicture()
    }
  }

  /// A picture that is none: the one before, and the conversation about it, go on. Without one, the conversation was
  /// about this picture and is over.
  private mutating func takeBackPicture() -> [ChatEffect] {
    guard let before = replaced else {
      startAnew()
      return use(nil) + [.recordPicture(path: nil, hash: nil)]
    }
    replaced = nil
    if let index = index(of: before.note) { entries.remove(at: index) }
    lines.removeAll()
    contextStart = before.contextStart
    return use(before.picture)
  }
}
