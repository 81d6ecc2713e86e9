import Diagnostics
import Foundation
import ModelFiles
import Tensors
import TinyGPTV

/// A run as its configuration describes it.
public struct TrainingRun {
  private let configuration: TrainingConfiguration
  private let resume: String?
  private let report: (TrainingEvent) -> Void

  /// - Parameters:
  ///   - resume: a run's folder or a checkpoint to continue from, in place of the configuration's.
  ///   - report: is told of steps, checkpoints and what is skipped.
  public init(
    _ configuration: TrainingConfiguration, resume: String? = nil, report: @escaping (TrainingEvent) -> Void
  ) {
    self.configuration = configuration
    self.resume = resume ?? configuration.run.resumeCheckpoint
    self.report = report
  }

  /// Trains.
  ///
  /// - Parameter shouldStop: is asked before every step; true ends the run behind a checkpoint.
  /// - Throws: ``InputError`` if something in the configuration or the data is wrong, a file cannot be written, or the
  ///   loss stays without a finite value.
  public func run(shouldStop: () -> Bool) throws(InputError) -> TrainingEnd {
    if let threads = configuration.run.threads { ThreadPool.configure(threads: threads) }
    switch configuration.run.objective {
    case .language: return try runLanguage(shouldStop)
    case .towers: return try runTowers(shouldStop)
    }
  }

  private var seed: UInt64 { UInt64(bitPattern: Int64(configuration.run.seed)) }

  private func runLanguage(_ shouldStop: () -> Bool) throws(InputError) -> TrainingEnd {
    let training = try TrainingModel(configuration.model, optimizer: configuration.run.optimizer, seed: seed)
    try begin(training)
    let features = try frozenFeatures(training)
    return try loop(training, shouldStop) { settings, sources throws(InputError) in
      try LanguageObjective(training, datasets: sources, settings: settings, features: features)
    }
  }

  private func runTowers(_ shouldStop: () -> Bool) throws(InputError) -> TrainingEnd {
    var teacher: TowerTeacher?
    let training = try TrainingModel(
      configuration.model, optimizer: configuration.run.optimizer,
      others: { model in
        guard let vision = model.configuration.vision else { return [] }
        let made = TowerTeacher(pictureWidth: vision.width, queryWidth: vision.qFormer.width, seed: seed)
        teacher = made
        return made.parameters
      }, seed: seed)
    try begin(training)
    return try loop(training, shouldStop) { _, sources throws(InputError) in
      try TowerObjective(training, teacher: teacher, datasets: sources)
    }
  }

  /// Where the model begins, and how it computes. A run that is resumed begins there too, since its own checkpoints hold
  /// what it trains alone.
  private func begin(_ training: TrainingModel) throws(InputError) {
    training.model.productType = configuration.run.precision == .bf16 ? .bf16 : nil
    guard let checkpoint = try configuration.model.checkpoint.map(checkpoint(at:)) else { return }
    try training.begin(with: checkpoint)
  }

  private func sources(_ settings: [DatasetSettings]) throws(InputError) -> [any ConversationSource] {
    var sources: [any ConversationSource] = []
    for var dataset in settings {
      if dataset.split == .validation { dataset.augment = AugmentationSettings() }
      switch dataset.source {
      case .scenes(let scenes):
        guard dataset.augment.isOff else {
          throw InputError(
            file: "configuration", field: "datasets.\(dataset.name).augment",
            expected: "nothing, since scenes are drawn anew without end", found: "augmentation",
            remedy: "Ask for more scenes, or for smaller objects.")
        }
        sources.append(try SceneSource(scenes, areIndependent: dataset.independentTurns))
      case .jsonLines(let path): sources.append(try RecordConversations(path: path, settings: dataset))
      }
    }
    return sources
  }

  private func frozenFeatures(_ training: TrainingModel) throws(InputError) -> FrozenFeatures? {
    guard !training.trainsVision, let vision = training.model.configuration.vision else { return nil }
    let directory: String
    switch configuration.run.featureCache {
    case .off: return nil
    case .inOutputDirectory: directory = configuration.run.outputDirectory + "/features"
    case .directory(let path): directory = path
    }
    let cache = try FeatureCache(
      directory: directory, fingerprint: training.towersFingerprint(configuration.run.precision),
      shape: [vision.qFormer.queries, vision.qFormer.width], type: .f32)
    return FrozenFeatures(cache: cache)
  }

