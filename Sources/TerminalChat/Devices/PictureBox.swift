import Pictures
import Synchronization

/// Hands the last picture that was read from the task that read it to the screen.
final class PictureBox: Sendable {
  private let last = Mutex<(path: String, picture: Picture)?>(nil)

  /// Leaves a picture, unless the task that read it was cancelled: another one has taken its place then. Whether it did.
  func set(_ path: String, _ picture: Picture) -> Bool {
    // Looked at inside, so that nothing of a later task comes between.
    last.withLock {
      guard !Task.isCancelled else { return false }
      $0 = (path, picture)
      return true
    }
  }

  func get(_ path: String) -> Picture? {
    last.withLock { $0.flatMap { $0.path == path ? $0.picture : nil } }
  }
}
