import Diagnostics
import Foundation
import Yams

/// A user's settings of the chat, from a YAML file:
///
/// ```yaml
/// model: ~/models/tinygptv.gguf
/// adapter: second          # a name, or none
/// task: vqa                # a task, or none
/// template: tinygptv
/// temperature: 0.6
/// top_p: 0.9
/// repetition_penalty: 1.05
/// seed: 1
/// max_tokens: 500
/// theme: dark
/// history: true            # whether conversations and the input line's history are kept
/// mouse: true
/// picture: true            # whether the picture's pane is shown
/// keys:
///   next-adapter: Ctrl-T
/// ```
///
/// Every setting may be left out.
public struct ChatConfiguration: Sendable, Equatable {
  /// The model file, `~` expanded.
  public var model: String?
  /// The adapter to begin with: a name, or `none`.
  public var adapter: String?
  /// The task to begin with.
  public var task: VisionTask?
  /// A template's name or text.
  public var template: String?
  /// How tokens are chosen where no option says otherwise; nil: the program's own value.
  public var temperature, topP, repetitionPenalty: Float?
  /// The first seed.
  public var seed: UInt64?
  /// The longest answer, in tokens.
  public var maximumTokens: Int?
  /// A theme's name.
  public var theme: String?
  /// Whether conversations and the input line's history are kept.
  public var history: Bool?
  /// Whether the mouse is used.
  public var mouse: Bool?
  /// Whether the picture's pane is shown.
  public var picture: Bool?
  /// Keys by what they do, as they were written.
  public var keys: [String: String] = [:]

  /// No settings.
  public init() {}

  /// Sampling with these settings in place of the given ones.
  public func sampling(over base: SamplingChoice = SamplingChoice()) -> SamplingChoice {
    SamplingChoice(
      temperature: temperature ?? base.temperature, topP: topP ?? base.topP,
      repetitionPenalty: repetitionPenalty ?? base.repetitionPenalty, seed: seed ?? base.seed,
      maximumTokens: maximumTokens ?? base.maximumTokens)
  }

  /// Reads a file. What is wrong in it is told, and the rest of it counts. A file that is not there has no settings.
  ///
  /// - Parameters:
  ///   - themes: the names that `theme` may have; nil: any.
  ///   - actions: the names that `keys` may have; nil: any.
  ///   - home: what `~` stands for.
  public static func read(
    path: String, themes: [String]? = nil, actions: [String]? = nil, home: String? = nil
  ) -> (configuration: ChatConfiguration, problems: [InputError]) {
    guard FileManager.default.fileExists(atPath: path) else { return (ChatConfiguration(), []) }
    do {
      let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      let bytes = try handle.read(upToCount: maximumBytes + 1) ?? Data()
      guard bytes.count <= maximumBytes else {
        let error = InputError(file: path, expected: "at most \(maximumBytes) bytes of settings", found: "more")
        return (ChatConfiguration(), [error])
      }
      return parse(String(decoding: bytes, as: UTF8.self), path, themes: themes, actions: actions, home: home)
    } catch {
      let problem = InputError(
        file: path, expected: "a readable file of settings", found: error.localizedDescription)
      return (ChatConfiguration(), [problem])
    }
  }

  private static let maximumBytes = 1 << 20

  static func parse(
    _ text: String, _ path: String, themes: [String]? = nil, actions: [String]? = nil, home: String? = nil
  ) -> (configuration: ChatConfiguration, problems: [InputError]) {
    var reader = ConfigurationReader(path: path, themes: themes, actions: actions, home: home)
    do {
      if let root = try compose(yaml: text) { reader.read(root) }
    } catch {
      reader.problems.append(InputError(file: path, expected: "YAML", found: "\(error)"))
    }
    return (reader.configuration, reader.problems)
  }
}

/// Reads settings and notes what is wrong with them.
private struct ConfigurationReader {
  let path: String
  let themes: [String]?
  let actions: [String]?
  let home: String?
  var configuration = ChatConfiguration()
  var problems: [InputError] = []

  private static let names = [
    "model", "adapter", "task", "template", "temperature", "top_p", "repetition_penalty", "seed", "max_tokens", "theme",
    "history", "mouse", "picture", "keys",
  ]

  mutating func read(_ root: Node) {
    // A file of comments alone is a null.
    if root.null != nil { return }
    guard let mapping = root.mapping else {
      return problem(nil, root, expected: "settings such as \"theme: dark\"", found: "something else")
    }
    var seen: Set<String> = []
    for (key, value) in mapping {
      let name = key.string ?? "?"
      guard seen.insert(name).inserted else {
        problem(name, key, expected: "one value", found: "a second one")
        continue
      }
      set(name, key, value)
    }
  }

