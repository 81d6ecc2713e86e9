import Diagnostics
import Foundation
import TestSupport
import Testing

@testable import Tokenization

/// Vocabularies from metadata and from files, good and bad.
struct VocabularyTests {
  private static let bytes = (UInt8.min...UInt8.max).map { ByteAlphabet.text(of: [$0]) }

  @Test func metadataGivesTheSameTokenizer() throws {
    let original = try Phi2.tokenizer.get()
    // Padded as a converter does, to the model's 51200.
    let padding = (original.vocabularySize..<51200).map { "[PAD\($0)]" }
    let copy = try BytePairTokenizer(
      tokens: original.tokens + padding, merges: original.merges,
      tokenTypes: original.tokenTypes + padding.map { _ in 5 }, endOfText: original.endOfTextToken, file: "m.gguf")
    #expect(copy.vocabularySize == 51200)
    #expect(copy.bytes(of: 51199) == [])
    var generator = SeededGenerator(state: 3)
    for _ in 0..<300 {
      let text = randomText(&generator) + "  \t\t<|endoftext|> [PAD50300]"
      #expect(copy.encode(text) == original.encode(text))
      #expect(copy.decode(original.encode(text)) == Array(text.utf8))
    }
  }

  @Test func withoutTypesOnlyTheEndOfTextIsVerbatim() throws {
    let tokenizer = try BytePairTokenizer(
      tokens: Self.bytes + ["<end>", "ĠĠ", "日"], merges: ["Ġ Ġ"], tokenTypes: nil, endOfText: 256, file: "m")
    #expect(tokenizer.tokenTypes[256] == 3)
    #expect(tokenizer.encode("a<end>  ") == [97, 256, 257])
    // Not of the alphabet: told, never made.
    #expect(tokenizer.bytes(of: 258) == Array("日".utf8))
    #expect(tokenizer.encode("日").count == 3)
  }

  @Test func theLongestAddedTokenWins() throws {
    let tokenizer = try BytePairTokenizer(
      tokens: Self.bytes + ["ab", "abcd", "é"], merges: [], tokenTypes: Self.bytes.map { _ in 1 } + [4, 4, 3],
      endOfText: nil, file: "m")
    #expect(tokenizer.encode("abcdabcé") == [257, 256, 99, 258])
    #expect(tokenizer.token("é") == 258)
    #expect(tokenizer.bytes(of: 258) == Array("é".utf8))
    #expect(tokenizer.endOfTextToken == nil)
  }

