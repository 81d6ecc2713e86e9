import ArgumentParser
import Diagnostics
import Dialogue
import Foundation
import Tensors
import TerminalChat

/// `tinygptv chat`: a conversation about a picture.
struct Chat: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Talk to a picture in the terminal.",
    discussion: """
      F1 shows the keys, /help the commands. Settings are read from tinygptv/config.yaml in the folder for \
      configuration (XDG_CONFIG_HOME, else ~/.config).

      Where the terminal has no screen (TERM=dumb, pipes), or with ACCESSIBLE=1, the chat is one of lines, with the same \
      commands and boxes in words.
      """)

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("The model file (default: that of the settings, else the bundled one).", valueName: "file.gguf")
  )
  var model: String?

  @Option(
    help: ArgumentHelp(
      "A PEFT directory or GGUF adapter to offer too, or the name of the one to begin with, or none (may be repeated).",
      valueName: "name or path"))
  var adapter: [String] = []

  @Option(name: [.short, .long], help: "vqa, caption, grounding, refer, detection or identify (default: none).")
  var task: String?

  @Option(
    help: ArgumentHelp(
      "\(PromptTemplate.named.map(\.name).joined(separator: ", ")), or a text with {} where the question goes."))
  var template: String?

  @Option(help: "0 takes the most likely token; with 0.1 to 1.5 answers vary (upstream's demo: 0.6).")
  var temperature: Float?

  @Option(help: "Draw only from the most likely tokens that together have this probability, 0.05 to 1.")
  var topP: Float?

  @Option(help: "The same seed gives the same answer.")
  var seed: UInt64?

  @Option(help: "The longest answer, in tokens.")
  var maxTokens: Int?

  @Option(help: "Threads to compute with (default: one a core).")
  var threads: Int?

  @Flag(
    name: .customLong("continue"),
    help: """
      Go on with the latest conversation. Picture, adapter, task, template, temperature, top-p, seed and the longest \
      answer are those of the conversation where no option or picture is given here.
      """)
  var continues = false

  @Option(
    help: ArgumentHelp(
      "The same with another conversation: its number in the list of /sessions, or its name.", valueName: "number"))
  var session: String?

  @Flag(help: "Draw frames, boxes and pictures in ASCII.")
  var ascii = false

  @Flag(
    help: """
      Keep nothing for later chats: neither the conversation, the lines that were typed and libraries' messages, nor \
      encoded pictures.
      """)
  var noHistory = false

  @Flag(help: "Encode pictures that were seen in earlier chats anew, and keep nothing of them for later ones.")
  var noPictureCache = false

  @Flag(help: "Leave the mouse to the terminal.")
  var noMouse = false

  @Option(help: ArgumentHelp("What to say about the model at the beginning.", visibility: .hidden))
  var notice: String?

  @Option(help: ArgumentHelp("Answers from a script in place of a model.", visibility: .hidden))
  var scriptedEngine: String?

  @Argument(help: "The picture to begin with.")
  var picture: String?

  func validate() throws {
    if let task, VisionTask(rawValue: task) == nil {
      let names = VisionTask.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--task: expected one of \(names), found \(task).")
    }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads: expected 1 to 1024, found \(threads).")
    }
    if continues, session != nil { throw ValidationError("--continue and --session exclude each other.") }
    if noHistory, let resuming {
      throw ValidationError(
        "\(resuming) goes on with a kept conversation and --no-history keeps none; give one of them.")
    }
    do {
      if let template { _ = try PromptTemplate(template) }
      try chosen.sampling(over: SamplingChoice()).check()
    } catch { throw ValidationError("\(error)") }
  }

  func run() throws {
    // A file that may not grow any further is an error to tell, not the end of the program.
    signal(SIGXFSZ, SIG_IGN)
    let environment = ProcessInfo.processInfo.environment
    let folders = UserFolders(environment: environment, home: NSHomeDirectory())
    let (configuration, problems) = ChatConfiguration.read(
      path: folders.configurationFile, themes: ["dark", "light"], actions: ChatAction.allCases.map(\.rawValue),
      home: environment["HOME"] ?? NSHomeDirectory())
    let (bindings, keyProblems) = KeyBindings.read(configuration.keys, file: folders.configurationFile)
    var options = try options(configuration, folders, environment)
    options.bindings = bindings
    options.remarks = (problems + keyProblems).map(\.description)
    if let threads { ThreadPool.configure(threads: threads) }
    let engine = try engine(configuration, folders)
    // What is wrong with the files that were asked for is told before a screen opens.
    if let path = adapterNames.first(where: { $0.contains("/") || $0.hasSuffix(".gguf") }) {
      throw InputError(
        file: path, field: "--adapter", expected: "a PEFT directory or a GGUF adapter", found: "no such file",
        remedy: "Check the path; an adapter of the model file is chosen by its name alone.")
    }
    if let picture, access(picture, R_OK) != 0 {
      throw InputError(
        file: picture, expected: "a readable picture file", found: String(cString: strerror(errno)))
    }

    var outcome = ChatOutcome.noScreen
    if hasScreen(environment) {
      outcome = ChatSession.run(engine: engine, options: options)
      if outcome == .noScreen {
        let name = (environment["TERM"] ?? "").escapingControlCharacters(limit: 80)
        ExitStatus.complain("this system does not know the terminal \(name) (TERM), so the chat is one of lines.")
      }
    }
    if outcome == .noScreen { outcome = LineChat.run(engine: engine, options: options) }
    switch outcome {
    case .left, .noScreen: return
    case .leftWithErrors: throw ExitCode(ExitStatus.badInput)
    case .failed(let failure):
      ExitStatus.complain(failure.description)
      throw ExitCode(ExitStatus.badInput)
    case .signal(let number):
      signal(number, SIG_DFL)
      raise(number)
    }
  }

  private func hasScreen(_ environment: [String: String]) -> Bool {
    let accessible = environment["ACCESSIBLE"] ?? ""
    let isPlain = !accessible.isEmpty && accessible != "0"
    let term = environment["TERM"] ?? ""
    return isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0 && !term.isEmpty && term != "dumb" && !isPlain
  }

  /// What was asked for with options.
  private var chosen: ChosenSettings {
    var chosen = ChosenSettings()
    chosen.adapter = adapterNames.last
    chosen.task = task.flatMap { VisionTask(rawValue: $0) }
    chosen.template = template
    chosen.temperature = temperature
    chosen.topP = topP
    chosen.seed = seed
    chosen.maximumTokens = maxTokens
    return chosen
  }

  /// The option that goes on with a conversation.
  private var resuming: String? { continues ? "--continue" : session.map { _ in "--session" } }

  private func options(
    _ configuration: ChatConfiguration, _ folders: UserFolders, _ environment: [String: String]
  ) throws -> ChatOptions {
    let terminal = Terminal(descriptor: STDOUT_FILENO, environment: environment)
    var options = ChatOptions()
    options.picture = picture
    let chosen = chosen
    options.chosen = chosen
    options.adapter = chosen.adapter ?? (adapterPaths.isEmpty ? configuration.adapter : nil)
    options.task = chosen.task ?? configuration.task
    options.template = chosen.template ?? configuration.template ?? options.template
    options.sampling = chosen.sampling(over: configuration.sampling())
    options.isSeedChosen = seed != nil || configuration.seed != nil
    options.isASCII = ascii
    options.isUnicode = terminal.isUnicode
    options.hasColor = terminal.hasColor
    options.isLight = configuration.theme.map { $0 == "light" } ?? Self.hasLightBackground(environment)
    options.usesMouse = !noMouse && configuration.mouse ?? true
    options.showsPicture = configuration.picture ?? true
    let keeps = !noHistory && configuration.history ?? true
    if keeps {
      try? FileManager.default.createDirectory(
        atPath: folders.state, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      options.logPath = folders.state + "/chat.log"
      options.historyPath = folders.inputHistory
      options.sessions = SessionStore(folder: folders.sessions)
    }
    if !keeps, let resuming {
      throw InputError(
        file: folders.configurationFile, field: "history", expected: "true, since \(resuming) is given", found: "false",
        remedy: "Conversations are kept only with history: true.")
    }
    if let session {
      // One that is not there is told before a screen opens.
      if Int(session) == nil { _ = try SessionStore(folder: folders.sessions).session(session) }
      options.resumed = session
    } else if continues {
      guard let latest = SessionStore(folder: folders.sessions).list(limit: 1).first else {
        throw InputError(
          file: folders.sessions, field: "--continue", expected: "a conversation that was kept", found: "none",
          remedy: "Begin one without --continue.")
      }
      options.resumed = latest.id
    }
    return options
  }

  /// Some terminals say their colours, as `foreground;background` in the palette.
  private static func hasLightBackground(_ environment: [String: String]) -> Bool {
    let background = environment["COLORFGBG"]?.split(separator: ";").last.flatMap { Int($0) }
    return background == 7 || background == 15
  }

  /// What was given with `--adapter` that is a file or folder; all else are names.
  private var adapterPaths: [String] {
    adapter.filter { $0 != "none" && FileManager.default.fileExists(atPath: $0) }
  }
  private var adapterNames: [String] {
    adapter.filter { $0 == "none" || !FileManager.default.fileExists(atPath: $0) }
  }

  private func engine(_ configuration: ChatConfiguration, _ folders: UserFolders) throws -> any ChatEngine {
    if let scriptedEngine { return try ScriptedEngine(path: scriptedEngine) }
    var options = ModelEngineOptions(modelPath: try model ?? configuration.model ?? BundledModel.path)
    options.adapterPaths = adapterPaths
    options.adapterFolder = folders.adapters
    options.notice = notice
    if !noPictureCache, !noHistory, configuration.history ?? true { options.pictureFolder = folders.pictures }
    return ModelEngine(options)
  }
}
