import Diagnostics
import Testing

@Suite struct InputErrorTests {
  @Test func sentencesHaveAllParts() {
    var error = InputError(file: "a.gguf", expected: "version 3", found: "version 9")
    #expect(error.description == "a.gguf: expected version 3, found version 9")
    error.field = "version"
    #expect(error.description == "a.gguf: version: expected version 3, found version 9")
    error.offset = 4
    #expect(error.description == "a.gguf: version (at byte 4): expected version 3, found version 9")
    error.remedy = "Convert it again."
    #expect(
      "\(error)" == "a.gguf: version (at byte 4): expected version 3, found version 9. Convert it again.")
    error.field = nil
    #expect(error.description.hasPrefix("a.gguf (at byte 4): expected"))
  }

  @Test func controlCharactersAreWrittenOut() {
    let error = InputError(
      file: "a\u{1b}[31m", field: "x\ny\u{202e}z\u{9b}", expected: "\u{7f}", found: "\0", remedy: "\u{2028}ä é 猫 🙂")
    #expect(
      error.description
        == #"a\u{1b}[31m: x\u{a}y\u{202e}z\u{9b}: expected \u{7f}, found \u{0}. \u{2028}ä é 猫 🙂"#)
  }

  @Test func longNamesAreCut() {
    let error = InputError(file: String(repeating: "é", count: 5000), expected: "a", found: "b")
    #expect(error.description == String(repeating: "é", count: 2000) + "…")
    #expect("ab".escapingControlCharacters(limit: 2) == "ab")
    #expect("abc".escapingControlCharacters(limit: 2) == "ab…")
    #expect("".escapingControlCharacters(limit: 0) == "")
  }
}
