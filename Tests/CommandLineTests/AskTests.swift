import Foundation
import ModelFiles
import TestSupport
import Testing

/// `tinygptv ask`, as its user meets it.
struct AskTests {
  private let picture = Fixtures.path("tiny-a/images/gray.jpg")

  private func ask(_ arguments: [String], input: Data = Data()) throws -> ChildProcess.Result {
    try ChildProcess.tinygptv(
      ["ask", "--model", TinyModel.path("tiny-a"), "--max-tokens", "8"] + arguments, input: input)
  }

  private func json(_ line: some StringProtocol) throws -> JSONValue {
    try JSONValue.parse(bytes: Array(line.utf8), file: "standard output")
  }

  @Test func theAnswerIsTextAndANewline() throws {
    let result = try ask(["--image", picture, "--task", "vqa", "--ignore-stop", "what", "is", "it?"])
    #expect(result.ending == .exited(0))
    #expect(result.output.last == 0x0a)
    #expect(result.output.count > 1)
    #expect(!result.output.contains(0x1b))
    #expect(result.errorOutput == "")
    let again = try ask(["--image", picture, "--task", "vqa", "--ignore-stop", "what is it?"])
    #expect(again.output == result.output)
  }

  /// Without `--model` the bundled one answers, in a chat as well.
  @Test func theBundledModelAnswersWhereNoneIsNamed() throws {
    let house = Fixtures.directory.appendingPathComponent("../../assets/pictures/house.png").standardized.path
    let asked = try ChildProcess.tinygptv(["ask", "--image", house, "--json", "--max-tokens", "8", "[vqa] what is it?"])
    #expect(asked.ending == .exited(0), "\(asked.errorOutput)")
    #expect(try json(asked.text)["model"]?.string?.hasSuffix("/tinygptv-demo.gguf") == true)
    try withTemporaryFolder { folder in
      let chat = try ChildProcess.tinygptv(
        ["chat", "--no-history", house], input: Data("[vqa] is there a house?\n".utf8),
        environment: ["HOME": folder.path, "XDG_CONFIG_HOME": folder.path, "LC_ALL": "C.UTF-8"])
      #expect(chat.ending == .exited(0) && chat.text.contains("yes"), "\(chat.text)\(chat.errorOutput)")
    }
  }

  /// The tiny models write any bytes when they are hot enough.
  @Test func whatATerminalWouldObeyIsMadeVisible() throws {
    var hadControls = false
    for seed in 0..<6 {
      let options = ["--ignore-stop", "--max-tokens", "60", "--temperature", "1.5", "--seed", "\(seed)", "hi"]
      let shown = try ask(options)
      let written = try #require(try json(ask(["--json"] + options).text)["text"]?.string)
      hadControls = hadControls || written.utf8.contains { $0 < 0x20 && $0 != 0x0a }
      #expect(!shown.output.contains { $0 < 0x20 && $0 != 0x0a || $0 == 0x7f })
      #expect(shown.text.filter(\.isLetter).count >= written.filter(\.isLetter).count)
    }
    #expect(hadControls)
  }

  @Test func closedStreamsAreAsEmptyOnes() throws {
    let program = ChildProcess.executable
    for command in ["chat", "ask --model \(try TinyModel.path("tiny-a")) --image - hi"] {
      let result = try ChildProcess.run(["/bin/sh", "-c", "\(program) \(command) <&-"], seconds: 50)
      #expect(result.ending == .exited(65) || result.ending == .exited(0), "\(command): \(result.errorOutput)")
    }
  }

  @Test func theReferencesAnswerComesOut() throws {
    let expected = try JSONValue.read(path: Fixtures.path("tiny-a/expected.json"))
    let item = try #require(expected["cases"]?.array?.first)
    let result = try ask([
      "--image", Fixtures.path("tiny-a/images/\(try #require(item["image"]?.string))"), "--raw-prompt",
      try #require(item["prompt"]?.string), "--ignore-stop", "--max-tokens", "24", "--json",
    ])
    let answer = try json(result.text)
    #expect(answer["tokens"] == item["greedy_ids"])
    #expect(answer["text"] == item["greedy_text"])
  }

  @Test func jsonHasEveryField() throws {
    let result = try ask(["--image", picture, "--ignore-stop", "--json", "what is it?"])
    #expect(result.ending == .exited(0))
    #expect(result.text.split(separator: "\n").count == 1)
    #expect(!result.output.contains(0x1b))
    let answer = try json(result.text)
    #expect(answer["text"]?.string != nil)
    #expect(answer["tokens"]?.array?.count == 8)
    #expect(answer["boxes"]?.array != nil)
    #expect(answer["stop_reason"]?.string == "length")
    #expect(try answer["model"]?.string == TinyModel.path("tiny-a"))
    #expect(answer["adapter"]?.string == "TinyGPT-V_for_Stage4")
    for key in ["load", "picture", "prompt", "decode", "tokens_per_second"] {
      #expect(try #require(answer["timings"]?[key]?.double) >= 0, "\(key)")
    }
    #expect(answer["timings"]?["tokens"]?.integer == 8)
  }

