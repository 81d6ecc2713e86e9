import ArgumentParser
import Diagnostics

/// The program: talk to pictures with TinyGPT-V on a CPU.
@main
struct TinyGPTVCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tinygptv",
    abstract: "Talk to pictures with TinyGPT-V, on a CPU.",
    subcommands: [DecodePicture.self])
}
