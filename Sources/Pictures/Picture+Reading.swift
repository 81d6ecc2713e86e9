import Diagnostics

#if canImport(Glibc)
  import Glibc
#endif

extension Picture {
  /// The bytes of a regular file of at most ``maximumFileBytes``.
  package static func readFile(_ path: String) throws(InputError) -> [UInt8] {
    // O_NONBLOCK: opening a FIFO for reading would otherwise wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw InputError(file: path, expected: "a readable picture file", found: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw InputError(file: path, expected: "a readable picture file", found: String(cString: strerror(errno)))
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let kind =
        switch status.st_mode & S_IFMT {
        case S_IFDIR: "a directory"
        case S_IFIFO: "a pipe"
        case S_IFCHR, S_IFBLK: "a device"
        default: "a special file"
        }
      throw InputError(file: path, expected: "a regular file", found: kind)
    }
    return try readAll(fileDescriptor: descriptor, name: path, sizeHint: Int(status.st_size))
  }

  /// Everything that a file descriptor gives until its end, for pictures on standard input.
  ///
  /// - Parameters:
  ///   - limit: how many bytes are accepted.
  ///   - name: what errors call it.
  ///   - sizeHint: how many bytes are likely to come.
  /// - Throws: ``InputError`` if reading fails or more than `limit` bytes come.
  public static func readAll(
    fileDescriptor: Int32, limit: Int = maximumFileBytes, name: String = "standard input", sizeHint: Int = 0
  ) throws(InputError) -> [UInt8] {
    let tooLarge = InputError(file: name, expected: "at most \(limit) bytes", found: "more")
    guard sizeHint <= limit else { throw tooLarge }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(sizeHint)
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let received = read(fileDescriptor, &buffer, buffer.count)
      if received == 0 { return bytes }
      if received < 0 && errno == EINTR { continue }
      guard received > 0 else {
        throw InputError(file: name, expected: "readable bytes", found: String(cString: strerror(errno)))
      }
      guard bytes.count + received <= limit else { throw tooLarge }
      bytes += buffer[0..<received]
    }
  }
}
