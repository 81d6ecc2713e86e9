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
    let line = withoutTakenBack(line)
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

  /// The command that was typed behind a question that `/undo` had put back into the line; else the line as it is.
  private mutating func withoutTakenBack(_ line: String) -> String {
    defer { takenBack = nil }
    guard let question = takenBack, !question.isEmpty, line.hasPrefix(question) else { return line }
    let rest = line.dropFirst(question.count).description.trimmingSpaces
    let word = rest.dropFirst().prefix { $0 != " " }
    return rest.hasPrefix("/") && CommandTable.find(String(word)) != nil ? rest : line
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
      let effects = stop()
      startAnew()
      // Also if the picture that is being read is none.
      replaced?.contextStart = contextStart
      note("A new beginning\(picture == nil ? "" : ", with the same picture").")
      return effects + [.recordClear]
    case "new":
      let effects = stop() + use(nil)
      startAnew()
      replaced = nil
      note("A new conversation.")
      return effects + [.newSession]
    case "temp", "top-p", "seed", "template": return setting(name, argument)
    case "stats": note(statisticsText)
    case "save-picture": return savePicture(argument)
    case "export":
      return [.export(to: argument.isEmpty ? nil : WrittenPath.whole(argument))]
    case "sessions": return argument.isEmpty ? listSessions() : openSession(argument)
    case "region": return perform(.region)
    case "boxes": return hasScreen ? stepBoxes(-1) : onlyOnScreens("Every answer says its boxes in words")
    case "markup": return perform(.markup)
    case "hide": return hasScreen ? perform(.hide) : onlyOnScreens(Self.picturesInLines)
    case "zoom": return hasScreen ? perform(.zoom) : onlyOnScreens(Self.picturesInLines)
    case "edit": return [.openEditor("")]
    case "help": overlay = .help(scroll: 0)
    default: return [.quit]
    }
    return []
  }

  private static let picturesInLines = "/save-picture writes the picture with its boxes"

  /// What to use in lines in place of a command that is for screens.
  private mutating func onlyOnScreens(_ instead: String) -> [ChatEffect] {
    note("Pictures are not drawn in a chat of lines. \(instead).")
    return []
  }

  mutating func complaining(_ text: String) -> [ChatEffect] {
    complain(text)
    return []
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
      default:
        let names = PromptTemplate.named.map(\.name).joined(separator: ", ")
        note("The template is \(CleanText.line(template)). There are: \(names); or a text with {} for the question.")
      }
      return []
    }
    switch name {
    case "temp":
      guard let value = Float(argument), SamplingChoice.isTemperature(value) else {
        return complaining("/temp takes \(SamplingChoice.temperatures); not \(CleanText.line(argument)).")
      }
      sampling.temperature = value
      show("Temperature: \(value)")
    case "top-p":
      guard let value = Float(argument), SamplingChoice.isTopP(value) else {
        return complaining("/top-p takes \(SamplingChoice.topPs), not \(CleanText.line(argument)).")
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
}
