import Foundation
import TestSupport
import Testing

/// `tinygptv tokenize`.
struct TokenizeTests {
  private func tokenize(_ input: String, _ arguments: String...) throws -> ChildProcess.Result {
    try ChildProcess.tinygptv(
      ["tokenize", "--phi", Fixtures.path("phi2-tokenizer")] + arguments, input: Data(input.utf8))
  }

  @Test func stringsBecomeIdsAndIdsStrings() throws {
    let strings = "\"###\"\n\"a  b\\u00e9\\ud83d\\ude42/\"\n\"\""
    let result = try tokenize(strings)
    #expect(result.ending == .exited(0))
    #expect(result.text == "[21017]\n[64, 50286, 65, 2634, 8582, 25081, 14]\n[]\n")
    let back = try tokenize(result.text, "--decode")
    #expect(back.ending == .exited(0))
    #expect(back.text == "\"###\"\n\"a  bé🙂/\"\n\"\"\n")
  }

  @Test func nothingGivesNothing() throws {
    let result = try tokenize("")
    #expect(result.ending == .exited(0))
    #expect(result.text == "")
  }

  @Test(arguments: ["no", "", "1", "[\"a\"]", "\"a", "\"\\ud800\"", "\"a\" \"b\""])
  func aBadStringNamesItsLine(_ line: String) throws {
    let result = try tokenize("\"ok\"\n\(line)\n")
    #expect(result.ending == .exited(65))
    #expect(result.text == "[482]\n")
    #expect(result.errorOutput.contains("line 2"))
  }

  @Test(arguments: ["no", "[50295]", "[-1]", "[1.5]", "[\"a\"]", "[99999999999999999999]", "3", ""])
  func aBadArrayNamesItsLine(_ line: String) throws {
    let result = try tokenize("[]\n\(line)\n", "--decode")
    #expect(result.ending == .exited(65))
    #expect(result.text == "\"\"\n")
    #expect(result.errorOutput.contains("line 2"))
  }

  @Test func aMissingVocabularyIsNamed() throws {
    let result = try ChildProcess.tinygptv(["tokenize", "--phi", "/nowhere"])
    #expect(result.ending == .exited(65))
    #expect(result.errorOutput.contains("/nowhere/vocab.json"))
  }
}
