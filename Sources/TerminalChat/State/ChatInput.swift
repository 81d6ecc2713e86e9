import Dialogue

/// Something that happens to the chat.
public enum ChatInput {
  /// A key press.
  case key(Key)
  /// Text that was pasted.
  case paste(String)
  /// The mouse.
  case mouse(MouseEvent)
  /// The line editor's line changed.
  case draft(Draft)
  /// The line editor has finished a line.
  case submit(String)
  /// There are several ways to complete the word.
  case completions([String])
  /// The window has another size.
  case resized(columns: Int, rows: Int)
  /// Time passes.
  case tick
  /// The engine opens.
  case open(OpenEvent)
  /// The engine works on the answer of this number.
  case answer(id: Int, ChatEvent)
  /// The stream of the answer of this number has ended.
  case answerEnded(id: Int)
  /// The engine works on a picture in advance.
  case preparation(path: String, ChatEvent)
  /// A picture was decoded for the screen, or could not be.
  case picture(path: String, Result<PictureFacts, ChatFailure>)
  /// The picture was written, or could not be: what to tell.
  case saved(Result<String, ChatFailure>)
  /// An effect has something to tell.
  case notice(String)
  /// An effect failed.
  case complaint(String)
  /// A stored conversation was read.
  case restored(StoredConversation)
  /// A stored conversation could not be read: why.
  case notRestored(String)
  /// What stored conversations there are, latest first.
  case sessions([SessionLine])
}

/// The line that is being written.
public struct Draft: Sendable, Equatable {
  /// Its text.
  public var text = ""
  /// Where the cursor stands, in bytes of UTF-8.
  public var cursor = 0
  /// What the line editor shows in front of the line while it searches its history.
  public var search: String?

  /// A line.
  public init(text: String = "", cursor: Int? = nil, search: String? = nil) {
    self.text = text
    self.cursor = cursor ?? text.utf8.count
    self.search = search
  }
}

/// What the screen knows of a picture.
public struct PictureFacts: Sendable, Equatable {
  /// In pixels, upright.
  public var width, height: Int
  /// What the file holds, to know it again.
  public var hash: String

  /// Facts of a picture.
  public init(width: Int, height: Int, hash: String) {
    self.width = width
    self.height = height
    self.hash = hash
  }
}

/// A stored conversation in a list.
public struct SessionLine: Sendable, Equatable {
  /// The name to resume it by.
  public var name: String
  /// When something was said last, as people write it.
  public var date: String
  /// The picture, the first question, and how much was said.
  public var summary: String
  /// Whether it is the one that is open.
  public var isCurrent: Bool

  /// A line of a list.
  public init(name: String, date: String, summary: String, isCurrent: Bool = false) {
    self.name = name
    self.date = date
    self.summary = summary
    self.isCurrent = isCurrent
  }
}

/// A conversation that was stored, as far as the screen is concerned.
public struct StoredConversation: Sendable {
  /// What the archive needs to go on with it.
  struct Kept: Sendable {
    var session: StoredSession
    var writer: SessionWriter
    /// What is to be written in front of the next question.
    var beginning: SessionRecord?
  }

  /// What it is called, such as `the conversation of 2026-11-22 14:05`.
  public var name: String
  /// What it was about, if it still is there.
  public var picture: String?
  /// What to tell about it, such as that its picture has changed.
  public var remarks: [String]
  /// Its turns, oldest first.
  public var turns: [ChatTurn]
  /// The number of the first turn that the model still sees.
  public var contextStart: Int
  /// The adapter that answers next; nil: the bare model.
  public var adapter: String?
  /// The task of the next question.
  public var task: VisionTask?
  /// What stands around it.
  public var template: String
  /// How its answer's tokens are chosen.
  public var sampling: SamplingChoice
  /// Whether the user chose its seed.
  public var isSeedChosen: Bool
  /// Where it is kept.
  var kept: Kept?

  /// A stored conversation.
  public init(
    name: String, picture: String?, remarks: [String] = [], turns: [ChatTurn], contextStart: Int = 0, adapter: String?,
    task: VisionTask?, template: String, sampling: SamplingChoice, isSeedChosen: Bool = false
  ) {
    self.name = name
    self.picture = picture
    self.remarks = remarks
    self.turns = turns
    self.contextStart = contextStart
    self.adapter = adapter
    self.task = task
    self.template = template
    self.sampling = sampling
    self.isSeedChosen = isSeedChosen
  }
}

/// Something that the chat wants done.
public enum ChatEffect: Equatable {
  /// Give these bytes to the line editor.
  case edit([UInt8])
  /// Insert a text where the cursor stands.
  case insert(String)
  /// Put this in place of the line.
  case setDraft(String)
  /// Move the cursor to this byte.
  case moveCursor(Int)
  /// Write the line in an external editor.
  case openEditor(String)
  /// Ask the engine; its events carry this number.
  case ask(id: Int, ChatRequest)
  /// Read no more of the answer of this number.
  case stop(id: Int)
  /// Decode a picture for the screen and let the engine work on it.
  case attach(path: String, adapter: String?)
  /// Let the engine work on a picture that is attached already.
  case prepare(path: String, adapter: String?)
  /// Do nothing more about the picture that was attached.
  case detach
  /// Write the picture with these boxes in full resolution.
  /// nil: a name is made from the picture's.
  case savePicture(path: String, to: String?, boxes: [NumberedPhrase])
  /// Write the conversation to a file; nil: a name is made from its title.
  case export(to: String?)
  /// Keep a turn that has ended, whatever became of its entry since.
  case record(id: Int, ChatTurn)
  /// Begin a new stored conversation.
  case newSession
  /// Remember that the last turn was taken back, or that the model sees no turn before now.
  case recordUndo
  case recordClear
  /// Remember that the conversation starts anew with this picture, or with none.
  case recordPicture(path: String?, hash: String?)
  /// Remember settings.
  case recordSettings
  /// List or open stored conversations.
  case listSessions
  case openSession(String)
  /// Give the terminal back for a while.
  case suspend
  /// Draw everything anew.
  case redraw
  /// End.
  case quit
}
