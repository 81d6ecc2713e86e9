import Foundation
import Pictures
import TestSupport
import Testing

/// A real terminal with a shell in it, by tmux: keys in, screen out. Nothing sleeps for a guessed time: ``wait(_:_:)`` looks
/// until the screen is as it should be.
final class TmuxTerminal {
  /// A folder of its own, home of everything that the program keeps.
  let folder: URL
  /// What answers.
  let engine: TestEngine
  private let socket: String
  private static let tmux = "/usr/bin/tmux"

  /// A shell in a window of this size.
  init(
    columns: Int = 80, rows: Int = 24, engine: TestEngine = .script, environment: [String: String] = [:],
    locale: String = "C.UTF-8"
  ) throws {
    self.engine = engine
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("chat-\(UUID().uuidString)")
    socket = folder.path + "/tmux"
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var variables = [
      "HOME": folder.path, "PATH": "/usr/bin:/bin", "PS1": "SHELL> ", "TERM": "screen-256color", "LC_ALL": locale,
      "SWIFT_BACKTRACE": "enable=no", "LD_LIBRARY_PATH": ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? "",
      "HISTFILE": "",
    ]
    variables.merge(environment) { $1 }
    let command =
      (["/usr/bin/env", "-i"] + variables.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }
      + ["/bin/bash", "--norc", "--noprofile"]).map(Self.quoted).joined(separator: " ")
    try tmux([
      "-f", "/dev/null", "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", "-c", folder.path, command,
    ])
    try tmux(["set-option", "-g", "status", "off"])
    try tmux(["set-option", "-g", "escape-time", "0"])
    try tmux(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
    try wait { $0.contains("SHELL>") }
  }

  deinit {
    _ = try? tmux(["kill-server"])
    try? FileManager.default.removeItem(at: folder)
  }

  static func quoted(_ text: String) -> String { "'" + text.replacingOccurrences(of: "'", with: "'\\''") + "'" }

  @discardableResult
  func tmux(_ arguments: [String]) throws -> String {
    // A UTF-8 client whatever the environment of the tests.
    let result = try ChildProcess.run([Self.tmux, "-u", "-S", socket] + arguments, seconds: 20)
    guard result.ending == .exited(0) else { throw TmuxFailure(message: "\(arguments): \(result.errorOutput)") }
    return result.text
  }

  struct TmuxFailure: Error, CustomStringConvertible {
    let message: String
    var description: String { message }
  }

  // MARK: keys

  /// Presses keys by tmux's names.
  func press(_ keys: String...) throws { try tmux(["send-keys"] + keys) }

  /// Types text.
  func type(_ text: String) throws { try tmux(["send-keys", "-l", text]) }

  /// Sends bytes as they are.
  func send(_ bytes: String) throws {
    try tmux(["send-keys", "-H"] + bytes.utf8.map { String($0, radix: 16) })
  }

  /// Types a line and presses Enter.
  func enter(_ line: String) throws {
    try type(line)
    try press("Enter")
  }

  func resize(columns: Int, rows: Int) throws { try tmux(["resize-window", "-x", "\(columns)", "-y", "\(rows)"]) }

  // MARK: the screen

  /// The screen as text; with colours as escape sequences if wanted.
  func screen(withEscapes: Bool = false) throws -> String {
    try tmux(["capture-pane", "-p"] + (withEscapes ? ["-e"] : []))
  }

  /// The screen as it is when a key arrives.
  func screen(pressing key: String) throws -> String { try tmux(["capture-pane", "-p", ";", "send-keys", key]) }

  func lines() throws -> [String] { try screen().components(separatedBy: "\n") }

  /// What tmux knows of the terminal, such as `cursor_x` or `alternate_on`.
  func value(_ name: String) throws -> String {
    try tmux(["display-message", "-p", "#{\(name)}"]).trimmingCharacters(in: .newlines)
  }

  /// Looks at the screen until it is as it should be.
  @discardableResult
  func wait(
    seconds: Double = 60, _ what: String = "", location: SourceLocation = #_sourceLocation,
    until condition: (String) throws -> Bool
  ) throws -> String {
    let end = ContinuousClock.now + .seconds(seconds)
    while true {
      let text = try screen()
      if try condition(text) { return text }
      guard ContinuousClock.now < end else {
        Issue.record("not on the screen in time: \(what)\n\(text)", sourceLocation: location)
        throw TmuxFailure(message: "timed out")
      }
      usleep(15_000)
    }
  }

  /// Waits until a text is on the screen.
  @discardableResult
  func wait(for text: String, location: SourceLocation = #_sourceLocation) throws -> String {
    try wait(text, location: location) { $0.contains(text) }
  }

  /// Reads a file that another process writes until it is as it should be; the last part of it may be late.
  func wait(forFile path: String, until condition: (String) -> Bool) throws -> String {
    var text = ""
    try wait("the end of \(path)") { _ in
      text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
      return condition(text)
    }
    return text
  }

  // MARK: the program

