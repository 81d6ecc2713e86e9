import Synchronization
import Tensors

/// The loss and gradient of a batch, sample by sample on the thread pool.
///
/// Each sample's whole pass runs on one thread, which for small models is much faster than sharing every matrix product
/// among the threads. Samples are dealt to a fixed number of lanes, each summed in order, so that the result does not
/// depend on the number of threads. With a batch of one, every operation has all threads to itself.
struct BatchGradient {
  private static let lanes = 8

  /// The batch's mean loss.
  var loss: Float = 0
  /// Its gradient.
  var gradients: GradientSum
  /// What was right.
  var tally = Tally()

  /// - Parameters:
  ///   - parameters: what gradients are wanted of.
  ///   - scale: what loss and gradient are multiplied by.
  ///   - seed: decides about dropout.
  init<Objective: TrainingObjective>(
    of samples: [Objective.Sample], _ objective: Objective, parameters: TrainedParameters, scale: Float, seed: UInt64
  ) {
    let total = samples.reduce(0) { $0 + objective.weight($1) }
    self = Self.sum(samples.count, parameters) { index, part in
      let sample = samples[index]
      let loss = objective.loss(sample, seed: seed &+ UInt64(index) &* 0x9e37_79b9_7f4a_7c15, tally: &part.tally)
        .scaled(by: scale * objective.weight(sample) / total)
      part.loss += loss.floats[0]
      part.gradients.add(loss.gradients(), parameters)
    }
  }

  /// The mean loss of samples, without a gradient.
  static func evaluate<Objective: TrainingObjective>(
    _ samples: [Objective.Sample], _ objective: Objective
  ) -> (loss: Float, weight: Float, tally: Tally) {
    let total = samples.reduce(0) { $0 + objective.weight($1) }
    let sum = Self.sum(samples.count, TrainedParameters()) { index, part in
      let loss = objective.loss(samples[index], seed: nil, tally: &part.tally)
      part.loss += loss.floats[0] * objective.weight(samples[index]) / total
    }
    return (sum.loss, total, sum.tally)
  }

  private init(gradients: GradientSum) { self.gradients = gradients }

  private static func sum(
    _ count: Int, _ parameters: TrainedParameters, _ body: (Int, inout BatchGradient) -> Void
  ) -> BatchGradient {
    let empty = BatchGradient(gradients: GradientSum(count: parameters.entries.count))
    let lanes = max(1, min(Self.lanes, count))
    let parts = Mutex([BatchGradient](repeating: empty, count: lanes))
    ThreadPool.shared.forEach(lanes) { lane in
      var part = empty
      for index in stride(from: lane, to: count, by: lanes) { body(index, &part) }
      let finished = part
      parts.withLock { $0[lane] = finished }
    }
    return parts.withLock { parts in
      var total = parts[0]
      for part in parts.dropFirst() { total.add(part) }
      return total
    }
  }

  /// Adds another micro-batch's loss and gradient.
  mutating func add(_ other: BatchGradient) {
    loss += other.loss
    gradients.add(other.gradients)
    tally.add(other.tally)
  }
}
