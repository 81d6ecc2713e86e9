import Diagnostics

#if canImport(Glibc)
  import Glibc
#endif

/// A file that grows at its end by pieces that are there whole or not at all.
///
/// What is appended has reached the operating system when a call returns, so that it outlives this process being killed.
/// Calls from several threads need a lock of the caller's.
final class AppendedFile: Sendable {
  let path: String
  private let descriptor: Int32

  /// Opens the file for reading and appending, and makes it if it is not there.
  init(path: String) throws(InputError) {
    self.path = path
    // O_NONBLOCK: opening a pipe would otherwise wait for its other end.
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o666)
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

  deinit { close(descriptor) }

  /// How many bytes the file has.
  func size() throws(InputError) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(errno) }
    return Int(status.st_size)
  }

  /// Appends bytes; if that fails, the file is again as long as before.
  ///
  /// - Returns: where they start.
  @discardableResult
  func append(_ bytes: [UInt8]) throws(InputError) -> Int {
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
  func read(into target: UnsafeMutableRawBufferPointer, at offset: Int) -> Bool {
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
  func read(_ count: Int, at offset: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    return bytes.withUnsafeMutableBytes({ read(into: $0, at: offset) }) ? bytes : nil
  }

  /// Cuts the file to this length.
  func truncate(to size: Int) throws(InputError) {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw failure(errno) }
  }

  /// Calls `body` while no other process is in such a call.
  func whileLocked<Result>(_ body: () throws(InputError) -> Result) throws(InputError) -> Result {
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else { throw failure(errno) }
    }
    defer { flock(descriptor, LOCK_UN) }
    return try body()
  }

  private func failure(_ reason: Int32) -> InputError {
    InputError(
      file: path, expected: "to write the file", found: String(cString: strerror(reason)),
      remedy: [ENOSPC, EDQUOT, EFBIG].contains(reason) ? "Make room on the disk, or write to another one." : nil)
  }
}

/// Makes a directory and those above it, if they are not there yet.
func makeDirectory(_ path: String) throws(InputError) {
  if mkdir(path, 0o777) == 0 { return }
  var reason = errno
  if reason == ENOENT, let slash = path.utf8.lastIndex(of: 0x2f), slash > path.startIndex {
    try makeDirectory(String(path[..<slash]))
    if mkdir(path, 0o777) == 0 { return }
    reason = errno
  }
  var status = stat()
  if reason == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
  throw InputError(
    file: path, expected: "a directory that can be made", found: String(cString: strerror(reason)),
    remedy: "Name another directory, or one that you may write to.")
}

/// `directory/name`, without doubling the slash.
func join(_ directory: String, _ name: String) -> String {
  directory.hasSuffix("/") ? directory + name : directory + "/" + name
}
