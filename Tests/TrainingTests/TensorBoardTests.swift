import Diagnostics
import Foundation
import TestSupport
import Testing

@testable import Training

struct TensorBoardTests {
  /// RFC 3720, B.4, and the usual check value.
  @Test func checksumsAreThoseOfTheStandard() {
    #expect(CRC32C.of("123456789".utf8) == 0xe306_9283)
    #expect(CRC32C.of([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(CRC32C.of([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
    #expect(CRC32C.of((0..<32).map { UInt8($0) }) == 0x46dd_794e)
    // How TensorFlow's own event files begin: the length 24 of the first event.
    #expect(CRC32C.masked([24, 0, 0, 0, 0, 0, 0, 0]) == 0x224b_7fa3)
  }

  /// The messages of a file of TFRecords, checksums verified.
  static func messages(_ path: String) throws -> [[UInt8]] {
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))[...]
    func number<Number: FixedWidthInteger>(_: Number.Type) throws -> Number {
      let size = MemoryLayout<Number>.size
      try #require(bytes.count >= size)
      defer { bytes = bytes.dropFirst(size) }
      return bytes.prefix(size).reversed().reduce(0) { $0 << 8 | Number($1) }
    }
    var messages: [[UInt8]] = []
    while !bytes.isEmpty {
      let head = Array(bytes.prefix(8))
      let length = Int(try number(UInt64.self))
      #expect(try number(UInt32.self) == CRC32C.masked(head))
      try #require(bytes.count >= length + 4)
      messages.append(Array(bytes.prefix(length)))
      bytes = bytes.dropFirst(length)
      #expect(try number(UInt32.self) == CRC32C.masked(messages[messages.count - 1]))
    }
    return messages
  }

  @Test func eventsAreFramedMessages() throws {
    try withTemporaryFolder { folder in
      let writer = try TensorBoardWriter(directory: folder.path + "/run", wallTime: 1.5)
      try writer.write([("loss", 0.5), ("lr", -2)], step: 300, wallTime: 2)
      let name = try #require(writer.path.split(separator: "/").last)
      #expect(name.hasPrefix("events.out.tfevents.0000000001."))
      let one: [UInt8] = [0x0a, 11, 0x0a, 4] + Array("loss".utf8) + [0x15, 0, 0, 0, 0x3f]
      let two: [UInt8] = [0x0a, 9, 0x0a, 2] + Array("lr".utf8) + [0x15, 0, 0, 0, 0xc0]
      // wall time 2.0, step 300 as a varint, the summary with its two values
      let event: [UInt8] = [0x09, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x10, 0xac, 0x02, 0x2a, UInt8(one.count + two.count)]
      #expect(
        try Self.messages(writer.path) == [
          [0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0x1a, 13] + Array("brain.Event:2".utf8), event + one + two,
        ])
    }
  }

  @Test func aResumedRunTellsWhereItContinues() throws {
    try withTemporaryFolder { folder in
      let first = try TensorBoardWriter(directory: folder.path, wallTime: 1)
      let second = try TensorBoardWriter(directory: folder.path, resumingAt: 7, wallTime: 1)
      #expect(first.path < second.path)
      let messages = try Self.messages(second.path)
      #expect(messages.count == 2)
      #expect(messages[1] == [0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 7, 0x3a, 2, 0x08, 1])
    }
  }

  @Test func anUnwritableDirectoryIsAnError() {
    #expect(throws: InputError.self) { try TensorBoardWriter(directory: "/dev/null/run", wallTime: 0) }
  }
}
