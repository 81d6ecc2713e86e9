import Diagnostics

#if canImport(Glibc)
  import Glibc
#endif

/// Writes a file that appears under its name only when it is whole.
///
/// The bytes go to a temporary file beside it, which ``finish()`` brings to the disk and renames. A writer that is not
/// finished, because of an error or because it was let go, removes the temporary file and leaves what was there before.
public final class AtomicFileWriter {
  /// The path as it was given.
  public let path: String
  /// How many bytes were appended.
  public private(set) var position = 0

  /// Where the file will be: the path with links followed.
  private let target: String
  private let temporary: String
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  private static let bufferSize = 1 << 20

  /// Creates the temporary file.
  ///
  /// - Throws: ``InputError`` if the directory cannot be written to, or something other than a regular file is there.
  public init(path: String) throws(InputError) {
    self.path = path
    var target = path
    var mode: mode_t = 0o666
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw InputError(
          file: path, expected: "a file to write", found: isDirectory(path) ? "a directory" : "a special file")
      }
      mode = status.st_mode & 0o777
      if let resolved = realpath(path, nil) {
        target = String(cString: resolved)
        free(resolved)
      }
    }
    self.target = target
    temporary = "\(target).\(getpid())-\(UInt32.random(in: 0...UInt32.max)).tmp"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else {
      throw InputError(
        file: path, expected: "a place to write to", found: String(cString: strerror(errno)),
        remedy: "Its directory must exist and be writable.")
    }
    buffer.reserveCapacity(Self.bufferSize)
  }

  deinit { abandon() }

  /// Appends bytes.
  ///
  /// - Throws: ``InputError`` with the system's reason, for instance that the disk is full.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(InputError) {
    precondition(descriptor >= 0, "the writer is finished")
    if buffer.count + bytes.count > Self.bufferSize { try flush() }
    if bytes.count >= Self.bufferSize {
      try write(bytes, at: position)
    } else {
      buffer.append(contentsOf: bytes)
    }
    position += bytes.count
  }

  /// Appends bytes.
  public func append(_ bytes: [UInt8]) throws(InputError) {
    let result: Result<Void, InputError> = bytes.withUnsafeBytes { raw in
      do throws(InputError) { return .success(try append(raw)) } catch { return .failure(error) }
    }
    try result.get()
  }

  /// Replaces bytes that were appended before, for fields that are known only later.
  public func overwrite(at offset: Int, _ bytes: [UInt8]) throws(InputError) {
    precondition(offset >= 0 && offset + bytes.count <= position, "only what was appended can be overwritten")
    try flush()
    let result: Result<Void, InputError> = bytes.withUnsafeBytes { raw in
      do throws(InputError) { return .success(try write(raw, at: offset)) } catch { return .failure(error) }
    }
    try result.get()
  }

  /// Brings everything to the disk and gives the file its name.
  ///
  /// - Throws: ``InputError``; the file that was there before is then still there.
  public func finish() throws(InputError) {
    precondition(descriptor >= 0, "the writer is finished")
    try flush()
    guard fsync(descriptor) == 0 else { throw failure() }
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0, rename(temporary, target) == 0 else {
      let error = failure()
      unlink(temporary)
      throw error
    }
    // The name itself is in the directory; a file system that cannot bring that to the disk is no reason to fail.
    let slash = target.utf8.lastIndex(of: 0x2f)
    let directory = open(slash.map { String(target[...$0]) } ?? ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }

  /// Writes a whole file.
  ///
  /// - Throws: ``InputError``; what was under this name before is then still there.
  public static func write(_ bytes: [UInt8], to path: String) throws(InputError) {
    let writer = try AtomicFileWriter(path: path)
    try writer.append(bytes)
    try writer.finish()
  }

  /// Removes the temporary file. Does nothing after ``finish()``.
  public func abandon() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
    unlink(temporary)
  }

  private func flush() throws(InputError) {
    guard !buffer.isEmpty else { return }
    let start = position - buffer.count
    let result: Result<Void, InputError> = buffer.withUnsafeBytes { raw in
      do throws(InputError) { return .success(try write(raw, at: start)) } catch { return .failure(error) }
    }
    try result.get()
    buffer.removeAll(keepingCapacity: true)
  }

  private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(InputError) {
    var done = 0
    while done < bytes.count, let base = bytes.baseAddress {
      let count = pwrite(descriptor, base + done, bytes.count - done, off_t(offset + done))
      if count > 0 {
        done += count
      } else if errno != EINTR {
        throw failure()
      }
    }
  }

  private func failure() -> InputError {
    InputError(
      file: path, expected: "to write the file", found: String(cString: strerror(errno)),
      remedy: errno == ENOSPC ? "Make room on the disk, or write to another one." : nil)
  }
}

/// Which tensor the next appended bytes belong to, for writers that are told all sizes first.
struct SequentialFill {
  let sizes: [Int]
  /// The tensor that is being filled; the number of tensors when all are.
  private(set) var index = 0
  /// How many of its bytes are there.
  private(set) var filled = 0

  init(sizes: [Int]) { self.sizes = sizes }

  var isComplete: Bool { index == sizes.count }
  /// How many bytes the current tensor still wants.
  var missing: Int { isComplete ? 0 : sizes[index] - filled }

  /// Notes that bytes of the current tensor were written.
  mutating func advance(_ count: Int) { filled += count }

  /// Goes on to the next tensor.
  mutating func next() {
    index += 1
    filled = 0
  }
}
