import Diagnostics
import Synchronization
import Tensors

/// The batches of a run in their order. What needs no weights is done in the background while the steps before compute:
/// records read, pictures decoded or drawn and normalised, texts tokenised, features looked up.
final class BatchSource<Objective: TrainingObjective> {
  /// The samples of a batch.
  struct Batch: Sendable {
    var samples: [Objective.Sample] = []
    /// Where they are from, as in `talk: 17, 4`.
    var origin = ""
    fileprivate var broken: [(reference: SampleReference, error: InputError)] = []
    /// Where the data stands behind it.
    fileprivate var mixer: DataMixer
  }

  /// Where the data stands behind the last batch that was handed over; the background is ahead of it.
  private(set) var mixer: DataMixer
  private var budgets: [BrokenRecordBudget]
  private let loader: BackgroundLoader<DataMixer, Batch>

  /// Begins to prepare the batches behind a state's position.
  ///
  /// - Parameters:
  ///   - datasets: those of the state's mixer.
  ///   - seed: decides what chance decides for a sample.
  init(_ objective: Objective, datasets: [DatasetSettings], state: TrainingState, seed: UInt64) {
    mixer = state.mixer
    budgets = datasets.map {
      BrokenRecordBudget(name: $0.name, limit: $0.maximumBroken, broken: Set(state.broken?[$0.name] ?? []))
    }
    loader = Self.loader(objective, names: datasets.map(\.name), from: state.mixer, seed: seed)
  }

  /// Ends the work in the background.
  func cancel() { loader.cancel() }

  /// The records that were left out so far, by dataset.
  var broken: [String: [Int]] {
    Dictionary(budgets.map { ($0.name, $0.broken.sorted()) }, uniquingKeysWith: +)
  }

  /// The next batch that has a sample; what is broken in between counts against the budget of its dataset.
  ///
  /// - Parameter report: is told of records that are left out for the first time.
  /// - Throws: ``InputError`` if too many are broken.
  func next(report: (InputError) -> Void) throws(InputError) -> Batch {
    var brokenInARow = 0
    while true {
      guard let batch = try loader.next() else { preconditionFailure("a run's data has no end") }
      mixer = batch.mixer
      brokenInARow += batch.broken.count
      for (reference, error) in batch.broken {
        if try budgets[reference.dataset].skip(record: reference.record, because: error) { report(error) }
      }
      if !batch.samples.isEmpty { return batch }
      guard brokenInARow <= mixer.datasets.reduce(0, { $0 + $1.count }) else {
        throw InputError(
          file: "datasets", expected: "a record that can be read", found: "none in a whole pass through the data",
          remedy: "max_broken allows that every record is broken.")
      }
    }
  }

  // MARK: In the background

  /// Batches that are ready or in the making: enough that one slow picture is made up for, few enough for the memory.
  private static var depth: Int { 4 }

  private static func loader(
    _ objective: Objective, names: [String], from start: DataMixer, seed: UInt64
  ) -> BackgroundLoader<DataMixer, Batch> {
    let position = Mutex(start)
    return BackgroundLoader(depth: depth, threads: ThreadPool.shared.threads) {
      position.withLock { mixer in
        // The position behind a batch is found in order; making the batch from it is what takes time.
        let before = mixer
        mixer.skip()
        return before
      }
    } transform: { before throws(InputError) in
      batch(objective, names, at: before, seed: seed)
    }
  }

  private static func batch(_ objective: Objective, _ names: [String], at position: DataMixer, seed: UInt64) -> Batch {
    var mixer = position
    let references = mixer.next()
    var batch = Batch(mixer: mixer)
    // Counted from 1, as the lines of a file are.
    let numbers = references.indexes.map { String($0 + 1) }.joined(separator: ", ")
    batch.origin = "\(names[references.dataset]): \(numbers)"
    for (index, pass) in zip(references.indexes, references.passes) {
      var generator = SplitMix64(state: seed &+ UInt64(index) &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(pass) << 40)
      let reference = SampleReference(
        dataset: references.dataset, record: index, pass: pass, seed: generator.next())
      do throws(InputError) {
        batch.samples.append(try objective.sample(reference))
      } catch {
        batch.broken.append((reference, error))
      }
    }
    return batch
  }
}
