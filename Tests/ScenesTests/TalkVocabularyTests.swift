import Dialogue
import Testing
import Tokenization

@testable import Scenes

/// The vocabulary that talk needs.
struct TalkVocabularyTests {
  private static let tokenizer = Result {
    var trainer = BytePairTrainer(wholeWords: (0...100).map(String.init))
    for seed in UInt64(0)..<300 {
      for style in TalkStyle.allCases {
        for turn in SceneTalk(scene: randomScene(seed), style: style, seed: seed).turns(count: 8) {
          trainer.add(PromptTemplate.tinygptv.prompt(question: turn.instruction) + turn.answer + "###")
        }
      }
    }
    return try trainer.tokenizer(vocabularySize: 1500)
  }

  @Test func numbersAndFramesAreShort() throws {
    let tokenizer = try Self.tokenizer.get()
    for number in 0...100 { #expect(tokenizer.encode("\(number)").count == 1, "\(number)") }
    // Four numbers, and what stands before, between and behind them.
    #expect(tokenizer.encode(BoundingBox(x0: 1, y0: 23, x1: 45, y1: 100).markup).count == 9)
    for text in ["###", "Human", "Assistant", "###Human: ", " ###Assistant: ", "[vqa]", "<p>", "</p>", "<delim>"] {
      #expect(tokenizer.encode(text).count <= 5, "\(text)")
    }
    #expect(tokenizer.encode("###").count == 1)
    #expect(tokenizer.encode("what colour is the red star").count <= 7)
    #expect(tokenizer.vocabularySize <= 1500)
  }

  @Test func everyTalkComesBack() throws {
    let tokenizer = try Self.tokenizer.get()
    for seed in UInt64(1000)..<1100 {
      for turn in SceneTalk(scene: randomScene(seed), style: .spanish, seed: seed).turns(count: 8) {
        let text = turn.instruction + " → " + turn.answer
        #expect(tokenizer.decodeToString(tokenizer.encode(text)) == text)
      }
    }
  }
}
