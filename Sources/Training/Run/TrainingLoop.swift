import Diagnostics
import Tensors
import TinyGPTV

/// The steps of a run: batches in, changed parameters, metrics and checkpoints out.
final class TrainingLoop<Objective: TrainingObjective> {
  private let objective: Objective
  private let training: TrainingModel
  private let settings: RunSettings
  private let batches: BatchSource<Objective>
  private let stepsPerEpoch: Int
  private let output: TrainingOutput
  private let validation: ValidationData<Objective>
  private var state: TrainingState

  /// - Parameter datasets: what is trained on, those of the state's position.
  init(
    _ objective: Objective, _ training: TrainingModel, _ configuration: TrainingConfiguration,
    datasets: [DatasetSettings], state: TrainingState, stepsPerEpoch: Int, validation: ValidationData<Objective>,
    output: TrainingOutput
  ) {
    self.objective = objective
    self.training = training
    settings = configuration.run
    batches = BatchSource(
      objective, datasets: datasets, state: state, seed: UInt64(bitPattern: Int64(configuration.run.seed)))
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
    defer { batches.cancel() }
    while state.step < totalSteps {
      if shouldStop() {
        try save()
        return .stopped
      }
      try training.unfreeze(step: state.step)
      let clock = ContinuousClock()
      let start = clock.now
      let rate = schedule.rate(step: (state.step + 1) * batchesPerStep - 1)
      let (gradient, samples, origins) = try batchGradient()
      var record = MetricsRecord(step: state.step, epoch: state.step / stepsPerEpoch)
      record.append("loss", gradient.loss)
      record.append("learning_rate", rate)
      try update(gradient, from: origins, rate: rate, &record)
      for (name, value) in gradient.tally.means { record.append(name, Float(value)) }
      state.step += 1
      let seconds = start.duration(to: clock.now) / .seconds(1)
      record.append("samples_per_second", Float(Double(samples) / seconds))
      let validateEvery = settings.validateEvery ?? stepsPerEpoch
      if state.step % validateEvery == 0 || state.step == totalSteps { try validate(&record) }
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

  private func batchGradient() throws(InputError) -> (BatchGradient, samples: Int, origins: String) {
    var sum = BatchGradient()
    var count = 0
    var origins: [String] = []
    for part in 0..<settings.accumulatedIterations {
      let batch = try batches.next { output.report(.note($0)) }
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

  private func validate(_ record: inout MetricsRecord) throws(InputError) {
    guard !validation.isEmpty else { return }
    let result = try validation.evaluate()
    record.append("validation_loss", result.loss)
    for (name, value) in result.tally.means { record.append("validation_" + name, Float(value)) }
  }

  private func save() throws(InputError) {
    state.mixer = batches.mixer
    state.broken = batches.broken
    state.updates = training.trained.updates
    let path = try output.save(state, training.trained)
    output.report(.saved(path: path))
  }
}