  private mutating func set(_ name: String, _ key: Node, _ value: Node) {
    switch name {
    case "model": text(name, value) { $0.model = $1 }
    case "adapter": text(name, value) { $0.adapter = $1 }
    case "template":
      text(name, value) { $0.template = $1 }
      if let template = configuration.template {
        do throws(InputError) { _ = try PromptTemplate(template) } catch {
          problem(name, value, expected: error.expected, found: error.found)
          configuration.template = nil
        }
      }
    case "task": task(value)
    case "theme": choice(name, value, of: themes) { $0.theme = $1 }
    case "temperature":
      number(name, value, SamplingChoice.temperatures, SamplingChoice.isTemperature) { $0.temperature = $1 }
    case "top_p":
      number(name, value, SamplingChoice.topPs, SamplingChoice.isTopP) { $0.topP = $1 }
    case "repetition_penalty":
      number(name, value, "a number above 0 and at most 100", { $0 > 0 && $0 <= 100 }) { $0.repetitionPenalty = $1 }
    case "seed":
      guard let seed = value.scalar.flatMap({ UInt64($0.string) }) else {
        return problem(name, value, expected: "a whole number from 0", found: shown(value))
      }
      configuration.seed = seed
    case "max_tokens":
      guard let count = value.int, count >= 1 else {
        return problem(name, value, expected: "a whole number from 1", found: shown(value))
      }
      configuration.maximumTokens = count
    case "history": flag(name, value) { $0.history = $1 }
    case "mouse": flag(name, value) { $0.mouse = $1 }
    case "picture": flag(name, value) { $0.picture = $1 }
    case "keys": keys(value)
    default: unknown(name, key, known: Self.names)
    }
    if name == "model", let model = configuration.model, model == "~" || model.hasPrefix("~/"), let home {
      configuration.model = home + model.dropFirst()
    }
  }

  private mutating func keys(_ value: Node) {
    if value.null != nil { return }
    guard let mapping = value.mapping else {
      return problem("keys", value, expected: "lines such as \"next-adapter: Ctrl-T\"", found: shown(value))
    }
    for (key, value) in mapping {
      let name = key.string ?? "?"
      if let actions, !actions.contains(name) {
        unknown(name, key, known: actions, in: "keys.")
      } else if let text = value.string, !text.isEmpty {
        configuration.keys[name] = text
      } else {
        problem("keys.\(name)", value, expected: "the name of a key", found: shown(value))
      }
    }
  }

  private mutating func task(_ value: Node) {
    let names = VisionTask.allCases.map(\.rawValue)
    choice("task", value, of: names + ["none"]) { $0.task = VisionTask(rawValue: $1) }
  }

  private mutating func choice(
    _ name: String, _ value: Node, of names: [String]?, _ set: (inout ChatConfiguration, String) -> Void
  ) {
    guard let text = value.string, names?.contains(text) ?? true else {
      let nearest = value.string.flatMap { Spelling.nearest(to: $0, in: names ?? [], changes: 2) }
      return problem(
        name, value, expected: "one of \((names ?? []).joined(separator: ", "))", found: shown(value),
        remedy: nearest.map { "The nearest is \($0)" })
    }
    set(&configuration, text)
  }

  private mutating func text(_ name: String, _ value: Node, _ set: (inout ChatConfiguration, String) -> Void) {
    guard let text = value.string, !text.isEmpty else {
      return problem(name, value, expected: "a text", found: shown(value))
    }
    set(&configuration, text)
  }

  private mutating func number(
    _ name: String, _ value: Node, _ expected: String, _ isValid: (Float) -> Bool,
    _ set: (inout ChatConfiguration, Float) -> Void
  ) {
    guard let number = value.float.map({ Float($0) }), isValid(number) else {
      return problem(name, value, expected: expected, found: shown(value))
    }
    set(&configuration, number)
  }

  private mutating func flag(_ name: String, _ value: Node, _ set: (inout ChatConfiguration, Bool) -> Void) {
    guard let flag = value.bool else { return problem(name, value, expected: "true or false", found: shown(value)) }
    set(&configuration, flag)
  }

  private mutating func unknown(_ name: String, _ key: Node, known: [String], in prefix: String = "") {
    let nearest = Spelling.nearest(to: name, in: known, changes: 2).map { "The nearest is \($0)" }
    problem(
      prefix + name, key, expected: "a known setting", found: "\"\(name)\"",
      remedy: nearest ?? "There are: \(known.joined(separator: ", "))")
  }

  private mutating func problem(
    _ field: String?, _ node: Node, expected: String, found: String, remedy: String? = nil
  ) {
    let line = node.mark.map { "line \($0.line)" }
    let place = [line, field].compactMap { $0 }.joined(separator: ", ")
    problems.append(
      InputError(file: path, field: place.isEmpty ? nil : place, expected: expected, found: found, remedy: remedy))
  }

  private func shown(_ node: Node) -> String {
    switch node {
    case .scalar(let scalar): "\"\(scalar.string.prefix(80))\""
    case .mapping: "a mapping"
    case .sequence: "a list"
    default: "something else"
    }
  }
}
