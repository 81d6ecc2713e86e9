import Diagnostics
import Foundation
import ModelFiles
import TestSupport
import Testing

/// A file that must be refused, and what the error must say.
struct MalformedFile: Sendable, CustomTestStringConvertible {
  var name: String
  var suffix: String
  var bytes: [UInt8]
  /// Parts of the message.
  var mentions: [String]

  var testDescription: String { name }

  static func gguf(_ name: String, _ mentions: [String], _ change: (inout GGUFBytes) -> Void) -> Self {
    var file = GGUFBytes()
    change(&file)
    return Self(name: name, suffix: "gguf", bytes: file.bytes, mentions: mentions)
  }

  static func safetensors(_ name: String, _ mentions: [String], _ header: String, data: Int = 16) -> Self {
    Self(name: name, suffix: "safetensors", bytes: safetensorsBytes(header, data: data), mentions: mentions)
  }

  static func pickle(_ name: String, _ mentions: [String], _ bytes: [UInt8], storages: [[UInt8]] = []) -> Self {
    Self(name: name, suffix: "pth", bytes: ZipBytes(pickle: bytes, storages: storages).bytes, mentions: mentions)
  }

  /// The program's private memory when it reads a good file is below 4 MiB; the rest is what MALFORMED_INPUTS allows.
  static let memoryLimit: UInt64 = (8 + 64) << 20

  /// Shows the file with `tinygptv inspect` in a child process, which must refuse it in the way of the program.
  func expectRefused(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let path = try TemporaryFolder.shared.write(bytes, suffix: suffix)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let result = try ChildProcess.tinygptv(
      ["inspect", path], seconds: 10, dataLimit: Self.memoryLimit + UInt64(bytes.count))
    #expect(result.ending == .exited(65), "\(name): \(result.errorOutput)", sourceLocation: sourceLocation)
    #expect(result.errorOutput.hasPrefix("tinygptv: \(path)"), "\(result.errorOutput)", sourceLocation: sourceLocation)
    for mention in mentions {
      #expect(
        result.errorOutput.contains(mention), "\(name): '\(mention)' in \(result.errorOutput)",
        sourceLocation: sourceLocation)
    }
    #expect(result.output.isEmpty, sourceLocation: sourceLocation)
  }
}

/// A folder for the files of this test run; each test removes its own.
struct TemporaryFolder: Sendable {
  static let shared = TemporaryFolder()
  let path: String

  init() {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("modelfiles-\(getpid())")
    try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
    atexit { try? FileManager.default.removeItem(atPath: TemporaryFolder.shared.path) }
  }

  func unused(suffix: String) -> String { "\(path)/\(UUID().uuidString).\(suffix)" }

  func write(_ bytes: [UInt8], suffix: String) throws -> String {
    let path = unused(suffix: suffix)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Runs `body` with the path of a file of these bytes, which is removed afterwards.
  func with<Result>(_ bytes: [UInt8], suffix: String, _ body: (String) throws -> Result) throws -> Result {
    let path = try write(bytes, suffix: suffix)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
  }
}