  struct BadMetadata: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var tokens = VocabularyTests.bytes
    var merges: [String] = []
    var types: [Int]?
    var endOfText: Int?
    var field: String
  }

  static let badMetadata: [BadMetadata] = [
    .init(testDescription: "no tokens", tokens: [], field: "tokens"),
    .init(testDescription: "a byte is missing", tokens: Array(bytes.dropLast()), field: "tokens"),
    .init(testDescription: "duplicate", tokens: bytes + ["a"], field: "tokens[256]"),
    .init(
      testDescription: "duplicate added", tokens: bytes + ["xy", "xy"], types: bytes.map { _ in 1 } + [4, 3],
      field: "tokens[257]"),
    .init(
      testDescription: "long added", tokens: bytes + [String(repeating: "x", count: 257)],
      types: bytes.map { _ in 1 } + [4], field: "tokens[256]"),
    .init(testDescription: "too few types", types: [1, 1], field: "token types"),
    .init(testDescription: "too many types", types: bytes.map { _ in 1 } + [1], field: "token types"),
    .init(testDescription: "type 0", types: bytes.map { _ in 0 }, field: "token types[0]"),
    .init(testDescription: "type 7", types: bytes.map { _ in 7 }, field: "token types[0]"),
    .init(testDescription: "id beyond the end", endOfText: 256, field: "end-of-text id"),
    .init(testDescription: "negative id", endOfText: -1, field: "end-of-text id"),
    .init(testDescription: "empty merge", merges: [""], field: "merges[0]"),
    .init(testDescription: "merge of one", merges: ["a"], field: "merges[0]"),
    .init(testDescription: "merge without right", merges: ["a "], field: "merges[0]"),
    .init(testDescription: "merge without left", merges: [" a"], field: "merges[0]"),
    .init(testDescription: "merge of three", tokens: bytes + ["abc"], merges: ["a b c"], field: "merges[0]"),
    .init(testDescription: "merge to no token", merges: ["a b"], field: "merges[0]"),
    .init(testDescription: "merge outside the alphabet", merges: ["日 本"], field: "merges[0]"),
    .init(testDescription: "merge twice", tokens: bytes + ["ab"], merges: ["a b", "a b"], field: "merges[1]"),
  ]

  @Test(arguments: badMetadata) func badMetadataIsRefused(_ bad: BadMetadata) {
    let error = #expect(throws: InputError.self) {
      try BytePairTokenizer(
        tokens: bad.tokens, merges: bad.merges, tokenTypes: bad.types, endOfText: bad.endOfText, file: "bad.gguf")
    }
    #expect(error?.file == "bad.gguf")
    #expect(error?.field == bad.field)
  }

  // MARK: - Directories

  private func loading(_ files: [String: Data]) throws -> Result<BytePairTokenizer, InputError> {
    var outcome: Result<BytePairTokenizer, InputError>?
    try withTemporaryDirectory { folder in
      for (name, data) in files { try data.write(to: folder.appendingPathComponent(name)) }
      do throws(InputError) {
        outcome = .success(try BytePairTokenizer(directory: folder.path))
      } catch {
        outcome = .failure(error)
      }
    }
    return try #require(outcome)
  }

  private static func vocabulary(adding extra: String = "") -> Data {
    let entries = bytes.enumerated().map { id, text in
      text == "\"" || text == "\\" ? "\"\\\(text)\": \(id)" : "\"\(text)\": \(id)"
    }
    return Data("{\(entries.joined(separator: ", "))\(extra)}".utf8)
  }

  @Test func settingsDecideWhichTokensAreSpecial() throws {
    let files = [
      "vocab.json": Self.vocabulary(adding: #", "\u0061b": 256 "#),
      "merges.txt": Data("#version: 0.2\r\na b\r\n\r\n".utf8),
      "added_tokens.json": Data(#"{"<x>": 257, "\ud83d\ude42": 258}"#.utf8),
      "tokenizer_config.json": Data(
        #"{"eos_token": {"content": "<e>"}, "added_tokens_decoder": {"259": {"content": "<e>", "special": true}}}"#.utf8
      ),
      "special_tokens_map.json": Data(#"{"additional_special_tokens": ["<x>"], "bos_token": "<none>"}"#.utf8),
    ]
    let tokenizer = try loading(files).get()
    #expect(tokenizer.tokenTypes[256...] == [1, 3, 4, 3])
    #expect(tokenizer.endOfTextToken == 259)
    #expect(tokenizer.encode("ab<x>🙂<e>") == [256, 257, 258, 259])
  }

  struct BadFile: Sendable, CustomTestStringConvertible {
    var name: String
    var content: Data
    var testDescription: String { "\(name): \(String(decoding: content.suffix(40), as: UTF8.self))" }

    init(_ name: String, _ content: Data) {
      self.name = name
      self.content = content
    }

    init(_ name: String, _ text: String) { self.init(name, Data(text.utf8)) }
  }

  static let badFiles: [BadFile] = [
    BadFile("vocab.json", ""), BadFile("vocab.json", "{"), BadFile("vocab.json", "[]"), BadFile("vocab.json", "{}"),
    BadFile("vocab.json", Data([0xff])), BadFile("vocab.json", #"{"a"#), BadFile("vocab.json", #"{"a\"#),
    BadFile("vocab.json", #"{"a" 1}"#), BadFile("vocab.json", #"{"\ud800": 1}"#),
    BadFile("vocab.json", #"{"\ud800\u0041": 1}"#), BadFile("vocab.json", #"{"\u12": 1}"#),
    BadFile("vocab.json", #"{"\x": 1}"#), BadFile("vocab.json", Data("{\"".utf8 + [0xc3, 0x28] + "\": 1}".utf8)),
    BadFile("vocab.json", "{\"\n\": 1}"), BadFile("vocab.json", String(repeating: "[", count: 1_000_000)),
    BadFile("vocab.json", vocabulary(adding: #", "x1": -1"#)),
    BadFile("vocab.json", vocabulary(adding: #", "x1": 1.5"#)),
    BadFile("vocab.json", vocabulary(adding: #", "x1": 2147483648"#)),
    BadFile("vocab.json", vocabulary(adding: #", "x1": 99999999999999999999999"#)),
    BadFile("vocab.json", vocabulary(adding: #", "x1": 2147483647"#)),
    BadFile("vocab.json", vocabulary(adding: #", "x1": 257"#)),
    BadFile("vocab.json", vocabulary(adding: #", "x1": 97"#)),
    BadFile("vocab.json", vocabulary(adding: #", "a": 256"#)),
    BadFile("vocab.json", vocabulary(adding: #", "x1": null"#)), BadFile("vocab.json", vocabulary() + Data("x".utf8)),
    BadFile("merges.txt", "#version: 0.2\na\n"), BadFile("merges.txt", "a b c\n"), BadFile("merges.txt", " a\n"),
    BadFile("merges.txt", "a b\n"), BadFile("merges.txt", Data([0x61, 0x20, 0xff, 0x0a])),
    BadFile("added_tokens.json", #"{"x1": 1}"#), BadFile("added_tokens.json", #"{"x1": 300}"#),
    BadFile("added_tokens.json", "no"), BadFile("tokenizer_config.json", "{"),
    BadFile("tokenizer_config.json", "[]"), BadFile("tokenizer_config.json", #"{"added_tokens_decoder": 1}"#),
    BadFile("tokenizer_config.json", #"{"added_tokens_decoder": {"-1": {"content": "x1"}}}"#),
    BadFile("tokenizer_config.json", #"{"added_tokens_decoder": {"256": {}}}"#),
    BadFile("special_tokens_map.json", String(repeating: "[", count: 1_000_000)),
  ]

  @Test(arguments: badFiles) func badFilesAreRefused(_ bad: BadFile) throws {
    var files = ["vocab.json": Self.vocabulary(), "merges.txt": Data("#version: 0.2\n".utf8)]
    _ = try loading(files).get()
    files[bad.name] = bad.content
    #expect(throws: InputError.self) { try loading(files).get() }
  }

  @Test func missingFilesAreNamed() throws {
    let error = #expect(throws: InputError.self) { try loading(["vocab.json": Self.vocabulary()]).get() }
    #expect(error?.file.hasSuffix("merges.txt") == true)
    #expect(throws: InputError.self) { try BytePairTokenizer(directory: "/dev/null") }
  }

  @Test func aDeviceOrDirectoryIsNotRead() throws {
    try withTemporaryDirectory { folder in
      let path = folder.appendingPathComponent("vocab.json").path
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/zero")
      let error = #expect(throws: InputError.self) { try BytePairTokenizer(directory: folder.path) }
      #expect(error?.expected == "a regular file")
    }
  }

  @Test func errorsSayWhereInTheFile() throws {
    let error = #expect(throws: InputError.self) { try TokenIDs.parse(Array(#"{"a": 1, "b": x}"#.utf8), file: "v") }
    #expect(error?.offset == 14)
    #expect(error?.expected == "an id in 0..<2^31")
  }
}
