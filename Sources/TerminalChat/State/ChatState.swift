import Dialogue

/// What the terminal can show.
public struct Capabilities: Sendable, Equatable {
  /// Whether text beyond ASCII can be shown.
  public var isUnicode: Bool
  /// Whether frames, boxes and pictures are drawn in ASCII.
  public var isASCIIDrawing: Bool
  /// How many colours there are; 0 for none, 2²⁴ for any.
  public var colors: Int
  /// The width of a cell by its height.
  public var cellAspect: Double
  /// Whether the terminal's background is light.
  public var isLight: Bool

  /// What a terminal can do.
  public init(
    isUnicode: Bool = true, isASCIIDrawing: Bool = false, colors: Int = 256, cellAspect: Double = 0.5,
    isLight: Bool = false
  ) {
    self.isUnicode = isUnicode
    self.isASCIIDrawing = isASCIIDrawing || !isUnicode
    self.colors = colors
    self.cellAspect = cellAspect
    self.isLight = isLight
  }
}

/// The whole of a chat as a value: events change it, and it tells what is to be done about them.
///
/// Nothing here waits, reads or writes. What is drawn is a function of this value, see `Screen`.
public struct ChatState {
  /// Loading, ready or out of order.
  enum Model: Equatable {
    case opening(ChatStage, fraction: Double?)
    case ready
    case failed(ChatFailure)
  }

  /// A picture that is attached.
  struct AttachedPicture: Equatable {
    var path: String
    /// Known once it was decoded.
    var facts: PictureFacts?
    /// Whether the engine still works on it.
    var isPreparing = true
  }

  /// A picture that another one may take the place of, and the conversation about it.
  struct Replaced: Equatable {
    var picture: AttachedPicture?
    var contextStart: Int
    /// The number of the remark about the other one.
    var note: Int
  }

  /// What the program is busy with, for the line above the input.
  struct Activity: Equatable {
    var stage: ChatStage
    var fraction: Double?
    /// When it began, in seconds of the chat's clock.
    var since: Double
  }

  enum Overlay: Equatable {
    case help(scroll: Int)
    case menu(Menu)
    case region(RegionPicker)
  }

  enum PictureMode: Equatable { case shown, hidden, zoomed }

  // MARK: the model and what is asked of it

  var model = Model.opening(.loadingModel, fraction: nil)
  /// What there is to talk to, once it is open.
  public internal(set) var description: ChatModelDescription?
  /// The adapter that answers next; nil: the bare model.
  public internal(set) var adapter: String?
  /// The task of the next question.
  public internal(set) var task: VisionTask?
  /// What stands around it.
  public internal(set) var template: String
  /// How its answer's tokens are chosen.
  public internal(set) var sampling: SamplingChoice
  /// Whether the user chose the seed.
  var isSeedChosen = false
  var picture: AttachedPicture?
  /// What was there before the picture, until that is known to be one: a slip of the pen costs no conversation.
  var replaced: Replaced?
  /// The turns before this entry are on the screen but no part of the conversation.
  var contextStart = 0
  /// The kept conversations that were listed last.
  var listed: [SessionLine] = []
  /// Whether kept conversations are being read.
  var isReadingSessions = false

  // MARK: the conversation

  var entries: [Entry] = []
  var nextID = 0
  /// Questions that wait: the numbers of their entries.
  var queue: [Int] = []
  /// The number of the entry that is being answered.
  var running: Int?
  /// Those of the conversation's last answer.
  var lastStatistics: ChatStatistics?
  var lastDropped = 0
  /// A question that was put back into the line, which a command may have been typed behind.
  var takenBack: String?

  // MARK: the screen

