import Testing

@testable import Benchmarking

struct SamplesTests {
  @Test func theMedianIsTheNumberInTheMiddle() {
    #expect(Samples([7]).median == 7)
    #expect(Samples([9, 1, 5]).median == 5)
    #expect(Samples([4, 1, 2, 9]).median == 3)
  }

  /// Quartiles as numpy.percentile gives them.
  @Test func quartilesLieBetweenNeighbours() {
    let samples = Samples([15, 20, 35, 40, 50, 70])
    #expect(samples.quantile(0.25) == 23.75)
    #expect(samples.quantile(0.75) == 47.5)
    #expect(samples.least == 15 && samples.most == 70)
  }

  @Test func theSpreadIsTheMiddleHalfOverTheMedian() {
    #expect(Samples([8, 9, 10, 11, 12]).spread == 0.2)
    #expect(Samples([-12, -8, -10, -9, -11]).spread == 0.2)
    #expect(Samples([8, 9, 10, 11, 12]).middleHalf == 2)
    #expect(Samples([3]).spread == 0)
    #expect(Samples([0, 0, 0]).spread == 0)
  }
}
