import TestSupport
import Testing

@testable import TinyGPTV

/// How tokens are chosen.
struct SamplerTests {
  private let logits: [Float] = [0, 2, 1, -1, 1.5]

  private func draw(_ options: SamplingOptions, count: Int = 200) -> [Int] {
    var sampler = Sampler(options)
    return (0..<count).map { _ in sampler.next(logits) }
  }

  @Test func zeroTemperatureAndSmallSharesTakeTheLargest() {
    #expect(Set(draw(SamplingOptions(temperature: 0))) == [1])
    #expect(Set(draw(SamplingOptions(temperature: 2, topP: 0.01))) == [1])
  }

  @Test func theSameSeedDrawsTheSame() {
    let options = SamplingOptions(temperature: 1, topP: 1, seed: 7)
    #expect(draw(options) == draw(options))
    #expect(draw(options) != draw(SamplingOptions(temperature: 1, topP: 1, seed: 8)))
  }

  @Test func frequenciesFollowTheProbabilities() {
    let drawn = draw(SamplingOptions(temperature: 1, topP: 1, seed: 3), count: 20_000)
    // softmax(0, 2, 1, −1, 1.5)
    for (id, expected) in [0.0641, 0.4733, 0.1741, 0.0236, 0.2871].enumerated() {
      #expect(abs(Double(drawn.filter { $0 == id }.count) / 20_000 - expected) < 0.015, "\(id)")
    }
  }

  @Test func theShareCutsTheTail() {
    // The best alone has 0.47, the two best together 0.76.
    #expect(Set(draw(SamplingOptions(temperature: 1, topP: 0.7, seed: 1))) == [1, 4])
  }

  @Test func repetitionMakesTokensLessLikely() {
    var sampler = Sampler(SamplingOptions(temperature: 0, repetitionPenalty: 2))
    // 2 → 1, then 1.5 → 0.75; of equal ones the first is taken.
    #expect((0..<3).map { _ in sampler.next(logits) } == [1, 4, 1])
    var negative = Sampler(SamplingOptions(temperature: 0, repetitionPenalty: 2))
    #expect((0..<2).map { _ in negative.next([-1, -1.5]) } == [0, 1])
  }

  @Test func answersRepeatWithTheirSeed() throws {
    let reference = try Reference("tiny-a")
    let model = try TinyGPTVModel(path: TinyModel.path("tiny-a"))
    let item = reference.cases[0]
    var warm = SamplingOptions(temperature: 1, topP: 0.9, seed: 5)
    let answer = try reference.answer(model, item, warm)
    #expect(try reference.answer(model, item, warm) == answer)
    warm.seed = 6
    #expect(try reference.answer(model, item, warm) != answer)
    #expect(try reference.answer(model, item, SamplingOptions(temperature: 1, topP: 1e-6)) == item.greedy)
  }

  @Test func optionsOutOfRangeAreRefused() {
    for options in [
      SamplingOptions(temperature: -1), SamplingOptions(temperature: .nan), SamplingOptions(topP: 0),
      SamplingOptions(topP: 1.5), SamplingOptions(repetitionPenalty: 0),
    ] {
      #expect(throws: (any Error).self) { try options.check() }
    }
  }
}
