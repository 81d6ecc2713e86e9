import Pictures
import Synchronization

/// Hands the last picture that was read from the task that read it to the screen.
final class PictureBox: Sendable {
  private let last = Mutex<(path: String, picture: Picture)?>(nil)

  func set(_ path: String, _ picture: Picture) { last.withLock { $0 = (path, picture) } }

  func get(_ path: String) -> Picture? {
    last.withLock { $0.flatMap { $0.path == path ? $0.picture : nil } }
  }
}
