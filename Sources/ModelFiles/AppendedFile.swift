import Diagnostics

#if canImport(Glibc)
  import Glibc
#endif

/// A file that grows at its end by pieces that are there whole or not at all.
///
/// What is appended has reached the operating system when a call returns, so that it outlives this process being killed.
/// Calls from several threads need a lock of the caller's.
package final class AppendedFile: Sendable {
  package let path: String
  private let descriptor: Int32

  /// How a file is opened.
  package enum Opening {
    /// The file there is, or a new one.
    case creating
    /// Only the file there is.
    case existing
    /// Only a new one, which its owner alone may read.
    case privateNew
  }

  /// Opens a file for reading and appending.
  package init(path: String, _ opening: Opening = .creating) throws(InputError) {
    self.path = path
    let (flags, mode): (Int32, mode_t) =
      switch opening {
      case .creating: (O_CREAT, 0o666)
      case .existing: (0, 0)
      case .privateNew: (O_CREAT | O_EXCL, 0o600)
      }
    // O_NONBLOCK: opening a pipe would otherwise wait for its other end.
    descriptor = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | flags, mode)
    guard descriptor >= 0 else {
      throw InputError(
        file: path, expected: "a file to append to", found: String(cString: strerror(errno)),
        remedy: "Its directory must exist and be writable.")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw InputError(file: path, expected: "a file to append to", found: "something other than a regular file")
    }
  }

  deinit {
    // Closing alone would leave the lock with a child that was forked and has not begun its own program yet.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// How many bytes the file has.
  package func size() throws(InputError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(errno) }
    return Int(status.st_size)
  }

  /// Appends bytes; if that fails, the file is again as long as before.
  ///
  /// - Returns: where they start.
  @discardableResult
  package func append(_ bytes: [UInt8]) throws(InputError) -> Int {
    let start = try size()
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress! + done, $0.count - done, start + done) }
      let reason = errno
      if count > 0 {
        done += count
      } else if count == 0 || reason != EINTR {
        ftruncate(descriptor, off_t(start))
        throw failure(count == 0 ? ENOSPC : reason)
      }
    }
    return start
  }

  /// Reads into all of `target`; false if the file ends before.
  package func read(into target: UnsafeMutableRawBufferPointer, at offset: Int) -> Bool {
    var done = 0
    while done < target.count, let base = target.baseAddress {
      let count = pread(descriptor, base + done, target.count - done, off_t(offset + done))
      if count > 0 {
        done += count
      } else if count == 0 || errno != EINTR {
        return false
      }
    }
    return true
  }

  /// Reads this many bytes, or nil if the file ends before.
  package func read(_ count: Int, at offset: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    return bytes.withUnsafeMutableBytes({ read(into: $0, at: offset) }) ? bytes : nil
  }

  /// Cuts the file to this length.
  package func truncate(to size: Int) throws(InputError) {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw failure(errno) }
  }

  /// Calls `body` while no other process is in such a call.
  package func whileLocked<Result>(_ body: () throws(InputError) -> Result) throws(InputError) -> Result {
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else { throw failure(errno) }
    }
    defer { flock(descriptor, LOCK_UN) }
    return try body()
  }

  /// Keeps other processes' calls of this and of ``whileLocked(_:)`` out until the file is closed; false if another
  /// process does so already.
  package func lockUntilClosed() -> Bool {
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      // A file system without locks is no reason not to write.
      guard errno == EINTR else { return errno != EWOULDBLOCK }
    }
    return true
  }

  /// Whether the file was deleted since it was opened: what is written now would be lost.
  package var isDeleted: Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_nlink == 0
  }

  private func failure(_ reason: Int32) -> InputError {
    InputError(
      file: path, expected: "to write the file", found: String(cString: strerror(reason)),
      remedy: [ENOSPC, EDQUOT, EFBIG].contains(reason) ? "Make room on the disk, or write to another one." : nil)
  }
}
