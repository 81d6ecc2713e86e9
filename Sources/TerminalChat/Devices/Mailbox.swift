import Foundation
import Synchronization

/// Where other threads leave what has happened; a descriptor becomes readable when something is there, so that one `poll`
/// waits for the terminal and for this.
final class Mailbox: Sendable {
  private let waiting = Mutex<[@Sendable () -> ChatInput]>([])
  /// Readable while something waits.
  let descriptor: Int32
  private let bell: Int32

  init?() {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return nil }
    (descriptor, bell) = (ends[0], ends[1])
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
  }

  /// Leaves something.
  func post(_ input: @escaping @Sendable () -> ChatInput) {
    let isFirst = waiting.withLock {
      $0.append(input)
      return $0.count == 1
    }
    if isFirst {
      var byte: UInt8 = 0
      _ = write(bell, &byte, 1)
    }
  }

  /// Takes all that is there, oldest first.
  func take() -> [ChatInput] {
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(descriptor, &bytes, bytes.count) > 0 {}
    let all = waiting.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
    return all.map { $0() }
  }
}
