import Diagnostics
import Dialogue
import Scenes
import Tokenization

/// The words of a model that knows nothing but scenes.
public enum SceneVocabulary {
  /// A byte-level vocabulary learned from talk about some thousand scenes in all styles.
  ///
  /// - Parameter size: how many tokens at most, the 256 bytes and end-of-text among them.
  public static func tokenizer(size: Int) throws(InputError) -> BytePairTokenizer {
    // Coordinates and counts are whole tokens, however rare.
    var trainer = BytePairTrainer(wholeWords: (0...100).map(String.init))
    for seed in 0..<1500 {
      let scene = Scene(seed: Scene.seed(ofScene: seed, inSet: 0))
      for style in TalkStyle.allCases {
        for turn in SceneTalk(scene: scene, style: style, seed: scene.seed).turns(count: 24) {
          let question = PromptTemplate.question(ofTurn: turn.instruction, carriesPicture: true)
          // What is there besides the picture's vectors.
          let segments = PromptTemplate.segments(of: PromptTemplate.tinygptv.prompt(question: question))
          trainer.add(segments.joined())
          trainer.add(turn.answer + "###")
        }
      }
    }
    var tokenizer = try trainer.tokenizer(vocabularySize: size)
    // As it is trained, so it is asked.
    tokenizer.beginsWithEndOfText = true
    return tokenizer
  }
}
