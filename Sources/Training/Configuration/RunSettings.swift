/// The section `run`.
public struct RunSettings: Sendable, Equatable {
  /// What is learned.
  public enum Objective: String, CaseIterable, Sendable {
    /// Answers, by cross-entropy on their tokens.
    case language
    /// What the towers should see, by a direct target for each (before there is a language model to join).
    case towers
  }

  /// What turns gradients into steps.
  public enum Optimizer: String, CaseIterable, Sendable {
    /// AdamW, as upstream.
    case adamw
    /// Muon for the matrices inside blocks, AdamW for the rest: learns from fewer samples where one starts from nothing.
    case muon
  }

  /// In what type the model computes; master weights are f32.
  public enum Precision: Sendable, Equatable {
    /// f32 throughout.
    case f32
    /// bf16 products, f32 sums.
    case bf16
  }

  /// Where the outputs of frozen encoders are kept.
  public enum FeatureCaching: Sendable, Equatable {
    /// Nowhere: computed each time.
    case off
    /// In the run's folder.
    case inOutputDirectory
    /// In a folder that several runs may share.
    case directory(String)
  }

  /// Magnitude pruning: the share of zeros grows from 0 to `sparsity` between two steps.
  public struct Pruning: Sendable, Equatable {
    /// The final share of zeros, in 0..<1.
    public var sparsity = 0.0
    /// The step at which it begins to grow.
    public var beginStep = 0
    /// The step at which it is reached.
    public var endStep = 0

    /// None.
    public init() {}
  }

  /// What is learned.
  public var objective = Objective.language
  /// What turns gradients into steps.
  public var optimizer = Optimizer.adamw
  /// The learning rate at the end of the warm-up.
  public var initialLearningRate = 1e-4
  /// The learning rate at the end. Upstream's stage 4 has a larger one than the initial.
  public var minimumLearningRate = 8e-5
  /// The learning rate at the first step; nil for the initial one.
  public var warmupLearningRate: Double?
  /// How many iterations the warm-up lasts.
  public var warmupSteps = 0
  /// How many epochs there are.
  public var maximumEpochs = 1
  /// Iterations (batches, not optimiser steps) in an epoch, as upstream counts them and the learning rate's schedule; nil
  /// for one pass through the training data.
  public var iterationsPerEpoch: Int?
  /// AdamW's decoupled weight decay, for matrices only.
  public var weightDecay = 0.05
  /// AdamW's decay of the running mean.
  public var beta1 = 0.9
  /// AdamW's decay of the running mean square.
  public var beta2 = 0.999
  /// Iterations whose gradients are averaged for one optimiser step.
  public var accumulatedIterations = 1
  /// The largest norm of a gradient; 0 for any.
  public var gradientNormLimit = 0.0
  /// `amp`: in what type the model computes.
  public var precision = Precision.f32
  /// Decides everything that chance decides.
  public var seed = 42
  /// Threads to compute with; nil for all cores.
  public var threads: Int?
  /// How many processes share the records: of every batch each has its part.
  public var worldSize = 1
  /// Which of them this one is, from 0.
  public var rank = 0
  /// The folder that gets metrics, checkpoints and results.
  public var outputDirectory = ""
  /// The checkpoint or run folder to go on from.
  public var resumeCheckpoint: String?
  /// Optimiser steps between checkpoints; nil for one after each epoch.
  public var saveEvery: Int?
  /// How many checkpoints are kept, the newest.
  public var keptCheckpoints = 2
  /// Optimiser steps between validations; nil for one after each epoch.
  public var validateEvery: Int?
  /// How many steps in a row may have a loss or gradient that is no number.
  public var maximumNonFinite = 5
  /// Where the outputs of frozen encoders are kept.
  public var featureCache = FeatureCaching.off
  /// Magnitude pruning; nil for none.
  public var prune: Pruning?

  /// Upstream's defaults.
  public init() {}
}