  /// The script of a chat without a model.
  static let script = """
    {"model": {"name": "demo", "adapters": [{"name": "one"}, {"name": "two"}], "default_adapter": "one"},
     "answers": [
       {"question": "corners", "text": "{<10><20><50><60>}"},
       {"question": "pair", "text": "<p>a cat</p>{<0><0><40><40>}<p>a dog</p>{<50><50><90><90>}"},
       {"question": "many", "text": "<p>bird</p>{<5><5><30><40>}<delim>{<60><5><90><40>} and <p>bird</p>{<5><60><30><95>}"},
       {"question": "broken", "text": "<p>x</p>{<90><90><10><10>} {<10><20><300><40>} {<1><2><3>} {<999><999><999><999>} {<1><2"},
       {"question": "nothing", "text": "I see none"},
       {"question": "moving", "text": "<p>a bus</p>{<10><20><50><60>} \(String(repeating: "word ", count: 2000))", "delay": 0.05},
       {"question": "the whole of it", "text": "as a whole"},
       {"question": "slow", "text": "\(String(repeating: "word ", count: 400))", "delay": 0.05},
       {"question": "fault", "failure": {"kind": "numbers", "message": "a value is not a number", "remedy": "Try another picture"}},
       {"text": "answer to {question} from {adapter} with seed {seed} at {temperature} after {turns}"}
     ]}
    """

  /// Starts the chat from the shell, with another command before it if one is wanted.
  func start(_ arguments: String = "", script: String = TmuxTerminal.script, before: String = "") throws {
    let path = folder.appendingPathComponent("script.json").path
    try Data(script.utf8).write(to: URL(fileURLWithPath: path))
    try enter("\(before)\(ChildProcess.executable) chat \(try engine.arguments(in: folder)) \(arguments)")
  }

  /// Asks, and waits until the answer is whole. A script's answer is known; a model's only has to be there.
  func ask(_ question: String, location: SourceLocation = #_sourceLocation) throws {
    try enter(question)
    try waitForAnswer(to: question, location: location)
  }

  /// Waits until a question that is on its way has its answer.
  func waitForAnswer(to question: String, location: SourceLocation = #_sourceLocation) throws {
    try wait("the answer to \(question)", location: location) { text in
      engine == .script ? text.contains("answer to \(question)") : try Self.modelAnswer(to: question, on: text) != nil
    }
  }

  /// A model's answer to the last question of these words: what stands below its head, without the picture's pane and
  /// the remark that it is as long as allowed. Nil as long as it is not whole.
  ///
  /// - Throws: if the engine failed, or answered nothing.
  static func modelAnswer(to question: String, on screen: String) throws -> String? {
    guard let asked = screen.range(of: question, options: .backwards), !screen.contains(" stops") else { return nil }
    let below = screen[asked.upperBound...].split(separator: "\n", omittingEmptySubsequences: false).dropFirst().map {
      $0.prefix { $0 != "│" }.trimmingCharacters(in: .whitespaces)
    }
    guard let head = below.firstIndex(where: { $0.hasPrefix("TinyGPT-V with") }) else { return nil }
    let lines = below[(head + 1)...].prefix { !$0.hasPrefix("─") && !$0.hasPrefix("· cut") }.filter { !$0.isEmpty }
    guard !lines.isEmpty, !lines.contains(where: { $0.hasPrefix("! ") || $0.hasPrefix("· ") }) else {
      throw TmuxFailure(message: "no answer to \(question):\n\(screen)")
    }
    return lines.joined(separator: " ")
  }

  /// Whether an answer is being written.
  static func isAnswering(_ screen: String) -> Bool { screen.contains(/answering +[0-9.]+ s · Esc stops/) }

  /// Starts the chat and waits until it is ready.
  func open(_ arguments: String = "", script: String = TmuxTerminal.script) throws {
    try start(arguments, script: script)
    try wait("the chat") { ($0.contains("F1 help") || $0.contains("demo ")) && !$0.contains("loading the model") }
  }

  /// The chat's process.
  func chatProcess() throws -> Int32 {
    let shell = try value("pane_pid")
    let children = try String(contentsOfFile: "/proc/\(shell)/task/\(shell)/children", encoding: .utf8)
    return try #require(children.split(separator: " ").first.flatMap { Int32($0) })
  }

  /// How long the chat's process has kept a core busy so far, in hundredths of a second.
  func processorTicks() throws -> Int {
    let fields = try String(contentsOfFile: "/proc/\(try chatProcess())/stat", encoding: .utf8).split(separator: " ")
    return (Int(fields[13]) ?? 0) + (Int(fields[14]) ?? 0)
  }

  /// Leaves the chat by its own means, and waits for the shell.
  func quit() throws {
    try press("C-d")
    try waitForShell()
  }

  /// Waits until the shell has the terminal back.
  func waitForShell(location: SourceLocation = #_sourceLocation) throws {
    try wait("the shell", location: location) {
      $0.trimmingCharacters(in: .whitespacesAndNewlines).hasSuffix("SHELL>")
    }
  }

  /// Writes a picture of this size into the folder.
  @discardableResult
  func makePicture(_ name: String, width: Int, height: Int) throws -> String {
    var pixels: [UInt8] = []
    for row in 0..<height {
      for column in 0..<width {
        pixels += [UInt8(255 * column / width), UInt8(255 * row / height), UInt8((column / 8 + row / 8) % 2 * 120)]
      }
    }
    let path = folder.appendingPathComponent(name).path
    try Picture(width: width, height: height, pixels: pixels).writePNG(to: path)
    return path
  }
}

/// Tests of the whole program in a real terminal, one after another: they wait for processes, and two cores are few.
@Suite(.serialized) struct RealTerminal {}

extension String {
  /// Whether something drawn in blocks is in it.
  var showsPicture: Bool { unicodeScalars.contains { (0x2580...0x259F).contains($0.value) } }
}
