import Diagnostics
import Synchronization
import Tensors
import TinyGPTV

/// The steps of a run: batches in, changed parameters, metrics and checkpoints out.
final class TrainingLoop<Objective: TrainingObjective> {
  private let objective: Objective
  private let training: TrainingModel
  private let settings: RunSettings
  private let budgets: [BrokenRecordBudget]
  private let stepsPerEpoch: Int
  private let output: TrainingOutput
  private let validation: [Objective.Sample]
  private var state: TrainingState

  /// What the background hands over: the samples of a batch, and where the data stands behind it.
  private struct Batch: Sendable {
    var samples: [Objective.Sample] = []
    /// Where they are from, as in `talk: 17, 4`.
    var origin = ""
    var broken: [(reference: SampleReference, error: InputError)] = []
    var mixer: DataMixer
  }

  init(
    _ objective: Objective, _ training: TrainingModel, _ configuration: TrainingConfiguration,
    datasets: [DatasetSettings], state: TrainingState, stepsPerEpoch: Int, validation: [Objective.Sample],
    output: TrainingOutput
  ) {
    self.objective = objective
    self.training = training
    settings = configuration.run
    budgets = datasets.map { BrokenRecordBudget(name: $0.name, limit: $0.maximumBroken) }
    self.state = state
    self.stepsPerEpoch = stepsPerEpoch
    self.validation = validation
    self.output = output
  }

  private var totalSteps: Int { settings.maximumEpochs * stepsPerEpoch }

  /// Runs to the end, or until `shouldStop` says so; either way the last state is saved.
  func run(shouldStop: () -> Bool) throws(InputError) -> TrainingEnd {
    // Upstream's iterations are batches: a step takes the rate of the last of its own.
    let batchesPerStep = settings.accumulatedIterations
    let schedule = LearningRateSchedule(settings, iterationsPerEpoch: stepsPerEpoch * batchesPerStep)
    let loader = makeLoader()
    defer { loader.cancel() }
    while state.step < totalSteps {
      if shouldStop() {
        try save()
        return .stopped
      }
      try training.unfreeze(step: state.step)
      let clock = ContinuousClock()
      let start = clock.now
      let rate = schedule.rate(step: (state.step + 1) * batchesPerStep - 1)
      let (gradient, samples, origins) = try batchGradient(from: loader)
      var record = MetricsRecord(step: state.step, epoch: state.step / stepsPerEpoch)
      record.append("loss", gradient.loss)
      record.append("learning_rate", rate)
      try update(gradient, from: origins, rate: rate, &record)
      for (name, value) in gradient.tally.means { record.append(name, Float(value)) }
      state.step += 1
      let seconds = start.duration(to: clock.now) / .seconds(1)
      record.append("samples_per_second", Float(Double(samples) / seconds))
      let validateEvery = settings.validateEvery ?? stepsPerEpoch
      if state.step % validateEvery == 0 || state.step == totalSteps { validate(&record) }
      try output.log(record, total: totalSteps, samples: samples, seconds: seconds)
      for warning in objective.takeWarnings() { output.report(.note(warning)) }
      let every = settings.saveEvery ?? stepsPerEpoch
      if state.step % every == 0 && state.step < totalSteps { try save() }
    }
    try save()
    for path in try training.writeResults(to: settings.outputDirectory) { output.report(.saved(path: path)) }
    return .finished
  }

  // MARK: One step

  private func batchGradient(
    from loader: BackgroundLoader<DataMixer, Batch>
  ) throws(InputError) -> (BatchGradient, samples: Int, origins: String) {
    var sum = BatchGradient()
    var count = 0
    var origins: [String] = []
    for part in 0..<settings.accumulatedIterations {
      let batch = try nextBatch(loader)
      count += batch.samples.count
      origins.append(batch.origin)
      let gradient = BatchGradient(
        of: batch.samples, objective, scale: 1 / Float(settings.accumulatedIterations), seed: stepSeed(part))
      sum.add(gradient)
    }
    return (sum, count, origins.joined(separator: "; "))
  }

  private func stepSeed(_ part: Int) -> UInt64 {
    var generator = SplitMix64(
      state: UInt64(bitPattern: Int64(settings.seed)) &+ UInt64(state.step) &* 0x9e37_79b9 &+ UInt64(part) << 48)
    return generator.next()
  }

