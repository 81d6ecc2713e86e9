import Synchronization

/// A wish to stop, from any thread to the one that works.
final class StopFlag: Sendable {
  private let flag = Atomic(false)

  /// Whether somebody wished it.
  var isSet: Bool { flag.load(ordering: .relaxed) }

  /// Wishes it.
  func set() { flag.store(true, ordering: .relaxed) }
}
