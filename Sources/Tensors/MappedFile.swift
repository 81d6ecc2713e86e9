import CSystem
import Diagnostics

#if canImport(Glibc)
  import Glibc
#endif

/// A regular file's bytes, mapped read-only and shared with the page cache.
///
/// The mapping survives the file being cut short by someone else: missing pages read as zeros and ``wasCut`` turns true,
/// where a plain mapping would end the process with SIGBUS.
public final class MappedFile: @unchecked Sendable {
  /// The path as it was given.
  public let path: String
  /// The mapped bytes; empty for an empty file.
  public let bytes: UnsafeRawBufferPointer

  /// Maps the file at `path`.
  ///
  /// - Throws: ``InputError`` if it cannot be opened, or is not a regular file (a directory, a pipe, a device).
  public init(path: String) throws(InputError) {
    self.path = path
    // O_NONBLOCK: opening a FIFO for reading would otherwise wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw InputError(file: path, expected: "a readable file", found: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw InputError(file: path, expected: "a readable file", found: String(cString: strerror(errno)))
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
    let size = Int(status.st_size)
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let address = csystem_map(descriptor, size) else {
      throw InputError(file: path, expected: "a file that can be mapped", found: String(cString: strerror(errno)))
    }
    bytes = UnsafeRawBufferPointer(start: address, count: size)
  }

  deinit {
    if let address = bytes.baseAddress { csystem_unmap(address, bytes.count) }
  }

  /// Whether an access found the file shorter than when it was mapped. What was computed from it is then worthless.
  public var wasCut: Bool {
    bytes.baseAddress.map { csystem_mapping_was_cut($0) } ?? false
  }

  /// Throws if the file was cut short since it was mapped.
  public func checkNotCut() throws(InputError) {
    guard wasCut else { return }
    throw InputError(
      file: path, expected: "the \(bytes.count) bytes it had when it was opened", found: "a shorter file",
      remedy: "Something truncated it while it was in use: restore it and start again.")
  }

  /// Tells the system that these bytes are not needed soon, so that a long sequential read leaves little resident.
  public func discard(_ range: Range<Int>) {
    guard let base = bytes.baseAddress else { return }
    let page = 4096
    let lower = (range.lowerBound + page - 1) / page * page
    let upper = range.upperBound / page * page
    guard lower < upper else { return }
    madvise(UnsafeMutableRawPointer(mutating: base + lower), upper - lower, MADV_DONTNEED)
  }
}
