import Foundation
import TestSupport
import Testing

@testable import Dialogue

/// Pictures that were encoded in an earlier run.
struct PictureStoreTests {
  private func engine(_ folder: URL, type: String = "f32") throws -> ModelEngine {
    var options = try Tiny.options(type: type)
    options.pictureFolder = folder.appendingPathComponent("pictures").path
    return ModelEngine(options)
  }

  private func entries(_ folder: URL) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(
      at: folder.appendingPathComponent("pictures"), includingPropertiesForKeys: nil)
  }

  /// A new engine's reply, and how many pictures it encoded.
  private func reply(_ folder: URL, _ request: ChatRequest = Tiny.request()) async throws -> (
    text: String, encoded: Int
  ) {
    let engine = try engine(folder)
    let reply = await engine.reply(request)
    #expect(reply.failure == nil)
    return (reply.text, engine.inspect { $0.encodedPictures } ?? -1)
  }

  @Test func aLaterRunEncodesNothingAndSaysTheSame() async throws {
    try await withTemporaryFolder { folder in
      let first = try await reply(folder)
      #expect(first.encoded == 1)
      let second = try await reply(folder)
      #expect(second.encoded == 0)
      #expect(second.text == first.text && !second.text.isEmpty)
      #expect(try entries(folder).count == 1)
      #expect(try await reply(folder, Tiny.request(picture: Tiny.otherPicture)).encoded == 1)
      #expect(try entries(folder).count == 2)
    }
  }

  @Test func otherWeightsOfTheSameSizesDoNotTakeIt() async throws {
    try await withTemporaryFolder { folder in
      _ = try await reply(folder)
      let other = try engine(folder, type: "f16")
      #expect(await other.reply(Tiny.request()).failure == nil)
      #expect(other.inspect { $0.encodedPictures } == 1)
      #expect(try entries(folder).count == 2)
    }
  }

  @Test func whatIsDamagedIsMadeAgain() async throws {
    try await withTemporaryFolder { folder in
      let first = try await reply(folder)
      let entry = try #require(try entries(folder).first)
      let whole = try Data(contentsOf: entry)
      var changed = whole
      changed[whole.count / 2] ^= 1
      for damaged in [changed, Data(whole.dropLast()), Data(whole.prefix(10)), Data(), whole + [0]] {
        try damaged.write(to: entry)
        let again = try await reply(folder)
        #expect(again.encoded == 1 && again.text == first.text)
        #expect(try Data(contentsOf: entry) == whole)
      }
    }
  }

  @Test func aFolderThatCannotBeWrittenIsNoFault() async throws {
    try await withTemporaryFolder { folder in
      try Data().write(to: folder.appendingPathComponent("pictures"))
      #expect(try await reply(folder).encoded == 1)
    }
  }
}
