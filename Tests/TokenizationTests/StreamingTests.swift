import TestSupport
import Testing

@testable import Tokenization

/// Text that comes token by token.
struct StreamingTests {
  /// One token for each byte, so that any byte sequence can be streamed with any split; ids are the bytes.
  private static func byteTokenizer() throws -> BytePairTokenizer {
    try BytePairTokenizer(
      tokens: (UInt8.min...UInt8.max).map { ByteAlphabet.text(of: [$0]) }, merges: [], tokenTypes: nil, endOfText: nil,
      file: "bytes")
  }

  @Test func allByteSequencesGiveWhatTheWholeGives() throws {
    let tokenizer = try Self.byteTokenizer()
    var generator = SeededGenerator(state: 4)
    let pool: [UInt8] = [
      0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5,
      0xff,
    ]
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0..<9, using: &generator)).map { _ in pool.randomElement(using: &generator) ?? 0 }
      var stream = StreamingDetokenizer(tokenizer: tokenizer)
      var text = ""
      for byte in bytes { text += stream.append(Int(byte)) }
      text += stream.finish()
      #expect(Array(text.utf8) == Array(String(decoding: bytes, as: UTF8.self).utf8), "\(bytes)")
    }
  }

  @Test func everySplitOfATextGivesWholeCharacters() throws {
    let tokenizer = try Phi2.tokenizer.get()
    let text = "naïve 日本語 🙂‍↕️ e\u{301} \u{10ffff}\0 done"
    for start in text.unicodeScalars.indices {
      var stream = StreamingDetokenizer(tokenizer: tokenizer)
      let head = String(text.unicodeScalars[..<start])
      let tail = String(text.unicodeScalars[start...])
      var result = ""
      for id in tokenizer.encode(head) + tokenizer.encode(tail) {
        let piece = stream.append(id)
        #expect(!piece.unicodeScalars.contains("\u{fffd}"))
        result += piece
      }
      #expect(stream.finish() == "")
      #expect(Array(result.utf8) == Array(text.utf8))
    }
  }

  @Test func invalidBytesShowAsSoonAsTheyAreCertain() throws {
    var stream = StreamingDetokenizer(tokenizer: try Self.byteTokenizer())
    #expect(stream.append(0xe2) == "")
    #expect(stream.append(0x82) == "")
    #expect(stream.append(0xe2) == "\u{fffd}")
    #expect(stream.append(0x82) == "")
    #expect(stream.append(0xac) == "€")
    #expect(stream.append(0xff) == "\u{fffd}")
    // No character begins with these two; each byte counts for itself.
    for (lead, second) in [(0xe0, 0x9f), (0xed, 0xa0), (0xf0, 0x8f), (0xf4, 0x90)] {
      #expect(stream.append(lead) == "")
      #expect(stream.append(second) == "\u{fffd}\u{fffd}")
    }
    #expect(stream.append(300) == "")
    #expect(stream.append(0xf0) == "")
    #expect(stream.finish() == "\u{fffd}")
    #expect(stream.finish() == "")
    #expect(stream.append(0x41) == "A")
  }
}
