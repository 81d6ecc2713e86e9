import Diagnostics
import ModelFiles

#if canImport(Glibc)
  import Glibc
#endif

/// The folder of one training run, held by one process at a time.
///
///     runs/stage2/metrics.jsonl            one line a step
///     runs/stage2/events.out.tfevents.…    the same for TensorBoard
///     runs/stage2/checkpoints/step-000123  what the run continues from
///     runs/stage2/run.lock                 who holds the folder
public final class RunFolder: Sendable {
  /// The folder.
  public let path: String
  private let lock: Int32

  /// Makes the folder if it is not there, and holds it until the object goes or the process ends, however it ends.
  ///
  /// - Throws: ``InputError`` if it cannot be made, or another process trains in it.
  public init(path: String) throws(InputError) {
    self.path = path
    try makeDirectory(path)
    let name = join(path, "run.lock")
    lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard lock >= 0 else {
      throw InputError(file: name, expected: "a file to write", found: String(cString: strerror(errno)))
    }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      let reason = errno
      close(lock)
      throw InputError(
        file: path, expected: "a folder that no other run uses",
        found: reason == EWOULDBLOCK ? "one that a running process trains in" : String(cString: strerror(reason)),
        remedy: "Wait for it to end, or name another output_dir.")
    }
  }

  deinit { close(lock) }

  /// `metrics.jsonl`.
  public var metricsPath: String { Self.metricsPath(in: path) }
  /// The directory of TensorBoard's event files: the folder itself, so that TensorBoard names the run after it.
  public var eventsDirectory: String { path }
  /// The directory of the checkpoints.
  public var checkpointsDirectory: String { join(path, "checkpoints") }

  /// Where a run's metrics are.
  public static func metricsPath(in folder: String) -> String { join(folder, "metrics.jsonl") }
}
