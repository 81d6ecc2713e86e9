import Foundation
import TestSupport
import Testing

@testable import TerminalChat

@Suite struct MessageLogTests {
  @Test func logsHaveACeiling() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("chat.log").path
      func size() throws -> Int { try Data(contentsOf: URL(fileURLWithPath: path)).count }
      try Data("before\n".utf8).write(to: URL(fileURLWithPath: path))
      let log = try #require(MessageLog(path: path))
      defer { close(log.descriptor) }
      #expect(try size() == 7)
      let part = [UInt8](repeating: 0x78, count: MessageLog.limit)
      #expect(write(log.descriptor, part, part.count) == part.count)
      log.bound()
      #expect(try size() == 0)
      #expect(write(log.descriptor, part, 5) == 5)
      log.bound()
      #expect(try size() == 5)
      // What an earlier chat left behind.
      #expect(write(log.descriptor, part, part.count) == part.count)
      let later = try #require(MessageLog(path: path))
      close(later.descriptor)
      #expect(try size() == 0)
      #expect(MessageLog(path: folder.path) == nil && MessageLog(path: nil) == nil)
    }
  }
}
