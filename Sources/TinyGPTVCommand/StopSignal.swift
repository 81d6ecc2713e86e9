#if canImport(Glibc)
  import Glibc
#endif

/// SIGINT and SIGTERM as a request to stop when it suits; a second one ends the program at once.
///
/// The exit status is then the one that a shell gives a program that a signal ended.
enum StopSignal {
  nonisolated(unsafe) private static var received: sig_atomic_t = 0

  static var wasSent: Bool { received != 0 }

  /// 128 and the signal's number: 130 for SIGINT, 143 for SIGTERM.
  static var exitStatus: Int32 { 128 + received }

  static func install() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if StopSignal.received != 0 { _exit(128 + number) }
        StopSignal.received = number
      }
    }
  }
}
