import Diagnostics

#if canImport(Glibc)
  import Glibc
#endif

/// A conversation's file: lines that are there whole or not at all, of one writing process at a time.
final class SessionFile: Sendable {
  let path: String
  private let descriptor: Int32

  /// Opens the file for appending, and makes it, readable for its owner alone, where it is not there.
  ///
  /// - Throws: ``InputError`` if that cannot be.
  init(path: String, isNew: Bool) throws(InputError) {
    self.path = path
    // O_NONBLOCK: opening a pipe would otherwise wait for its other end.
    let flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK | (isNew ? O_CREAT | O_EXCL : 0)
    descriptor = open(path, flags, 0o600)
    guard descriptor >= 0 else { throw Self.failure(path, errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw InputError(file: path, expected: "a conversation's file", found: "something other than a regular file")
    }
  }

  deinit { close(descriptor) }

  /// Makes this process the one that writes, as long as the file is open; false if another one is.
  func lock() -> Bool {
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EINTR else { return errno != EWOULDBLOCK }
    }
    return true
  }

  /// Appends lines. What a crash left of a last line becomes a line of its own, which readers skip.
  ///
  /// - Throws: ``InputError``; the file is then as it was.
  func append(_ lines: [UInt8]) throws(InputError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.failure(path, errno) }
    // Somebody deleted the conversation: what is written now would be lost.
    guard status.st_nlink > 0 else { throw Self.failure(path, ENOENT) }
    var bytes = lines
    var last: UInt8 = 0x0a
    if status.st_size > 0 {
      guard pread(descriptor, &last, 1, status.st_size - 1) == 1 else { throw Self.failure(path, errno) }
      if last != 0x0a { bytes.insert(0x0a, at: 0) }
    }
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, $0.count - done) }
      let reason = errno
      if count > 0 {
        done += count
      } else if count == 0 || reason != EINTR {
        ftruncate(descriptor, status.st_size)
        throw Self.failure(path, count == 0 ? ENOSPC : reason)
      }
    }
  }

  static func failure(_ path: String, _ reason: Int32) -> InputError {
    InputError(
      file: path, field: "conversation", expected: "to write the file", found: String(cString: strerror(reason)),
      remedy: [ENOSPC, EDQUOT, EFBIG].contains(reason)
        ? "Make room on the disk; the conversation goes on and is written then"
        : "The conversation goes on but is not kept; another folder can be named with --data-dir")
  }

  /// Makes a folder and those above it, readable for their owner alone.
  static func makeFolder(_ path: String) throws(InputError) {
    if mkdir(path, 0o700) == 0 { return }
    var reason = errno
    if reason == ENOENT, let slash = path.utf8.lastIndex(of: 0x2f), slash > path.startIndex {
      try makeFolder(String(path[..<slash]))
      if mkdir(path, 0o700) == 0 { return }
      reason = errno
    }
    var status = stat()
    if reason == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
    throw failure(path, reason)
  }
}
