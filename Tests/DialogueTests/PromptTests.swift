import Diagnostics
import Foundation
import TestSupport
import Testing

@testable import Dialogue

/// Questions as the model was trained to read them.
struct PromptTests {
  @Test func promptsAreTheReferences() throws {
    struct Expected: Decodable { var prompts: [String] }
    let data = try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("tiny-a/expected.json")))
    let expected = try JSONDecoder().decode(Expected.self, from: data).prompts
    let prompts = try [
      ("what colour is the  bus?", VisionTask.vqa), ("the dog on the left", .refer), ("{<10><20><55><90>}", .identify),
    ].map { text, task in
      PromptTemplate.tinygptv.prompt(question: try PromptTemplate.question(text, task: task, hasPicture: true))
    }
    #expect(prompts == expected)
  }

  @Test(arguments: [
    ("tinygptv", "###Human: Q ###Assistant: "), ("phi", "Instruct: Q /n Output: "),
    ("minigpt-v2", "<s>[INST] Q [/INST]"),
    ("llama2", "<s>[INST] Q [/INST]"), ("{}", "Q"), ("é{}\u{301}", "éQ\u{301}"),
  ]) func templates(name: String, prompt: String) throws {
    let template = try PromptTemplate(name)
    #expect(template.prompt(question: "Q") == prompt)
    #expect(template.stopText == "###")
  }

  @Test(arguments: ["", "vqa", "{", "{}{}", "a {} b {} c", "<ImageHere> {}"])
  func badTemplatesAreRefused(_ text: String) {
    let error = #expect(throws: InputError.self) { try PromptTemplate(text) }
    #expect(error?.file == "template")
  }

  @Test func badTemplatesSayWhatIsWrong() {
    let name = #expect(throws: InputError.self) { try PromptTemplate("foo") }
    #expect(name?.found == "\"foo\", which is neither")
    let text = #expect(throws: InputError.self) { try PromptTemplate("{} {}") }
    #expect(text?.found == "\"{} {}\", with {} 2 times")
  }

  @Test func aTemplateIsFilledOnce() throws {
    #expect(try PromptTemplate("a {} b").prompt(question: "{}") == "a {} b")
    #expect(try PromptTemplate("tinygptv") == .tinygptv)
  }

  @Test func questionsWithAndWithoutPictureAndTask() throws {
    #expect(try PromptTemplate.question("hi", task: nil, hasPicture: false) == "hi")
    #expect(try PromptTemplate.question("hi", task: nil, hasPicture: true) == "<Img><ImageHere></Img> hi")
    #expect(try PromptTemplate.question("hi", task: .vqa, hasPicture: false) == "[vqa] hi")
    #expect(throws: InputError.self) { try PromptTemplate.question(" \n", task: nil, hasPicture: true) }
  }

  @Test(arguments: [
    "<ImageHere>", "a<ImageHere>b<ImageHere>", "<Image<ImageHere>Here>", "<ImageHere>\u{301}", "<ImageHere<ImageHere>>",
  ]) func userTextCannotClaimAPicture(_ text: String) throws {
    let question = try PromptTemplate.question(text, task: .vqa, hasPicture: true)
    #expect(PromptTemplate.segments(of: question).count == 2)
    #expect(PromptTemplate.segments(of: try PromptTemplate.question(text, task: nil, hasPicture: false)).count == 1)
  }

  @Test func segmentsAreWhatLiesBetweenPictures() {
    #expect(PromptTemplate.segments(of: "") == [""])
    #expect(PromptTemplate.segments(of: "<ImageHere>") == ["", ""])
    #expect(PromptTemplate.segments(of: "a<ImageHere>b<ImageHere>\u{301}") == ["a", "b", "\u{301}"])
    #expect(PromptTemplate.segments(of: "<ImageHere") == ["<ImageHere"])
  }

  @Test func tasksWithoutText() throws {
    #expect(try VisionTask.caption.instruction("") == "[caption] briefly describe this image")
    #expect(try VisionTask.grounding.instruction(" ") == "[grounding] please describe this image in detail")
    for task in [VisionTask.vqa, .refer, .detection, .identify] {
      let error = #expect(throws: InputError.self) { try task.instruction(" \t") }
      #expect(error?.file == "task \(task.rawValue)")
    }
  }

  @Test func tasksWithText() throws {
    for task in VisionTask.allCases {
      #expect(task.tag == "[\(task.rawValue)]")
      #expect(try task.instruction("a  b ") == "\(task.tag) a  b ")
      #expect(!task.help.isEmpty && !task.help.contains("\n"))
    }
    #expect(VisionTask(rawValue: "vqa") == .vqa)
    #expect(try VisionTask.identify.instruction("who is {<1><2><3><4>}") == "[identify] who is {<1><2><3><4>}")
    #expect(try VisionTask.identify.instruction("{<1><2><3><4>}") == "[identify] what is this {<1><2><3><4>}")
  }

  @Test func whatAPromptBeginsWithStandsInFrontOnce() throws {
    let request = ChatRequest(
      picture: nil, earlier: [.init(task: nil, question: "a", answer: "b")], question: "c")
    let prompt = try ConversationPrompt(request, picture: nil, beginning: [9999], contextSize: 1000) { text in
      text.utf8.map { Int($0) }
    }
    let ids = prompt.blocks.flatMap(\.pieces).flatMap { piece in
      if case .tokens(let ids) = piece { ids } else { [Int]() }
    }
    #expect(ids == [9999] + "###Human: a ###Assistant: b######Human: c ###Assistant: ".utf8.map { Int($0) })
  }
}
