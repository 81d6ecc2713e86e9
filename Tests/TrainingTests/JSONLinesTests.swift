import Diagnostics
import Foundation
import TestSupport
import Testing

@testable import Training

/// Calls `body` with a dataset of this text, in `FOLDER/d.jsonl`.
private func withDataset(_ text: String, _ body: (JSONLinesDataset, String) throws -> Void) throws {
  try withTemporaryFolder { folder in
    let file = folder.appendingPathComponent("d.jsonl")
    try Data(text.utf8).write(to: file)
    try body(try JSONLinesDataset(path: file.path), folder.path)
  }
}

private let good = #"{"instruction": "q", "answer": "a"}"#

@Suite struct JSONLinesTests {
  @Test func recordsHaveTheirTurnsAndPlace() throws {
    let text = """
      {"image": "p/1.png", "instruction": "[vqa] what?", "answer": "a star", "aspect": "kind", "objects": [1]}
      {"image": "/abs.png", "conversation": [{"instruction": "a", "answer": "b"}, {"instruction": "", "answer": "d", "task": 1}]}
      {"image": null, "answer": "é\\n", "instruction": "q"}
      """
    try withDataset(text) { dataset, folder throws in
      #expect(dataset.count == 3)
      let file = folder + "/d.jsonl"
      #expect(
        try dataset.record(at: 0)
          == TrainingRecord(
            imagePath: folder + "/p/1.png", turns: [Turn(instruction: "[vqa] what?", answer: "a star", aspect: "kind")],
            origin: .init(file: file, line: 1)))
      #expect(
        try dataset.record(at: 1)
          == TrainingRecord(
            imagePath: "/abs.png",
            turns: [Turn(instruction: "a", answer: "b"), Turn(instruction: "", answer: "d")],
            origin: .init(file: file, line: 2)))
      #expect(
        try dataset.record(at: 2)
          == TrainingRecord(
            imagePath: nil, turns: [Turn(instruction: "q", answer: "é\n")], origin: .init(file: file, line: 3)))
    }
  }

  private static let blanks: [(text: String, count: Int)] = [
    ("", 0), ("\n\r\n \n", 0), ("\u{feff}", 0), (good, 1), ("\(good)\n", 1), ("\u{feff}\(good)\r\n", 1),
    ("\(good)\r\n\(good)\r\n\r\n\n", 2), ("\n\(good)\n \t\n\(good)", 2),
  ]

  @Test(arguments: blanks)
  func blanksAndLineEndsDoNotMatter(text: String, count: Int) throws {
    try withDataset(text) { dataset, _ throws in
      #expect(dataset.count == count)
      for index in 0..<count {
        #expect(try dataset.record(at: index).turns == [Turn(instruction: "q", answer: "a")])
      }
    }
  }

  @Test func linesAreCountedWithTheBlankOnes() throws {
    try withDataset("\n" + good + "\n\n" + good) { dataset, _ throws in
      #expect(try dataset.record(at: 0).origin.line == 2)
      #expect(try dataset.record(at: 1).origin.line == 4)
    }
  }

  /// The fault of line 2, whose first byte is the 36th.
  @Test(arguments: [
    (#"{"instruction": "q""#, "(at byte 55): expected ',' or '}', found the end. This is no valid JSON."),
    (
      #"{"instruction": "q", "answer": "a"} x"#,
      "(at byte 72): expected the end of the JSON text, found 'x'. This is no valid JSON."
    ),
    (#"{"instruction": "q"}"#, "answer: expected a string, found no such key"),
    (#"{"instruction": 1, "answer": "a"}"#, "instruction: expected a string, found 1"),
    (#"{"instruction": "q", "answer": " \n"}"#, "answer: expected a text, found nothing but white space"),
    (#"{"image": 7, "instruction": "q", "answer": "a"}"#, "image: expected a string, found 7"),
    (#"{"image": "", "instruction": "q", "answer": "a"}"#, "image: expected a path, or null, found an empty text"),
    (#"{"conversation": []}"#, "conversation: expected an array of at least one turn, found an array of 0"),
    (
      #"{"conversation": [{"instruction": "q", "answer": "a"}, {"instruction": "q"}]}"#,
      "conversation[1].answer: expected a string, found no such key"
    ),
    (#"{"conversation": [1]}"#, "expected a JSON object, found 1"),
    (
      #"{"conversation": [{}], "answer": "a"}"#,
      "expected either a conversation or an instruction with its answer, found both"
    ),
    ("[]", "expected a JSON object, found an array of 0"),
    ("{\"instruction\": \"\0\", \"answer\": \"a\"}", "This is no valid JSON."),
  ])
  func brokenRecordsAreNamed(line: String, expected: String) throws {
    try withDataset(good + "\n" + line + "\n" + good) { dataset, folder throws in
      #expect(dataset.count == 3)
      let error = try #require(throws: InputError.self) { try dataset.record(at: 1) }
      #expect(error.description.hasPrefix("\(folder)/d.jsonl:2"))
      #expect(error.description.hasSuffix(expected), "\(error)")
      #expect(try dataset.record(at: 2).origin.line == 3)
    }
  }

  @Test func longLinesAreReadUpToALimit() throws {
    let answer = String(repeating: "x", count: 2_000_000)
    let beyond = String(repeating: " ", count: JSONLinesDataset.maximumLineBytes)
    try withDataset(#"{"instruction": "", "answer": ""# + answer + "\"}\n" + good + beyond + "\n") {
      dataset, _ throws in
      #expect(try dataset.record(at: 0).turns[0].answer == answer)
      let error = try #require(throws: InputError.self) { try dataset.record(at: 1) }
      #expect(error.expected == "a line of at most 16777216 bytes")
    }
  }

  @Test func filesThatAreNoneAreNamed() throws {
    try withTemporaryFolder { folder in
      #expect(throws: InputError.self) { try JSONLinesDataset(path: folder.path) }
      #expect(throws: InputError.self) { try JSONLinesDataset(path: folder.path + "/none") }
    }
  }

  /// What was mapped and then cut is no broken record to be skipped but a file that went away.
  @Test func aFileThatIsCutIsNoticed() throws {
    try withDataset(String(repeating: good + "\n", count: 1000)) { dataset, folder throws in
      try FileHandle(forWritingTo: URL(fileURLWithPath: folder + "/d.jsonl")).truncate(atOffset: 0)
      let error = try #require(throws: InputError.self) { try dataset.record(at: 999) }
      #expect(error.found == "a shorter file")
    }
  }

  @Test func theBudgetIsSpentOnceARecord() throws {
    func fault(_ line: Int) -> InputError { InputError(file: "d.jsonl:\(line)", expected: "a record", found: "none") }
    var budget = BrokenRecordBudget(name: "shapes", limit: 2, broken: [7])
    #expect(try !budget.skip(record: 7, because: fault(8)))
    #expect(try budget.skip(record: 1, because: fault(2)))
    for _ in 0..<3 { #expect(try !budget.skip(record: 1, because: fault(2))) }
    #expect(budget.broken == [1, 7])
    for _ in 0..<2 {
      let error = try #require(throws: InputError.self) { try budget.skip(record: 4, because: fault(5)) }
      #expect(error.file == "d.jsonl:5")
      #expect(error.remedy == "Dataset shapes has more than 2 broken records: mend it, or raise its max_broken")
    }
    var none = BrokenRecordBudget(name: "shapes", limit: 0)
    let error = try #require(throws: InputError.self) { try none.skip(record: 1, because: fault(2)) }
    #expect(error.remedy?.hasPrefix("No broken record is allowed in dataset shapes") == true)
  }
}
