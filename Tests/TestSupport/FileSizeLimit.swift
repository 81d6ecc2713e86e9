import Foundation

/// Lets no file of this process grow beyond `size` bytes: writing then fails as on a full disk. For exit tests, which
/// run in a process of their own: the limit cannot be raised again.
public func limitFileSize(_ size: Int) throws {
  signal(SIGXFSZ, SIG_IGN)
  var limit = rlimit(rlim_cur: rlim_t(size), rlim_max: rlim_t(size))
  guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else {
    throw CocoaError(.featureUnsupported)
  }
}
