import Diagnostics
import Foundation
import Tensors

/// How the next token is chosen.
public struct SamplingOptions: Equatable, Sendable {
  /// Divides the logits; 0 takes the most likely token.
  public var temperature: Float
  /// Only the most likely tokens that together have at least this probability are drawn from; in (0, 1].
  public var topP: Float
  /// Divides positive and multiplies negative logits of tokens that the answer already has (Keskar et al. 2019); 1 does
  /// nothing. As in the reference, tokens of the prompt do not count.
  public var repetitionPenalty: Float
  /// Where the random numbers start.
  public var seed: UInt64

  /// Greedy unless a temperature is given.
  public init(temperature: Float = 0, topP: Float = 0.9, repetitionPenalty: Float = 1, seed: UInt64 = 0) {
    self.temperature = temperature
    self.topP = topP
    self.repetitionPenalty = repetitionPenalty
    self.seed = seed
  }

  /// Throws an error that names the option that is out of range.
  public func check() throws(InputError) {
    func require(_ condition: Bool, _ option: String, _ expected: String, _ value: Float) throws(InputError) {
      guard condition else { throw InputError(file: option, expected: expected, found: "\(value)") }
    }
    try require(temperature >= 0 && temperature <= 100, "--temperature", "a number from 0 to 100", temperature)
    try require(topP > 0 && topP <= 1, "--top-p", "a number above 0 and at most 1", topP)
    try require(
      repetitionPenalty > 0 && repetitionPenalty <= 100, "--repetition-penalty", "a number above 0 and at most 100",
      repetitionPenalty)
  }
}

/// Chooses tokens from logits. The same seed and logits give the same tokens.
public struct Sampler {
  private let options: SamplingOptions
  private var generator: SplitMix64
  private var seen: Set<Int> = []

  /// Starts a new answer.
  public init(_ options: SamplingOptions) {
    self.options = options
    generator = SplitMix64(state: options.seed)
  }

  /// The next token for the logits [vocabulary], which are remembered as part of the answer.
  public mutating func next(_ logits: [Float]) -> Int {
    var logits = logits
    if options.repetitionPenalty != 1 {
      for id in seen where logits.indices.contains(id) {
        logits[id] = logits[id] > 0 ? logits[id] / options.repetitionPenalty : logits[id] * options.repetitionPenalty
      }
    }
    let token = options.temperature == 0 ? largest(logits) : drawn(logits)
    seen.insert(token)
    return token
  }

  private func largest(_ logits: [Float]) -> Int {
    var best = 0
    for (id, value) in logits.enumerated() where value > logits[best] { best = id }
    return best
  }

  private mutating func drawn(_ logits: [Float]) -> Int {
    let top = logits.max() ?? 0
    // Tokens that are e⁻²⁰ times less likely than the best cannot matter; leaving them out keeps the sort short.
    var candidates: [(id: Int, weight: Double)] = []
    for (id, value) in logits.enumerated() {
      let exponent = Double((value - top) / options.temperature)
      if exponent > -20 { candidates.append((id, exp(exponent))) }
    }
    candidates.sort { $0.weight != $1.weight ? $0.weight > $1.weight : $0.id < $1.id }
    let total = candidates.reduce(0) { $0 + $1.weight }
    var kept = 0
    var mass = 0.0
    while kept < candidates.count, kept == 0 || mass < Double(options.topP) * total {
      mass += candidates[kept].weight
      kept += 1
    }
    var rest = generator.nextUnit() * mass
    for candidate in candidates.prefix(kept) {
      rest -= candidate.weight
      if rest < 0 { return candidate.id }
    }
    return candidates[kept - 1].id
  }
}
