import ArgumentParser
import Diagnostics

#if canImport(Glibc)
  import Glibc
#endif

/// The program: talk to pictures with TinyGPT-V on a CPU.
@main
struct TinyGPTVCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tinygptv",
    abstract: "Talk to pictures with TinyGPT-V, on a CPU.",
    subcommands: [
      Chat.self, Ask.self, Convert.self, Inspect.self, Train.self, ScenesCommand.self, Evaluate.self, Plot.self,
      Bench.self, RandomModelCommand.self, Tokenize.self, DecodePicture.self, Trace.self,
    ])

  /// Runs the subcommand that the arguments name, and ends with the status that `ExitStatus` gives.
  static func main() async {
    openStandardStreams()
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      ExitStatus.end(error)
    }
  }

  /// Opens the standard streams that whoever started the program has closed, so that no file of ours takes their place.
  private static func openStandardStreams() {
    // The lowest free descriptor is taken.
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
      _ = open("/dev/null", O_RDWR)
    }
  }
}

/// What the program's exit status tells; the numbers are those of sysexits.h.
enum ExitStatus {
  /// The command line is wrong.
  static let usage: Int32 = 64
  /// A file or another thing that the user gave is wrong.
  static let badInput: Int32 = 65
  /// The program is wrong.
  static let internalFault: Int32 = 70

  /// Tells the user what is wrong, on standard error, and ends the program.
  static func end(_ error: any Error) -> Never {
    if let error = error as? InputError {
      complain("\(error)")
      exit(badInput)
    }
    let code = TinyGPTVCommand.exitCode(for: error)
    // Help and version are no errors: they go to standard output.
    if code == .success { TinyGPTVCommand.exit(withError: error) }
    if error is ExitCode { exit(code.rawValue) }
    if code == .validationFailure {
      let message = TinyGPTVCommand.fullMessage(for: error)
      complain(message.hasPrefix("Error: ") ? String(message.dropFirst("Error: ".count)) : message)
      exit(usage)
    }
    complain("internal fault: \(error)")
    exit(internalFault)
  }

  static func complain(_ message: String) {
    let line = Array("tinygptv: \(message)\n".utf8)
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
