import Diagnostics
import Foundation
import ModelFiles

/// A conversation's file: lines that are there whole or not at all, of one writing process at a time.
struct SessionFile: Sendable {
  private let file: AppendedFile

  /// Opens a conversation's file, or makes it, readable for its owner alone.
  ///
  /// - Throws: ``InputError`` if that cannot be.
  init(path: String, isNew: Bool) throws(InputError) {
    file = try Self.explaining { () throws(InputError) in
      try AppendedFile(path: path, isNew ? .privateNew : .existing)
    }
  }

  /// Makes this process the one that writes, as long as the file is open; false if another one is.
  func lock() -> Bool { file.lockUntilClosed() }

  /// Appends lines. What a crash left of a last line becomes a line of its own, which readers skip.
  ///
  /// - Throws: ``InputError``; the file is then as it was.
  func append(_ lines: [UInt8]) throws(InputError) {
    try Self.explaining { () throws(InputError) in
      guard !file.isDeleted else {
        throw InputError(file: file.path, expected: "to write the file", found: "that it was deleted")
      }
      let size = try file.size()
      let isBroken = size > 0 && file.read(1, at: size - 1) != [0x0a]
      try file.append(isBroken ? [0x0a] + lines : lines)
    }
  }

  /// Removes the file.
  func remove() { unlink(file.path) }

  /// Makes the folder of conversations and those above it, readable for their owner alone.
  static func makeFolder(_ path: String) throws(InputError) {
    try explaining { () throws(InputError) in try makeDirectory(path, mode: 0o700) }
  }

  /// What an error means for a conversation.
  private static func explaining<Result>(_ body: () throws(InputError) -> Result) throws(InputError) -> Result {
    do throws(InputError) {
      return try body()
    } catch {
      var explained = error
      explained.field = "conversation"
      explained.remedy =
        (error.remedy.map { "\($0) " } ?? "")
        + "The conversation goes on, and is kept as soon as it can be written; XDG_DATA_HOME names another folder"
      throw explained
    }
  }
}
