import Foundation

/// Upstream's `linear_warmup_cosine_lr`: a linear warm-up, then half a cosine (LAVIS, `lavis/common/optims.py`).
///
/// The cosine begins as if it had run during the warm-up, and while the warm-up lasts its slope is that of the step inside
/// the epoch: a warm-up that is longer than an epoch starts again with each. Both are as upstream has them.
public struct LearningRateSchedule: Sendable, Equatable {
  /// The rate at the end of the warm-up.
  public var initialRate: Double
  /// The rate at the very end.
  public var minimumRate: Double
  /// The rate at the first step of the warm-up.
  public var warmupRate: Double
  /// Iterations of warm-up.
  public var warmupSteps: Int
  /// Epochs of the run.
  public var epochs: Int
  /// Iterations in an epoch, at least 1.
  public var iterationsPerEpoch: Int

  /// Puts a schedule together. Without a warm-up rate the warm-up is at the initial rate.
  public init(
    initialRate: Double, minimumRate: Double, warmupRate: Double? = nil, warmupSteps: Int = 0, epochs: Int,
    iterationsPerEpoch: Int
  ) {
    precondition(epochs > 0 && iterationsPerEpoch > 0, "a schedule has at least one step")
    self.initialRate = initialRate
    self.minimumRate = minimumRate
    self.warmupRate = warmupRate ?? initialRate
    self.warmupSteps = warmupSteps
    self.epochs = epochs
    self.iterationsPerEpoch = iterationsPerEpoch
  }

  /// The schedule of a run.
  ///
  /// - Parameter iterationsPerEpoch: what the run uses when its configuration leaves the number open.
  public init(_ run: RunSettings, iterationsPerEpoch: Int) {
    self.init(
      initialRate: run.initialLearningRate, minimumRate: run.minimumLearningRate, warmupRate: run.warmupLearningRate,
      warmupSteps: run.warmupSteps, epochs: run.maximumEpochs,
      iterationsPerEpoch: run.iterationsPerEpoch ?? iterationsPerEpoch)
  }

  /// Iterations of the whole run.
  public var totalSteps: Int { epochs * iterationsPerEpoch }

  /// The learning rate of an iteration, counted from 0 over the whole run.
  public func rate(step: Int) -> Double {
    if step < warmupSteps {
      let stepInEpoch = step % iterationsPerEpoch
      let slope = (initialRate - warmupRate) * Double(stepInEpoch)
      return min(initialRate, warmupRate + slope / Double(max(warmupSteps, 1)))
    }
    return (initialRate - minimumRate) * 0.5 * (1 + cos(.pi * Double(step) / Double(totalSteps))) + minimumRate
  }
}
