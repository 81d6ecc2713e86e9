import Foundation
import TestSupport
import Testing

@testable import ModelFiles

#if canImport(Glibc)
  import Glibc
#endif

struct AppendedFileTests {
  /// A child that was forked has the file open too, until it begins its own program.
  @Test func aClosedFileIsLockedNoMoreThoughAnotherHasItOpen() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("file").path
      var file: AppendedFile? = try AppendedFile(path: path)
      #expect(file?.lockUntilClosed() == true)
      let other = try AppendedFile(path: path)
      #expect(!other.lockUntilClosed())

      var copies: [Int32] = []
      defer { copies.forEach { close($0) } }
      var status = stat()
      try #require(stat(path, &status) == 0)
      for descriptor in 3..<Int32(1024) {
        var found = stat()
        guard fstat(descriptor, &found) == 0, found.st_ino == status.st_ino else { continue }
        copies.append(dup(descriptor))
      }
      #expect(copies.count >= 2)
      file = nil
      #expect(other.lockUntilClosed())
    }
  }
}
