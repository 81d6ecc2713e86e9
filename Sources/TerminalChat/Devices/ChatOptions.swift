import Dialogue

/// What a chat begins with.
public struct ChatOptions {
  /// The picture to attach first.
  public var picture: String?
  /// The adapter to begin with; nil leaves it to the model, `none` is the bare model.
  public var adapter: String?
  /// The task to begin with.
  public var task: VisionTask?
  /// A name or a text, see ``PromptTemplate/init(_:)``.
  public var template = "tinygptv"
  /// How tokens are chosen.
  public var sampling = SamplingChoice()
  /// Whether the seed was asked for.
  public var isSeedChosen = false
  /// Frames, boxes and picture in ASCII.
  public var isASCII = false
  /// Whether the background of the terminal is light.
  public var isLight = false
  /// Whether colours are wanted.
  public var hasColor = true
  /// Whether characters beyond ASCII can be shown.
  public var isUnicode = true
  /// Whether the mouse scrolls and drags.
  public var usesMouse = true
  /// Whether the picture is shown at first.
  public var showsPicture = true
  /// Which key does what.
  public var bindings = KeyBindings()
  /// Where lines are remembered; nil remembers none.
  public var historyPath: String?
  /// Where libraries' messages go; nil: nowhere.
  public var logPath: String?
  /// Where conversations are kept; nil keeps none.
  public var sessions: SessionStore?
  /// What was asked for on the command line, for a conversation that is gone on with.
  public var chosen = ChosenSettings()
  /// The conversation to go on with.
  public var resumed: String?
  /// What is to be said before anything else, such as what is wrong with the settings.
  public var remarks: [String] = []

  /// Options with defaults.
  public init() {}

  /// A chat that begins with them.
  func state(columns: Int, rows: Int, _ capabilities: Capabilities, hasScreen: Bool = true) -> ChatState {
    var state = ChatState(
      columns: columns, rows: rows, capabilities: capabilities, bindings: bindings, adapter: adapter,
      task: task, template: template, sampling: sampling)
    state.isSeedChosen = isSeedChosen
    state.hasScreen = hasScreen
    if !showsPicture { state.pictureMode = .hidden }
    for remark in remarks { state.complain(remark) }
    return state
  }
}

/// How a chat ended.
public enum ChatOutcome: Equatable {
  /// The user left.
  case left
  /// The model would not open, or what it was to begin with is none.
  case failed(ChatFailure)
  /// Lines of a program were read to their end, but some of them failed.
  case leftWithErrors
  /// The terminal cannot show a screen.
  case noScreen
  /// A signal asked it to end.
  case signal(Int32)
}
