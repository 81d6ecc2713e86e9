import CSystem
import Foundation

/// Runs the built `tinygptv` as a user would, in a process of its own.
public struct ChildProcess {
  /// How it ended.
  public enum Ending: Equatable, Sendable {
    /// By itself, with this status.
    case exited(Int32)
    /// By a signal that nobody here sent.
    case killedBySignal(Int32)
    /// Killed, since it took too long.
    case timedOut
  }

  /// What came of one run.
  public struct Result: Sendable {
    /// How it ended.
    public var ending: Ending
    /// What it wrote to standard output.
    public var output: Data
    /// What it wrote to standard error, as text.
    public var errorOutput: String
    /// The most memory that was resident at once, in bytes.
    public var peakBytes: UInt64
    /// How long it ran, by the clock on the wall.
    public var seconds: Double

    /// Standard output as text.
    public var text: String { String(decoding: output, as: UTF8.self) }
  }

  /// The executable next to the running test bundle, so that debug tests run the debug build and release the release.
  public static let executable: String = {
    var folder = Bundle.main.executableURL?.deletingLastPathComponent() ?? URL(fileURLWithPath: ".")
    for argument in CommandLine.arguments where argument.hasSuffix(".xctest") {
      folder = URL(fileURLWithPath: argument).deletingLastPathComponent()
    }
    return folder.appendingPathComponent("tinygptv").path
  }()

  /// Runs `tinygptv` with these arguments.
  ///
  /// - Parameters:
  ///   - input: what stands on standard input.
  ///   - seconds: how long it may take before it is killed.
  ///   - dataLimit: a ceiling for its private memory in bytes, code and mapped files not counted.
  public static func tinygptv(
    _ arguments: [String], input: Data = Data(), environment: [String: String] = [:], seconds: Double = 60,
    dataLimit: UInt64 = 0
  ) throws -> Result {
    try run([executable] + arguments, input: input, environment: environment, seconds: seconds, dataLimit: dataLimit)
  }

  /// Runs any program, given by its full path.
  public static func run(
    _ arguments: [String], input: Data = Data(), environment: [String: String] = [:], seconds: Double = 60,
    dataLimit: UInt64 = 0
  ) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("child-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let paths = ["in", "out", "err"].map { folder.appendingPathComponent($0) }
    try input.write(to: paths[0])
    try Data().write(to: paths[1])
    try Data().write(to: paths[2])
    let standardInput = try FileHandle(forReadingFrom: paths[0])
    let standardOutput = try FileHandle(forWritingTo: paths[1])
    let standardError = try FileHandle(forWritingTo: paths[2])
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
    var result = csystem_child_result()
    let failure = withCStrings(arguments) { argv in
      withCStrings(variables) { envp in
        csystem_run_child(
          argv, envp, standardInput.fileDescriptor, standardOutput.fileDescriptor, standardError.fileDescriptor,
          seconds, dataLimit, &result)
      }
    }
    guard failure == 0 else { throw POSIXError(POSIXErrorCode(rawValue: failure) ?? .EIO) }
    let signal = result.status & 0x7f
    return Result(
      ending: result.timed_out ? .timedOut : signal == 0 ? .exited(result.status >> 8 & 0xff) : .killedBySignal(signal),
      output: try Data(contentsOf: paths[1]),
      errorOutput: String(decoding: try Data(contentsOf: paths[2]), as: UTF8.self),
      peakBytes: result.peak_bytes, seconds: result.elapsed)
  }
}

private func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
  pointers.append(nil)
  defer { for pointer in pointers { free(pointer) } }
  return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
}
