import Foundation
import Synchronization
import TestSupport

/// What answers in a test of the screen.
enum TestEngine: String, CaseIterable, Sendable {
  /// A script, whose answers and delays are known.
  case script
  /// The engine with a tiny model, whose words mean nothing.
  case model

  /// What `tinygptv chat` is given: a model called `demo` with the adapters `one`, the first, and `two`.
  func arguments(in folder: URL) throws -> String {
    guard self == .model else { return "--scripted-engine script.json" }
    let model = try TinyModel.path("tiny-q", type: "q8_0")
    try link("demo.gguf", to: model, in: folder)
    try link("one.gguf", to: try Self.adapter(of: model), in: folder)
    try link("two", to: Fixtures.path("tiny-q/adapters/second"), in: folder)
    return "--model demo.gguf --adapter one.gguf --adapter two --max-tokens 8"
  }

  private func link(_ name: String, to path: String, in folder: URL) throws {
    let link = folder.appendingPathComponent(name).path
    guard !FileManager.default.fileExists(atPath: link) else { return }
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
  }

  private static let extracted = Mutex<String?>(nil)

  /// The model's adapter in a file of its own, made once in a run of the tests beside the model.
  private static func adapter(of model: String) throws -> String {
    try extracted.withLock { extracted in
      if let path = extracted { return path }
      let path = model + "-adapter.gguf"
      let result = try ChildProcess.tinygptv([
        "convert", "--model", model, "--extract-adapter", "TinyGPT-V_for_Stage4", "--output", path,
      ])
      guard result.ending == .exited(0) else { throw TmuxTerminal.TmuxFailure(message: result.errorOutput) }
      extracted = path
      return path
    }
  }
}
