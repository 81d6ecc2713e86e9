import Diagnostics
import Tensors

/// A part of a prompt that goes through the language model in one pass.
///
/// A conversation has one for each turn: the first question with its picture; then each answer with the question behind
/// it. What is computed for a block depends on the blocks before it alone, never on how they came to be there, so keys
/// and values of an equal beginning serve again and change nothing, not even in the last bit. (Those of tokens that came
/// one by one while an answer was made are not used again: few rows and many are multiplied in different ways.)
struct PromptBlock: Equatable {
  /// Tokens, or a picture's vectors.
  enum Piece: Equatable {
    case tokens([Int])
    case picture(PromptPicture)
  }

  var pieces: [Piece]
}

/// A picture in a prompt: equal to another one if both have the same key.
struct PromptPicture: Equatable {
  /// Tells the picture apart from all others.
  var key: String
  /// The Q-Former's output for it [queries, width].
  var queries: Tensor

  static func == (one: Self, other: Self) -> Bool { one.key == other.key }
}

/// Something that cannot be done, and what is at fault.
struct ModelFault: Error {
  var kind: ChatFailure.Kind
  var error: InputError

  /// Says of whatever `body` throws what is at fault.
  static func when<Result>(
    _ kind: ChatFailure.Kind, _ body: () throws(InputError) -> Result
  ) throws(ModelFault) -> Result {
    do throws(InputError) { return try body() } catch { throw ModelFault(kind: kind, error: error) }
  }
}
