import TestSupport
import Testing

@testable import Tokenization

/// Vocabularies learned from texts.
struct BytePairTrainerTests {
  /// Sennrich et al. 2016, figure 1 and its text, with GPT-2's pieces: ties go to the lower ids.
  @Test func theMostFrequentPairIsMergedFirst() {
    var trainer = BytePairTrainer()
    for (word, count) in [("low", 5), ("lower", 2), ("newest", 6), ("widest", 3)] { trainer.add(word, count: count) }
    let (tokens, merges) = trainer.train(vocabularySize: 262)
    #expect(tokens.count == 262 && tokens[256] == "<|endoftext|>")
    // es 9, st 9, lo 7, ow 7: of "e s" and "s t", then of "l o" and "o w", the lower first letter; then est 9 comes before.
    #expect(merges == ["e s", "es t", "l o", "lo w", "e w"])
    #expect(Array(tokens[257...]) == ["es", "est", "lo", "low", "ew"])
  }

  @Test func theOrderOfTheTextsDoesNotMatter() {
    let texts = ["the red star", "a red, red dog", "{<10><20><55><90>}", "¿de qué color es?", "aaaa aaa aa"]
    var first = BytePairTrainer(wholeWords: ["10", "20", "100"])
    var second = first
    for text in texts { first.add(text, count: 2) }
    for text in texts.reversed() { second.add(text); second.add(text) }
    #expect(first.train(vocabularySize: 300) == second.train(vocabularySize: 300))
  }

  @Test func wholeWordsBecomeOneTokenHoweverRare() throws {
    var trainer = BytePairTrainer(wholeWords: (0...100).map(String.init))
    trainer.add("nothing but words, and words again", count: 100)
    let tokenizer = try trainer.tokenizer(vocabularySize: 400)
    for number in 0...100 { #expect(tokenizer.encode("\(number)").count == 1) }
    #expect(tokenizer.encode(" words").count == 1)
    #expect(tokenizer.token("<|endoftext|>") == 256)
  }

  @Test func anyTextComesBack() throws {
    var trainer = BytePairTrainer(wholeWords: ["10"])
    var generator = SeededGenerator(state: 11)
    for _ in 0..<50 { trainer.add(randomText(&generator), count: 2) }
    let tokenizer = try trainer.tokenizer(vocabularySize: 700)
    #expect(tokenizer.merges.count > 50)
    for _ in 0..<200 {
      let text = randomText(&generator)
      #expect(tokenizer.decode(tokenizer.encode(text)) == Array(text.utf8))
    }
  }

  @Test func nothingIsLearnedFromNothing() throws {
    let tokenizer = try BytePairTrainer().tokenizer(vocabularySize: 1000)
    #expect(tokenizer.vocabularySize == 257 && tokenizer.merges.isEmpty)
    var once = BytePairTrainer()
    once.add("words")
    #expect(once.train(vocabularySize: 1000).merges.isEmpty)
  }
}
