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
  private let iterationsPerEpoch: Int
  private let output: TrainingOutput
  private let validation: [Objective.Sample]
  private var state: TrainingState

  /// What the background hands over: the samples of a batch, and where the data stands behind it.
  private struct Batch: Sendable {
    var samples: [Objective.Sample] = []
    var broken: [(reference: SampleReference, error: InputError)] = []
    var mixer: DataMixer
  }

  init(
    _ objective: Objective, _ training: TrainingModel, _ configuration: TrainingConfiguration,
    datasets: [DatasetSettings], state: TrainingState, iterationsPerEpoch: Int, validation: [Objective.Sample],
    output: TrainingOutput
  ) {
    self.objective = objective
    self.training = training
    settings = configuration.run
    budgets = datasets.map { BrokenRecordBudget(name: $0.name, limit: $0.maximumBroken) }
    self.state = state
    self.iterationsPerEpoch = iterationsPerEpoch
    self.validation = validation
    self.output = output
  }

  private var totalSteps: Int { settings.maximumEpochs * iterationsPerEpoch }

  /// Runs to the end, or until `shouldStop` says so; either way the last state is saved.
  func run(shouldStop: () -> Bool) throws(InputError) -> TrainingEnd {
    let schedule = LearningRateSchedule(settings, iterationsPerEpoch: iterationsPerEpoch)
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
      let rate = schedule.rate(step: state.step)
      let (gradient, samples) = try batchGradient(from: loader)
      var record = MetricsRecord(step: state.step, epoch: state.step / iterationsPerEpoch)
      record.append("loss", gradient.loss)
      record.append("learning_rate", rate)
      try update(gradient, rate: rate, &record)
      for (name, value) in gradient.tally.means { record.append(name, Float(value)) }
      state.step += 1
      let seconds = start.duration(to: clock.now) / .seconds(1)
      record.append("samples_per_second", Float(Double(samples) / seconds))
      let validateEvery = settings.validateEvery ?? iterationsPerEpoch
      if state.step % validateEvery == 0 || state.step == totalSteps { validate(&record) }
      try output.log(record, total: totalSteps, samples: samples, seconds: seconds)
      let every = settings.saveEvery ?? iterationsPerEpoch
      if state.step % every == 0 && state.step < totalSteps { try save() }
    }
    try save()
    for path in try training.writeResults(to: settings.outputDirectory) { output.report(.saved(path: path)) }
    return .finished
  }

  // MARK: One step

  private func batchGradient(
    from loader: BackgroundLoader<DataMixer, Batch>
  ) throws(InputError) -> (BatchGradient, samples: Int) {
    var sum = BatchGradient()
    var count = 0
    for part in 0..<settings.accumulatedIterations {
      let batch = try nextBatch(loader)
      count += batch.samples.count
      let gradient = BatchGradient(
        of: batch.samples, objective, scale: 1 / Float(settings.accumulatedIterations), seed: stepSeed(part))
      sum.add(gradient)
    }
    return (sum, count)
  }

  private func stepSeed(_ part: Int) -> UInt64 {
    var generator = SplitMix64(
      state: UInt64(bitPattern: Int64(settings.seed)) &+ UInt64(state.step) &* 0x9e37_79b9 &+ UInt64(part) << 48)
    return generator.next()
  }

  /// The next batch that has a sample; what is broken in between counts against the budget.
  private func nextBatch(_ loader: BackgroundLoader<DataMixer, Batch>) throws(InputError) -> Batch {
    while true {
      guard let batch = try loader.next() else { preconditionFailure("a run's data has no end") }
      state.mixer = batch.mixer
      for (reference, error) in batch.broken {
        let budget = budgets[reference.dataset]
        try budget.skip(record: reference.record, because: error)
        for error in budget.takeReports() { output.report(.note(error)) }
      }
      if !batch.samples.isEmpty { return batch }
    }
  }

  /// Changes the parameters, unless a number is not finite.
  private func update(
    _ gradient: BatchGradient, rate: Double, _ record: inout MetricsRecord
  ) throws(InputError) {
    let norm = gradient.gradients.norm
    record.append("gradient_norm", norm)
    guard gradient.loss.isFinite, norm.isFinite else {
      state.nonFinite += 1
      record.append("skipped", true)
      guard state.nonFinite < settings.maximumNonFinite else {
        throw InputError(
          file: settings.outputDirectory, field: "step \(state.step)", expected: "a finite loss and gradient",
          found: "loss \(gradient.loss), gradient norm \(norm), \(state.nonFinite) steps in a row",
          remedy: "Lower init_lr, raise warmup_steps or set clip_grad_norm; the last checkpoint is intact.")
      }
      return
    }
    state.nonFinite = 0
    let limit = Float(settings.gradientNormLimit)
    // As torch.nn.utils.clip_grad_norm_ has it.
    let scale = limit > 0 ? min(1, limit / (norm + 1e-6)) : 1
    training.trained.update(gradient.gradients, factor: scale, step: state.step, rate: rate, settings)
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
    let path = try output.save(state, training.trained)
    output.report(.saved(path: path))
  }

  // MARK: Data

  private func makeLoader() -> BackgroundLoader<DataMixer, Batch> {
    let position = Mutex(state.mixer)
    let (objective, seed) = (objective, UInt64(bitPattern: Int64(settings.seed)))
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
      for index in references.indexes {
        var generator = SplitMix64(
          state: seed &+ UInt64(index) &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(references.epochOfDataset) << 40)
        let reference = SampleReference(
          dataset: references.dataset, record: index, pass: references.epochOfDataset, seed: generator.next())
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
