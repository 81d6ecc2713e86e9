import Diagnostics
import Synchronization
import Tensors

/// The records that a run measures itself with. They are read anew each time, in the background: all their pictures at once
/// would fill the memory.
struct ValidationData<Objective: TrainingObjective> {
  private let objective: Objective
  private let references: [SampleReference]

  /// Reads every record once, to find those that are broken before anything depends on them.
  ///
  /// - Parameters:
  ///   - datasets: those for validation, in the objective's order.
  ///   - counts: how many records each has.
  ///   - report: is told what is wrong with those that are left out.
  /// - Throws: ``InputError`` if more are broken than may be.
  init(
    _ objective: Objective, _ datasets: [DatasetSettings], counts: [Int], report: (InputError) -> Void
  ) throws(InputError) {
    self.objective = objective
    var budgets = datasets.map { BrokenRecordBudget(name: $0.name, limit: $0.maximumBroken) }
    let all = counts.indices.flatMap { dataset in
      (0..<counts[dataset]).map { SampleReference(dataset: dataset, record: $0, pass: 0, seed: UInt64($0)) }
    }
    var good: [SampleReference] = []
    try Self.forEachChunk(of: all, objective) { chunk throws(InputError) in
      for (reference, sample) in chunk {
        switch sample {
        case .success: good.append(reference)
        case .failure(let error):
          if try budgets[reference.dataset].skip(record: reference.record, because: error) { report(error) }
        }
      }
    }
    references = good
  }

  /// Whether there is nothing to measure with.
  var isEmpty: Bool { references.isEmpty }

  /// The mean loss over all records, and what was right.
  ///
  /// - Throws: ``InputError`` if a record has broken since the run began.
  func evaluate() throws(InputError) -> (loss: Float, tally: Tally) {
    var tally = Tally()
    var (sum, total) = (0.0, 0.0)
    try Self.forEachChunk(of: references, objective) { chunk throws(InputError) in
      var samples: [Objective.Sample] = []
      for (_, sample) in chunk { samples.append(try sample.get()) }
      let part = BatchGradient.evaluate(samples, objective)
      let weight = samples.reduce(0.0) { $0 + Double(objective.weight($1)) }
      sum += Double(part.loss) * weight
      total += weight
      tally.add(part.tally)
    }
    return (Float(sum / total), tally)
  }

  private typealias Chunk = [(SampleReference, Result<Objective.Sample, InputError>)]

  /// Prepares some records after another while `body` has those before.
  private static func forEachChunk(
    of references: [SampleReference], _ objective: Objective, _ body: (Chunk) throws(InputError) -> Void
  ) throws(InputError) {
    let rest = Mutex(references[...])
    let loader = BackgroundLoader(depth: 4, threads: ThreadPool.shared.threads) { () -> [SampleReference]? in
      rest.withLock { rest in
        defer { rest = rest.dropFirst(16) }
        return rest.isEmpty ? nil : Array(rest.prefix(16))
      }
    } transform: { references throws(InputError) -> Chunk in
      references.map { reference in
        (reference, Result { () throws(InputError) in try objective.sample(reference) })
      }
    }
    defer { loader.cancel() }
    while let chunk = try loader.next() { try body(chunk) }
  }
}
