import Diagnostics
import Foundation
import Synchronization
import Tensors
import Testing

@testable import Training

/// An objective whose samples are the numbers of records, and the loss of one is twice its number.
private final class Numbers: TrainingObjective {
  let leaf = Tensor([2], shape: [1]).requiringGradient()
  let broken: Set<Int>
  let prepared = DispatchSemaphore(value: 0)
  /// For each pass, whether a gradient could be had of it.
  let hadHistory = Mutex<[Bool]>([])

  init(broken: Set<Int> = []) { self.broken = broken }

  func sample(_ reference: SampleReference) throws(InputError) -> Int {
    defer { prepared.signal() }
    guard !broken.contains(reference.record) else {
      throw InputError(file: "record \(reference.record)", expected: "a number", found: "none")
    }
    return reference.record
  }

  func weight(_ sample: Int) -> Float { sample < 10 ? 1 : 3 }

  func packed(_ samples: [Int]) -> [[Int]] { samples.chunked(by: 2) }

  func loss(_ samples: [Int], shares: [Float], seed: UInt64?, tally: inout Tally) -> Tensor {
    let loss = leaf.scaled(by: zip(samples, shares).reduce(0) { $0 + Float($1.0) * $1.1 })
    hadHistory.withLock { $0.append(loss.gradients()[leaf] != nil) }
    tally.add("even", samples[0] % 2 == 0 ? 1 : 0)
    return loss
  }
}

struct BatchTests {
  private func state(records: Int, batch: Int) throws -> TrainingState {
    TrainingState(
      mixer: try DataMixer(datasets: [.init(name: "n", count: records, batchSize: batch, shuffle: false)], seed: 1))
  }

  private func settings(limit: Int = 0) -> DatasetSettings {
    var settings = DatasetSettings()
    (settings.name, settings.maximumBroken) = ("n", limit)
    return settings
  }

  @Test func theNextBatchesAreMadeWhileOneIsComputed() throws {
    let objective = Numbers()
    let source = BatchSource(objective, datasets: [settings()], state: try state(records: 100, batch: 3), seed: 1)
    defer { source.cancel() }
    #expect(try source.next { _ in }.samples == [0, 1, 2])
    // Nobody asks for more, and four batches more are made.
    for _ in 0..<5 * 3 { #expect(objective.prepared.wait(timeout: .now() + 10) == .success) }
    #expect(objective.prepared.wait(timeout: .now() + 0.05) == .timedOut)
    // A checkpoint is at the batch that was taken, not at those that are ready.
    #expect(source.mixer.step == 1)
    #expect(try source.next { _ in }.samples == [3, 4, 5])
    #expect(source.mixer.step == 2)
  }

  @Test func brokenRecordsAreCountedWhenTheirBatchIsTaken() throws {
    let objective = Numbers(broken: [1, 3, 4, 5, 8])
    var state = try state(records: 9, batch: 3)
    let source = BatchSource(objective, datasets: [settings(limit: 5)], state: state, seed: 1)
    var told: [String] = []
    #expect(try source.next { told.append($0.file) }.samples == [0, 2])
    #expect(source.broken == ["n": [1]])
    // A batch of which nothing is left is passed over.
    #expect(try source.next { told.append($0.file) }.samples == [6, 7])
    #expect(told == [1, 3, 4, 5, 8].map { "record \($0)" })
    (state.mixer, state.broken) = (source.mixer, source.broken)
    source.cancel()
    let resumed = BatchSource(objective, datasets: [settings(limit: 5)], state: state, seed: 1)
    defer { resumed.cancel() }
    #expect(try resumed.next { _ in Issue.record("told twice") }.samples == [0, 2])
    #expect(resumed.broken == ["n": [1, 3, 4, 5, 8]])
    // A run that may break fewer ends at the next new one only.
    state.broken = ["n": [1]]
    let narrow = BatchSource(objective, datasets: [settings(limit: 2)], state: state, seed: 1)
    defer { narrow.cancel() }
    #expect(try narrow.next { _ in }.samples == [0, 2])
    #expect(throws: InputError.self) { try narrow.next { _ in } }
  }

  @Test func dataThatIsAllBrokenEnds() throws {
    let source = BatchSource(
      Numbers(broken: [0, 1]), datasets: [settings(limit: 9)], state: try state(records: 2, batch: 2), seed: 1)
    defer { source.cancel() }
    let error = try #require(throws: InputError.self) { try source.next { _ in } }
    #expect(error.found == "none in a whole pass through the data")
  }

  @Test func validationKeepsNothingForAGradient() throws {
    let objective = Numbers(broken: [5])
    var told: [String] = []
    let data = try ValidationData(objective, [settings(limit: 1)], counts: [40]) { told.append($0.file) }
    #expect(told == ["record 5"])
    let (loss, tally) = try data.evaluate()
    // Twice the weighted mean of 0 to 39 without 5.
    let (few, many) = (Double(45 - 5), Double((10..<40).reduce(0, +)))
    #expect(abs(Double(loss) - 2 * (few + 3 * many) / (9 + 90)) < 1e-4)
    #expect(tally.means.map(\.name) == ["even"])
    #expect(objective.hadHistory.withLock { $0 }.allSatisfy { !$0 })
    // A step does keep it.
    let step = BatchGradient(of: [1, 2], objective, scale: 1, seed: 1)
    #expect(step.gradients[objective.leaf]?.floatArray() == [1.5])
    #expect(objective.hadHistory.withLock { $0.last } == true)
  }
}
