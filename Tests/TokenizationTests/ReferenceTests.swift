import Foundation
import TestSupport
import Testing

@testable import Tokenization

/// The same ids as the reference tokenizer's.
struct ReferenceTests {
  private struct Case: Decodable {
    var text: String
    var ids: [Int]
  }

  private static func cases() throws -> [Case] {
    let data = try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("phi2-tokenizer/cases.jsonl")))
    return try data.split(separator: 0x0a).map { try JSONDecoder().decode(Case.self, from: $0) }
  }

  @Test func allRecordedCasesAreEqualAndRoundTrip() throws {
    let tokenizer = try Phi2.tokenizer.get()
    let cases = try Self.cases()
    #expect(cases.count == 1500)
    var equal = 0
    for item in cases {
      let ids = tokenizer.encode(item.text)
      #expect(ids == item.ids, "\(item.text.debugDescription)")
      #expect(tokenizer.decode(ids) == Array(item.text.utf8))
      if ids == item.ids { equal += 1 }
    }
    #expect(equal == 1500)
  }

  @Test func theVocabularyIsPhi2s() throws {
    let tokenizer = try Phi2.tokenizer.get()
    #expect(tokenizer.vocabularySize == 50295)
    #expect(tokenizer.endOfTextToken == 50256)
    #expect(tokenizer.token("###") == 21017)
    #expect(tokenizer.token("<|endoftext|>") == 50256)
    #expect(tokenizer.token("  ") == 50286)
    #expect(tokenizer.token(" the") == 262)
    #expect(tokenizer.token("no such token") == nil)
    #expect(tokenizer.token("") == nil)
    #expect(tokenizer.tokenTypes[50256] == 3)
    #expect(tokenizer.tokenTypes[50257...].allSatisfy { $0 == 4 })
    #expect(tokenizer.bytes(of: 262) == Array(" the".utf8))
    #expect(tokenizer.bytes(of: -1) == nil)
    #expect(tokenizer.bytes(of: 50295) == nil)
    #expect(tokenizer.decode([262, -1, 99999, 21017]) == Array(" the###".utf8))
  }

  @Test func tinyVocabularyGivesTheRecordedSegments() throws {
    struct Expected: Decodable {
      struct Item: Decodable {
        var prompt: String
        var segment_ids: [[Int]]
      }
      var cases: [Item]
    }
    let tokenizer = try BytePairTokenizer(directory: Fixtures.path("tiny-a/phi"))
    let data = try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("tiny-a/expected.json")))
    let items = try JSONDecoder().decode(Expected.self, from: data).cases
    #expect(items.count >= 3)
    for item in items {
      let segments = item.prompt.components(separatedBy: "<ImageHere>").map(tokenizer.encode)
      #expect(segments == item.segment_ids)
    }
  }

  @Test(arguments: [
    ("we've I'll he'd 'S'", ["we", "'ve", " I", "'ll", " he", "'d", " '", "S", "'"]),
    ("a  b", ["a", " ", " b"]),
    ("a \n b \n", ["a", " \n", " b", " \n"]),
    ("a\n\nb", ["a", "\n", "\n", "b"]),
    ("a\u{3000}b \u{3000}c", ["a", "\u{3000}", "b", " ", "\u{3000}", "c"]),
    ("x12½ 3!? é", ["x", "12½", " 3", "!?", " é"]),
    ("e\u{301}x", ["e", "\u{301}", "x"]),
    ("'", ["'"]), (" ", [" "]), ("'l", ["'", "l"]), ("!'s", ["!'", "s"]),
    // Assigned by Unicode 17 only: not letters to the reference.
    ("a\u{88f}b", ["a", "\u{88f}", "b"]),
  ]) func piecesOfThePattern(text: String, expected: [String]) {
    var text = text
    let pieces = text.withUTF8 { bytes in
      var pieces: [String] = []
      var start = 0
      while start < bytes.count {
        let end = PreTokenizer(text: bytes).endOfPiece(from: start, before: bytes.count)
        pieces.append(String(decoding: bytes[start..<end], as: UTF8.self))
        start = end
      }
      return pieces
    }
    #expect(pieces == expected)
  }

  @Test func randomTextRoundTrips() throws {
    let tokenizer = try Phi2.tokenizer.get()
    var generator = SeededGenerator(state: 1)
    for _ in 0..<3000 {
      let text = randomText(&generator)
      #expect(tokenizer.decode(tokenizer.encode(text)) == Array(text.utf8))
    }
    #expect(tokenizer.encode("") == [])
  }

  @Test func scanAndHeapMergeAlike() throws {
    // A piece one byte too long for the scan, and its parts, must agree with merging by definition.
    let tokenizer = try Phi2.tokenizer.get()
    var generator = SeededGenerator(state: 2)
    for length in [2, 5, 63, 64, 65, 66, 200] {
      for _ in 0..<20 {
        let text = String((0..<length).map { _ in "abcdeinrst".randomElement(using: &generator) ?? "a" })
        #expect(tokenizer.encode(text) == mergeByDefinition(text, tokenizer))
      }
    }
  }

  /// Merges the lowest-ranked pair again and again, from the strings.
  private func mergeByDefinition(_ text: String, _ tokenizer: BytePairTokenizer) -> [Int] {
    let ranks = Self.ranks
    var parts = text.unicodeScalars.map(String.init)
    while true {
      let best = (0..<(parts.count - 1)).compactMap { index in
        ranks["\(parts[index]) \(parts[index + 1])"].map { (rank: $0, index: index) }
      }.min { $0 < $1 }
      guard let best else { break }
      parts[best.index] += parts.remove(at: best.index + 1)
    }
    return parts.compactMap(tokenizer.token)
  }

  private static let ranks: [String: Int] = {
    let merges = (try? Phi2.tokenizer.get().merges) ?? []
    return Dictionary(uniqueKeysWithValues: merges.enumerated().map { ($1, $0) })
  }()

  @Test func hugeTextsFinish() throws {
    let tokenizer = try Phi2.tokenizer.get()
    let unit = "日本 e\u{301}"
    let texts = [
      String(repeating: "a", count: 1_000_000), String(repeating: " ", count: 1_000_000),
      String(repeating: "\n", count: 200_000), String(repeating: "ab", count: 100_000),
      String(repeating: unit, count: 30_000),
      String(repeating: "<|endoftext|", count: 20_000), String(repeating: "\u{a0}", count: 200_000),
    ]
    for text in texts {
      // Outside the macro, which would take minutes to say how two such arrays differ.
      let isEqual = tokenizer.decode(tokenizer.encode(text)) == Array(text.utf8)
      #expect(isEqual, "\(text.prefix(12).debugDescription)")
    }
  }
}
