import Diagnostics
import ModelFiles
import Pictures

#if canImport(Glibc)
  import Glibc
#endif

/// Which picture is in a file, told by content, without reading a file again that has not changed.
struct PictureFiles {
  /// What a file's content has in common with no other content that it ever had.
  private struct Version: Equatable {
    var device, inode, size: UInt64
    var modified, changed: timespec

    init(_ status: stat) {
      device = UInt64(status.st_dev)
      inode = UInt64(status.st_ino)
      size = UInt64(clamping: status.st_size)
      modified = status.st_mtim
      changed = status.st_ctim
    }

    static func == (one: Self, other: Self) -> Bool {
      one.device == other.device && one.inode == other.inode && one.size == other.size
        && one.modified.tv_sec == other.modified.tv_sec && one.modified.tv_nsec == other.modified.tv_nsec
        && one.changed.tv_sec == other.changed.tv_sec && one.changed.tv_nsec == other.changed.tv_nsec
    }
  }

  private var known: [(path: String, version: Version, key: String)] = []
  private static let limit = 256

  /// The key of a file's picture if it is known and the file is still the same; also if the file is gone, so that a
  /// conversation about a picture outlives its file.
  func key(of path: String) -> String? {
    guard let entry = known.last(where: { $0.path == path }) else { return nil }
    var status = stat()
    if stat(path, &status) != 0 { return errno == ENOENT ? entry.key : nil }
    return Version(status) == entry.version ? entry.key : nil
  }

  /// Reads a file.
  ///
  /// - Throws: ``InputError`` if it cannot be read.
  mutating func read(_ path: String) throws(InputError) -> (bytes: [UInt8], key: String) {
    var status = stat()
    let isThere = stat(path, &status) == 0
    let bytes = try Picture.readFile(path)
    let key = PictureFingerprint(of: bytes).description
    if isThere {
      known.removeAll { $0.path == path }
      known = known.suffix(Self.limit - 1) + [(path, Version(status), key)]
    }
    return (bytes, key)
  }
}

/// Tells picture files apart by their bytes, in words that a conversation's file can hold.
public struct PictureFingerprint: Sendable, Hashable, CustomStringConvertible {
  private let digest: ContentDigest

  /// 32 hexadecimal digits.
  public var description: String { digest.description }

  /// Of a file's bytes.
  public init(of bytes: [UInt8]) { digest = ContentDigest(of: bytes) }

  /// Of the file at a path.
  ///
  /// - Throws: ``InputError`` if it cannot be read.
  public init(path: String) throws(InputError) { self.init(of: try Picture.readFile(path)) }
}
