import Foundation
import Synchronization

/// The tiny models of `Tests/Fixtures`, converted by the program once in a run of the tests, when first asked for.
public enum TinyModel {
  /// Where the converted models are; removed when the tests end.
  private static let folder: URL = {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("models-\(UUID().uuidString)")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    atexit { try? FileManager.default.removeItem(at: TinyModel.folder) }
    return folder
  }()

  private static let converted = Mutex<[String: String]>([:])

  /// The model file of a fixture (`tiny-a`, `tiny-b`, `tiny-q`).
  ///
  /// - Parameters:
  ///   - type: how matrices are stored.
  ///   - stage: whose checkpoint goes in.
  ///   - merge: whether LoRA is folded into the weights.
  public static func path(_ fixture: String, type: String = "f32", stage: Int = 4, merge: Bool = false) throws -> String
  {
    let key = "\(fixture)-\(type)-stage\(stage)\(merge ? "-merged" : "")"
    return try converted.withLock { converted in
      if let path = converted[key] { return path }
      let path = folder.appendingPathComponent(key + ".gguf").path
      let arguments = conversion(fixture, to: path, stage: stage) + ["--type", type] + (merge ? ["--merge"] : [])
      let result = try ChildProcess.tinygptv(arguments)
      guard result.ending == .exited(0) else { throw ConversionFailure(message: result.errorOutput) }
      converted[key] = path
      return path
    }
  }

  /// The arguments that convert a fixture, in f16 unless `--type` follows.
  public static func conversion(_ fixture: String, to output: String, stage: Int = 4) -> [String] {
    func file(_ name: String) -> String { Fixtures.path("\(fixture)/\(name)") }
    return [
      "convert", "--phi", file("phi"), "--vision", file("eva_vit_g.pth"),
      "--qformer", file("blip2_pretrained_flant5xxl.pth"), "--checkpoint", file("TinyGPT-V_for_Stage\(stage).pth"),
      "--architecture", file("architecture.json"), "--output", output,
      // What the fixtures were trained with; their checkpoints do not tell.
      "--lora-alpha", fixture == "tiny-b" ? "32" : "16",
    ]
  }

  /// The program could not convert a fixture.
  public struct ConversionFailure: Error, CustomStringConvertible {
    let message: String
    /// What the program said.
    public var description: String { message }
  }
}

/// Calls `body` with a new folder, which is gone afterwards.
public func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("test-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}
