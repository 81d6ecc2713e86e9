import Foundation

/// Writes a text in `$VISUAL`, else `$EDITOR`, else `vi`.
enum ExternalEditor {
  enum Outcome {
    case text(String)
    case failure(String)
  }

  /// Runs the editor on a file with this text and waits for it. The terminal must have been given back.
  static func edit(_ text: String, environment: [String: String] = ProcessInfo.processInfo.environment) -> Outcome {
    let command = ["VISUAL", "EDITOR"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? "vi"
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tinygptv-\(UUID().uuidString)")
    let file = folder.appendingPathComponent("question.txt")
    defer { try? FileManager.default.removeItem(at: folder) }
    do {
      try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try Data(text.utf8).write(to: file)
    } catch { return .failure("The editor's file cannot be written: \(error.localizedDescription)") }
    // The shell, since these variables may hold options. Ctrl-C is for the editor alone; Ctrl-Z stops both.
    let interrupt = signal(SIGINT, SIG_IGN)
    let quit = signal(SIGQUIT, SIG_IGN)
    let suspend = signal(SIGTSTP, SIG_DFL)
    defer {
      signal(SIGINT, interrupt)
      signal(SIGQUIT, quit)
      signal(SIGTSTP, suspend)
    }
    let status = run(["/bin/sh", "-c", "\(command) \"$1\"", "sh", file.path])
    guard status == 0 else {
      return .failure("The editor \(CleanText.line(command)) ended with status \(status); the line stays as it was.")
    }
    guard let data = try? Data(contentsOf: file) else { return .failure("The editor's file is gone.") }
    var result = String(decoding: data, as: UTF8.self)
    while result.hasSuffix("\n") { result.removeLast() }
    return .text(result)
  }

  private static func run(_ arguments: [String]) -> Int32 {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var standard = sigset_t()
    sigemptyset(&standard)
    for number in [SIGINT, SIGQUIT, SIGTSTP, SIGWINCH, SIGCONT, SIGHUP, SIGTERM] { sigaddset(&standard, number) }
    posix_spawnattr_setsigdefault(&attributes, &standard)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var child: pid_t = 0
    guard posix_spawn(&child, arguments[0], nil, &attributes, &pointers, environ) == 0 else { return 127 }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
  }
}