  /// The next batch that has a sample; what is broken in between counts against the budget.
  private func nextBatch(_ loader: BackgroundLoader<DataMixer, Batch>) throws(InputError) -> Batch {
    var brokenInARow = 0
    while true {
      guard let batch = try loader.next() else { preconditionFailure("a run's data has no end") }
      state.mixer = batch.mixer
      brokenInARow += batch.broken.count
      if batch.samples.isEmpty, brokenInARow > state.mixer.datasets.reduce(0, { $0 + $1.count }) {
        throw InputError(
          file: settings.outputDirectory, field: "step \(state.step)", expected: "a record that can be read",
          found: "none in a whole pass through the data", remedy: "max_broken allows that every record is broken.")
      }
      for (reference, error) in batch.broken {
        let budget = budgets[reference.dataset]
        try budget.skip(record: reference.record, because: error)
        for error in budget.takeReports() { output.report(.note(error)) }
      }
      if !batch.samples.isEmpty { return batch }
    }
  }

  /// Changes the parameters, unless a number is not finite.
  ///
  /// - Parameter origins: the batch's records, for the log.
  private func update(
    _ gradient: BatchGradient, from origins: String, rate: Double, _ record: inout MetricsRecord
  ) throws(InputError) {
    let norm = gradient.gradients.norm
    record.append("gradient_norm", norm)
    guard gradient.loss.isFinite, norm.isFinite else {
      state.nonFinite += 1
      record.append("skipped", true)
      record.append("batch", origins)
      var fault = InputError(
        file: settings.outputDirectory, field: "step \(state.step)", expected: "a finite loss and gradient",
        found: "loss \(gradient.loss), gradient norm \(norm) from records \(origins)",
        remedy: "The step is left out.")
      guard state.nonFinite <= settings.maximumNonFinite else {
        try output.log(record, total: totalSteps, samples: 0, seconds: 1)
        fault.found += ", \(state.nonFinite) steps in a row"
        fault.remedy =
          "Lower init_lr, raise warmup_steps or set clip_grad_norm. What was saved before can be resumed."
        throw fault
      }
      output.report(.note(fault))
      return
    }
    state.nonFinite = 0
    let limit = Float(settings.gradientNormLimit)
    // As torch.nn.utils.clip_grad_norm_ has it.
    let scale = limit > 0 ? min(1, limit / (norm + 1e-6)) : 1
    training.trained.update(gradient.gradients, factor: scale, rate: rate, settings)
    guard let pruning = settings.prune.map(MagnitudePruning.init) else { return }
    pruning.apply(to: training.trained, step: state.step)
    record.append("sparsity", pruning.sparsity(step: state.step))
  }

  private func validate(_ record: inout MetricsRecord) {
    guard !validation.isEmpty else { return }
    let result = BatchGradient.evaluate(validation, objective)
    record.append("validation_loss", result.loss)
    for (name, value) in result.tally.means { record.append("validation_" + name, Float(value)) }
  }

  private func save() throws(InputError) {
    state.updates = training.trained.updates
    let path = try output.save(state, training.trained)
    output.report(.saved(path: path))
  }

  // MARK: Data

  private func makeLoader() -> BackgroundLoader<DataMixer, Batch> {
    let position = Mutex(state.mixer)
    let (objective, seed) = (objective, UInt64(bitPattern: Int64(settings.seed)))
    let names = budgets.map(\.name)
    return BackgroundLoader(depth: 4) {
      position.withLock { mixer in
        // The position behind a batch is found in order; making the batch from it is what takes time.
        let before = mixer
        mixer.skip()
        return before
      }
    } transform: { before throws(InputError) in
      var mixer = before
      let references = mixer.next()
      var batch = Batch(mixer: mixer)
      // Counted from 1, as the lines of a file are.
      let numbers = references.indexes.map { String($0 + 1) }.joined(separator: ", ")
      batch.origin = "\(names[references.dataset]): \(numbers)"
      for (index, pass) in zip(references.indexes, references.passes) {
        var generator = SplitMix64(
          state: seed &+ UInt64(index) &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(pass) << 40)
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
}
