import Diagnostics
import Tensors
import TinyGPTV

/// What a benchmark measures.
public struct BenchmarkPlan: Sendable {
  /// A part that can be left out.
  public enum Part: String, CaseIterable, Sendable {
    /// What the machine can do at best.
    case limits
    /// From the file to a model that has read a token.
    case load
    /// From pixels to vectors, and questions about them.
    case picture
    /// Many tokens at once.
    case prompt
    /// Tokens one by one.
    case decode
    /// Answers with boxes, token by token and with guesses.
    case lookup
    /// What a low-rank adapter costs.
    case adapter
  }

  /// The parts that are measured.
  public var parts = Set(Part.allCases)
  /// On how many threads, in turn; each 1 to 1024.
  public var threads = ThreadPool.availableCores > 1 ? [1, ThreadPool.availableCores] : [1]
  /// How often, at least once.
  public var repeats = 5
  /// Lengths of prompts in tokens; nil: 128 and 512, as far as they fit the context.
  public var prompts: [Int]?
  /// How many tokens are decoded from an empty context.
  public var decodedTokens = 64
  /// Sides of pictures in pixels; nil: 224 and 448, or the model's own where its patches do not divide them.
  public var pictures: [Int]?

  /// The defaults.
  public init() {}

  /// The lengths and sides for this model.
  ///
  /// - Throws: ``InputError`` for one that was asked for and does not fit.
  func sizes(for model: TinyGPTVModel) throws(InputError) -> (prompts: [Int], pictures: [Int]) {
    let context = model.configuration.phi.contextLength
    for prompt in prompts ?? [] where prompt > context {
      throw InputError(
        file: model.path, field: "--prompt", expected: "at most \(context) tokens, the context", found: "\(prompt)")
    }
    guard decodedTokens < context else {
      throw InputError(
        file: model.path, field: "--decode", expected: "less than \(context) tokens, the context",
        found: "\(decodedTokens)")
    }
    let fitting = prompts ?? [128, 512].filter { $0 <= context }
    guard let vision = model.configuration.vision else { return (fitting, []) }
    for side in pictures ?? [] where side % vision.patchSize != 0 || side < vision.patchSize {
      throw InputError(
        file: model.path, field: "--pictures", expected: "multiples of \(vision.patchSize), the patch",
        found: "\(side)")
    }
    let usual = [224, 448]
    let divides = usual.allSatisfy { $0 % vision.patchSize == 0 }
    return (fitting, pictures ?? (divides ? usual : [vision.imageSize]))
  }
}
