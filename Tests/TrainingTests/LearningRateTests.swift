import ModelFiles
import TestSupport
import Testing

@testable import Training

@Suite struct LearningRateTests {
  /// Upstream's own numbers, computed in the same order, so equal to the last bit.
  @Test(arguments: ["tiny-a", "tiny-b", "tiny-q"])
  func ratesAreUpstreams(fixture: String) throws {
    let file = Fixtures.path("\(fixture)/expected.json")
    let train = try JSONValue.read(path: file).object("train", file: file)
    let given = try train.object("schedule", file: file)
    let schedule = LearningRateSchedule(
      initialRate: try given.double("init_lr", file: file), minimumRate: try given.double("min_lr", file: file),
      warmupRate: try given.double("warmup_lr", file: file),
      warmupSteps: try given.integer("warmup_steps", in: 0...100, file: file), epochs: 1,
      iterationsPerEpoch: try given.integer("total_steps", in: 1...100, file: file))
    let expected = try #require(train["lrs"]?.array).compactMap(\.double)
    #expect(expected.count == 10)
    #expect((0..<expected.count).map { schedule.rate(step: $0) } == expected)
  }

  @Test func aWarmUpLongerThanAnEpochStartsAgain() {
    let schedule = LearningRateSchedule(
      initialRate: 1, minimumRate: 0, warmupRate: 0, warmupSteps: 6, epochs: 2, iterationsPerEpoch: 4)
    let sixths = (0..<6).map { 6 * schedule.rate(step: $0) }
    #expect(sixths == [0, 1, 2, 3, 0, 1])
    // The cosine has run during the warm-up.
    #expect(abs(schedule.rate(step: 6) - 0.14644660940672627) < 1e-15)
  }

  @Test func epochsDoNotBreakTheCosine() {
    let whole = LearningRateSchedule(initialRate: 3, minimumRate: 1, epochs: 1, iterationsPerEpoch: 12)
    let parts = LearningRateSchedule(initialRate: 3, minimumRate: 1, epochs: 4, iterationsPerEpoch: 3)
    #expect((0..<12).map { whole.rate(step: $0) } == (0..<12).map { parts.rate(step: $0) })
    #expect(whole.rate(step: 0) == 3)
    #expect(abs(whole.rate(step: 6) - 2) < 1e-15)
  }

  @Test func aRunsSettingsAreTaken() {
    var run = RunSettings()
    (run.initialLearningRate, run.minimumLearningRate, run.warmupSteps, run.maximumEpochs) = (1e-5, 8e-5, 2, 3)
    let open = LearningRateSchedule(run, iterationsPerEpoch: 7)
    #expect(open.totalSteps == 21)
    // Without a warm-up rate the warm-up is flat; a minimum above the initial rate, as in stage 4, is reached from below.
    #expect(open.rate(step: 0) == 1e-5 && open.rate(step: 1) == 1e-5)
    #expect(open.rate(step: 20) > 7.9e-5)
    run.iterationsPerEpoch = 5
    #expect(LearningRateSchedule(run, iterationsPerEpoch: 7).totalSteps == 15)
  }
}