  /// The window's size in cells.
  public internal(set) var columns, rows: Int
  /// What the terminal can show.
  public var capabilities: Capabilities
  var bindings: KeyBindings
  var draft = Draft()
  var scroll = Scroll.bottom
  var overlay: Overlay?
  var pictureMode = PictureMode.shown
  var showsMarkup = false
  /// The entry whose boxes the user wants to see; nil leaves it to where the conversation stands.
  var boxesOf: Int?
  /// Whether there is a screen with keys; else what is said names commands.
  var hasScreen = true
  var activity: Activity?
  /// Whether the picture is being written.
  var isSaving = false
  /// A remark above the input, and until when it stays.
  var toast: (text: String, until: Double)?
  /// Where the mouse was pressed, for drags.
  var dragStart: MouseEvent?
  /// Seconds of the chat's clock.
  var now = 0.0
  /// Laid out entries: a memory of what was computed, no state.
  let lines = LineCache()

  /// A chat that has just begun.
  ///
  /// - Parameters:
  ///   - adapter: the adapter to begin with; nil leaves it to the model, `none` is the bare model.
  public init(
    columns: Int = 80, rows: Int = 24, capabilities: Capabilities = Capabilities(),
    bindings: KeyBindings = KeyBindings(), adapter: String? = nil, task: VisionTask? = nil,
    template: String = "tinygptv", sampling: SamplingChoice = SamplingChoice()
  ) {
    self.columns = columns
    self.rows = rows
    self.capabilities = capabilities
    self.bindings = bindings
    self.task = task
    self.template = template
    self.sampling = sampling
    wantedAdapter = adapter
  }

  /// The adapter that was asked for before the model was open.
  var wantedAdapter: String?

  /// Whether the model would not open.
  public var failure: ChatFailure? {
    if case .failed(let failure) = model { return failure }
    return nil
  }

  /// Whether an answer is coming or waits.
  public var isBusy: Bool { running != nil || !queue.isEmpty }

  /// Whether the screen shows how time passes.
  public var needsTicks: Bool { activity != nil || toast != nil }

  // MARK: entries

  mutating func add(_ content: Entry.Content) {
    entries.append(Entry(id: nextID, content: content))
    nextID += 1
  }

  mutating func note(_ text: String) { add(.notice(text)) }
  mutating func complain(_ text: String) { add(.complaint(text)) }

  mutating func show(_ text: String, seconds: Double = 4) { toast = (text, now + seconds) }

  func index(of id: Int) -> Int? {
    // Numbers grow along the array, and nearly always the last one is wanted.
    if entries.last?.id == id { return entries.count - 1 }
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low < entries.count && entries[low].id == id ? low : nil
  }

  /// What was said before is no part of what follows.
  mutating func startAnew() {
    contextStart = entries.count
    lastDropped = 0
    lastStatistics = nil
  }

  func turn(_ id: Int) -> ChatTurn? { index(of: id).flatMap { entries[$0].turn } }

  mutating func change(_ id: Int, _ body: (inout ChatTurn) -> Void) {
    guard let index = index(of: id), case .turn(var turn) = entries[index].content else { return }
    body(&turn)
    entries[index].content = .turn(turn)
    entries[index].revision += 1
  }

  /// The last turn of the conversation that the model sees, if it is over.
  var lastTurn: (index: Int, turn: ChatTurn)? {
    for index in entries.indices.reversed() where index >= contextStart {
      if let turn = entries[index].turn, !turn.isComparison { return (index, turn) }
    }
    return nil
  }

  /// What the model is told of the conversation so far.
  func earlier(before index: Int) -> [ChatRequest.Turn] {
    entries[min(contextStart, index)..<index].compactMap { entry in
      guard let turn = entry.turn, turn.counts else { return nil }
      return ChatRequest.Turn(task: turn.task, question: turn.question, answer: turn.answer)
    }
  }

  /// The names of all adapters, `none` last.
  var adapterNames: [String] { (description?.adapters.map(\.name) ?? []) + ["none"] }
}

/// Where the conversation pane stands.
enum Scroll: Equatable {
  /// At the end, and stays there as text comes.
  case bottom
  /// The first line shown: an entry's number and a line of it.
  case top(id: Int, line: Int)
}
