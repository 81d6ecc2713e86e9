#if canImport(Glibc)
  import Glibc
#endif

/// SIGINT and SIGTERM as a request to stop when it suits; a second one ends the program at once.
enum StopSignal {
  nonisolated(unsafe) private static var received: sig_atomic_t = 0

  static var wasSent: Bool { received != 0 }

  static func install() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if StopSignal.received != 0 { _exit(128 + number) }
        StopSignal.received = 1
      }
    }
  }
}
