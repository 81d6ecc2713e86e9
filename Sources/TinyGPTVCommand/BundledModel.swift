import Diagnostics
import Foundation

/// The model that comes with the program.
enum BundledModel {
  private static let name = "tinygptv-demo.gguf"

  /// Where it is: installed beside the program, else in the sources that the program was built from.
  static var path: String {
    get throws(InputError) {
      let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
      var places = [sources.appendingPathComponent("assets").appendingPathComponent(name)]
      if let program = Bundle.main.executableURL?.resolvingSymlinksInPath() {
        let prefix = program.deletingLastPathComponent().deletingLastPathComponent()
        places.insert(prefix.appendingPathComponent("share/tinygptv").appendingPathComponent(name), at: 0)
      }
      guard let found = places.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
        throw InputError(
          file: "--model", expected: "a model file, or \(name) beside the program", found: "neither",
          remedy: "Give one with --model file.gguf; tinygptv convert makes one of upstream's files")
      }
      return found.path
    }
  }
}