  private func loop<Objective: TrainingObjective>(
    _ training: TrainingModel, _ shouldStop: () -> Bool,
    objective: ([DatasetSettings], [any ConversationSource]) throws(InputError) -> Objective
  ) throws(InputError) -> TrainingEnd {
    if configuration.run.prune != nil, configuration.model.unfreeze.isEmpty,
      !training.trained.entries.contains(where: \.isBlockMatrix)
    {
      throw InputError(
        file: "configuration", field: "run.prune", expected: "matrices inside blocks among what trains",
        found: "none", remedy: "Add phi, vision or qformer to model.train, or leave run.prune out.")
    }
    let train = configuration.datasets.filter { $0.split == .train }
    let trainSources = try sources(train)
    let mixer = try DataMixer(
      datasets: zip(train, trainSources).map { settings, source in
        .init(
          name: settings.name, count: source.count, batchSize: settings.batchSize, sampleRatio: settings.sampleRatio,
          shuffle: settings.shuffle)
      }, seed: seed, shard: .init(index: configuration.run.rank, of: configuration.run.worldSize))
    var state = TrainingState(mixer: mixer)
    let records = zip(train, trainSources).reduce(0) { $0 + $1.1.count / $1.0.batchSize / configuration.run.worldSize }
    let batches = configuration.run.iterationsPerEpoch ?? records
    let steps = max(1, batches / configuration.run.accumulatedIterations)
    let folder = try RunFolder(path: configuration.run.outputDirectory)
    let checkpoint = try resume.map(checkpoint(at:))
    if let checkpoint {
      do { state = try JSONDecoder().decode(TrainingState.self, from: Data(checkpoint.state)) } catch {
        throw InputError(file: checkpoint.path, field: "state.json", expected: "a run's state", found: "\(error)")
      }
      state.mixer = try mixer.resumed(from: state.mixer)
      // What was unfrozen before the checkpoint's last step; the rest follows in the loop.
      if state.step > 0 { try training.unfreeze(step: state.step - 1) }
      try training.trained.restore(from: checkpoint, updates: state.updates)
    }
    try requireOwnFolder(folder, continuing: checkpoint)
    // All that can be wrong is found before anything in the folder is changed.
    let made = try objective(train, trainSources)
    let validation = try validation(objective)
    let output = try TrainingOutput(
      folder: folder, keep: configuration.run.keptCheckpoints, step: state.step, report: report)
    // What the run was, for whoever finds the folder later.
    try AtomicFileWriter.write(Array(configuration.yaml.utf8), to: folder.path + "/config.yaml")
    let loop = TrainingLoop(
      made, training, configuration, datasets: train, state: state, stepsPerEpoch: steps, validation: validation,
      output: output)
    return try loop.run(shouldStop: shouldStop)
  }

  /// Makes sure that the folder has no run in it but the one that is continued: its later steps will be removed.
  private func requireOwnFolder(_ folder: RunFolder, continuing checkpoint: Checkpoint?) throws(InputError) {
    guard !CheckpointStore(directory: folder.checkpointsDirectory).steps().isEmpty else { return }
    func resolved(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
    if let checkpoint, resolved(checkpoint.path).hasPrefix(resolved(folder.checkpointsDirectory) + "/") { return }
    throw InputError(
      file: folder.path, expected: "a folder without a run", found: "checkpoints of one",
      remedy: checkpoint == nil
        ? "Continue it with --resume, name another output_dir, or delete the folder."
        : "What is resumed is another run: name another output_dir.")
  }

  private func validation<Objective: TrainingObjective>(
    _ objective: ([DatasetSettings], [any ConversationSource]) throws(InputError) -> Objective
  ) throws(InputError) -> ValidationData<Objective> {
    let datasets = configuration.datasets.filter { $0.split == .validation }
    let sources = try sources(datasets)
    return try ValidationData(objective(datasets, sources), datasets, counts: sources.map(\.count)) {
      report(.note($0))
    }
  }

  /// The checkpoint of this path, or the latest of the run in this folder.
  private func checkpoint(at path: String) throws(InputError) -> Checkpoint {
    if path.hasSuffix(".safetensors") { return try Checkpoint(safetensors: path) }
    if FileManager.default.fileExists(atPath: path + "/state.json") { return try CheckpointStore.load(path: path) }
    let (checkpoint, skipped) = CheckpointStore(directory: path + "/checkpoints").loadLatest()
    for error in skipped { report(.note(error)) }
    guard let checkpoint else {
      throw InputError(
        file: path, expected: "a run's folder with a checkpoint, or a checkpoint", found: "none",
        remedy: "Name the folder of a run that has saved one, or leave it out.")
    }
    return checkpoint
  }
}
