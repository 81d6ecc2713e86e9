import Testing

@testable import Training

struct ProgressLineTests {
  static let line: ProgressLine = {
    var line = ProgressLine(stage: "stage2", step: 1200, totalSteps: 20000)
    line.loss = 1.23456
    line.learningRate = 9.87e-5
    line.gradientNorm = 0.5
    line.samplesPerSecond = 43.21
    line.secondsLeft = 4980
    return line
  }()

  @Test(arguments: [
    (
      120,
      "stage2  1200/20000  6 %  loss 1.235  lr 9.87e-05  gradient 0.5000  43.2 samples/s  1 h 23 min left"
    ),
    (80, "stage2  1200/20000  6 %  loss 1.235  43.2 samples/s  1 h 23 min left"),
    (66, "stage2  1200/20000  loss 1.235  43.2 samples/s  1 h 23 min left"),
    (60, "1200/20000  loss 1.235  43.2 samples/s  1 h 23 min left"),
    (40, "1200/20000  loss 1.235  1 h 23 min left"),
    (22, "1200/20000  loss 1.235"), (21, "1200/20000"), (5, "1200/"), (0, ""),
  ])
  func whatMattersLessGoesFirst(_ width: Int, _ expected: String) {
    #expect(Self.line.text(width: width) == expected)
  }

  @Test func everyWidthIsKept() {
    for width in 0...110 { #expect(Self.line.text(width: width).unicodeScalars.count <= width) }
  }

  @Test(arguments: [
    (0, "0.0000"), (0.012345, "0.0123"), (1.5e-4, "1.50e-04"), (5, "5.000"), (12.34, "12.3"), (1234.5, "1234"),
    (2.5e7, "2.50e+07"), (.nan, "NaN"), (-.infinity, "-infinite"),
  ])
  func numbersAreShort(_ value: Double, _ expected: String) {
    #expect(ProgressLine.significant(value) == expected)
  }

  @Test(arguments: [
    (-1, "0 s"), (0.4, "0 s"), (9, "9 s"), (60, "1 min"), (250, "4 min 10 s"), (3600, "1 h"), (97200, "1 d 3 h"),
    (86461, "1 d"), (1e300, "11574 d 1 h"),
  ])
  func durationsHaveTwoUnits(_ seconds: Double, _ expected: String) {
    #expect(ProgressLine.duration(seconds) == expected)
  }

  @Test func estimatesAreSmoothAndUnbiased() throws {
    var estimate = ProgressEstimate(stage: "s", totalSteps: 100)
    var line = estimate.add(step: 1, loss: 4, learningRate: 1, gradientNorm: 2, samples: 8, seconds: 2)
    #expect(line.loss == 4 && line.samplesPerSecond == 4 && line.secondsLeft == 198)
    line = estimate.add(step: 2, loss: .nan, learningRate: 1, gradientNorm: .nan, samples: 8, seconds: 2)
    #expect(line.loss == 4 && line.gradientNorm?.isNaN == true)
    line = estimate.add(step: 3, loss: 2, learningRate: 1, gradientNorm: 2, samples: 8, seconds: 1)
    let loss = try #require(line.loss)
    #expect(abs(loss - (0.95 * 4 + 2) / 1.95) < 1e-12)
    #expect(line.step == 3 && line.totalSteps == 100 && line.stage == "s")
    for step in 4...100 {
      line = estimate.add(step: step, loss: 2, learningRate: 1, gradientNorm: 2, samples: 8, seconds: 1)
    }
    let speed = try #require(line.samplesPerSecond)
    #expect(line.secondsLeft == 0 && abs(speed - 8) < 0.1)
  }
}