  @Test func thePictureMayComeOnStandardInput() throws {
    let arguments = ["--ignore-stop", "--task", "caption"]
    let piped = try ask(["--image", "-"] + arguments, input: Data(contentsOf: URL(fileURLWithPath: picture)))
    #expect(piped.ending == .exited(0))
    #expect(try piped.output == ask(["--image", picture] + arguments).output)
    #expect(try ask(["--image", "-", "what?"]).ending == .exited(65))
  }

  @Test func adaptersAndSeedsChangeTheAnswer() throws {
    let plain = try ask(["--ignore-stop", "what?"])
    let none = try ask(["--ignore-stop", "--adapter", "none", "--json", "what?"])
    #expect(try json(none.text)["adapter"]?.string == nil)
    #expect(try json(none.text)["text"]?.string != plain.text)
    let warm = ["--ignore-stop", "--temperature", "1", "--top-p", "1", "what?", "--seed"]
    #expect(try ask(warm + ["1"]).output == ask(warm + ["1"]).output)
    #expect(try ask(warm + ["1"]).output != ask(warm + ["2"]).output)
    #expect(try ask(["--ignore-stop", "--threads", "1", "what?"]).output == plain.output)
  }

  @Test func aBatchAnswersEveryLineInOrder() throws {
    let good = "{\"image\": \"\(picture)\", \"task\": \"vqa\", \"text\": \"what is it?\"}"
    let lines = [
      good, "no JSON", "{\"image\": \"/nowhere.png\", \"text\": \"a\"}", "{\"task\": \"cook\", \"text\": \"a\"}",
      "{\"text\": \"what?\"}", "{\"image\": 3}", good,
    ]
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("batch.jsonl")
      let text = Data(lines.joined(separator: "\n").utf8)
      try text.write(to: file)
      for (path, input) in [(file.path, Data()), ("-", text)] {
        let result = try ask(["--batch", path, "--ignore-stop"], input: input)
        #expect(result.ending == .exited(0))
        let answers = try result.text.split(separator: "\n").map { try json($0) }
        try #require(answers.count == lines.count)
        #expect(answers.map { $0["error"] != nil } == [false, true, true, true, false, true, false])
        #expect(answers[2]["error"]?.string?.contains("/nowhere.png") == true)
        #expect(answers[3]["error"]?.string?.contains("cook") == true)
        #expect(answers.map { $0["line"]?.integer } == [nil, 2, 3, 4, nil, 6, nil])
        #expect(answers[0]["text"] == answers[6]["text"])
        // One encoding a picture.
        #expect(try #require(answers[6]["timings"]?["picture"]?.double) < 1e-4)
        let single = try ask(["--image", picture, "--task", "vqa", "--ignore-stop", "--json", "what is it?"])
        #expect(try answers[0]["tokens"] == json(single.text)["tokens"])
      }
    }
  }

  @Test(
    arguments: [
      ["--task", "cook", "a"], ["--max-tokens", "0", "a"], ["--temperature", "-1", "a"], ["--top-p", "0", "a"],
      ["--threads", "0", "a"], ["--template", "no place", "a"], ["--unknown", "a"], ["--batch", "x", "a"],
      ["--raw-prompt", "x", "a"], ["--seed", "x", "a"], ["--repetition-penalty", "0", "a"],
    ])
  func wrongOptionsAreUsageErrors(_ arguments: [String]) throws {
    let result = try ask(arguments)
    #expect(result.ending == .exited(64))
    #expect(result.text == "")
    #expect(result.errorOutput.hasPrefix("tinygptv: "))
  }

  @Test func whatIsMissingIsNamed() throws {
    let noModel = try ChildProcess.tinygptv(["ask", "--model", "/nowhere.gguf", "a"])
    #expect(noModel.ending == .exited(65) && noModel.errorOutput.contains("/nowhere.gguf"))
    let noPicture = try ask(["--image", "/nowhere.png", "a"])
    #expect(noPicture.ending == .exited(65) && noPicture.errorOutput.contains("/nowhere.png"))
    let noBatch = try ask(["--batch", "/nowhere.jsonl"])
    #expect(noBatch.ending == .exited(65) && noBatch.errorOutput.contains("/nowhere.jsonl"))
    let noText = try ask(["--image", picture, "--task", "refer"])
    #expect(noText.ending == .exited(65) && noText.errorOutput.contains("refer"), "\(noText.errorOutput)")
    let noPlace = try ask(["--image", picture, "--raw-prompt", "no place"])
    #expect(noPlace.ending == .exited(65) && noPlace.errorOutput.contains("<ImageHere>"))
    #expect(try ChildProcess.tinygptv(["ask"]).ending == .exited(65))
  }

  @Test func aLongPromptIsRefused() throws {
    let result = try ask([String(repeating: "a b c d ", count: 4000)])
    #expect(result.ending == .exited(65) && result.errorOutput.contains("context"))
  }
}
