import Tensors

/// The loss and gradient of a batch.
///
/// The batch is dealt to lanes, whose passes run side by side, one thread each: for small models that is much faster than
/// sharing every matrix product among the threads. A lane's samples are packed into one pass. The number of lanes does not
/// depend on that of the threads, and lanes are added up in order, so results do not either. With a batch of one, every
/// operation has all threads to itself.
struct BatchGradient {
  private static let lanes = 4

  /// The batch's mean loss.
  var loss: Float = 0
  /// Its gradient.
  var gradients = Gradients()
  /// What was right.
  var tally = Tally()

  /// No samples.
  init() {}

  /// - Parameters:
  ///   - scale: what loss and gradient are multiplied by.
  ///   - seed: decides about dropout.
  init<Objective: TrainingObjective>(
    of samples: [Objective.Sample], _ objective: Objective, scale: Float, seed: UInt64
  ) {
    self = Self.sum(samples, objective, scale: scale) { group, shares, lane, index, part in
      let chance = seed &+ UInt64(lane) &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(index) &* 0xd1b5_4a32_d192_ed03
      let loss = objective.loss(group, shares: shares, seed: chance, tally: &part.tally)
      part.loss += loss.floats[0]
      part.gradients.add(loss.gradients())
    }
  }

  /// The mean loss of samples, without a gradient, and without keeping anything for one.
  static func evaluate<Objective: TrainingObjective>(
    _ samples: [Objective.Sample], _ objective: Objective
  ) -> BatchGradient {
    sum(samples, objective, scale: 1) { group, shares, _, _, part in
      part.loss += Tensor.withoutHistory {
        objective.loss(group, shares: shares, seed: nil, tally: &part.tally).floats[0]
      }
    }
  }

  /// - Parameter pass: adds loss, gradient and tally of one packed group to the part of its lane, of which it is the
  ///   `index`th; called on the lane's own thread.
  private static func sum<Objective: TrainingObjective>(
    _ samples: [Objective.Sample], _ objective: Objective, scale: Float,
    pass: (
      _ group: [Objective.Sample], _ shares: [Float], _ lane: Int, _ index: Int, _ part: inout BatchGradient
    ) -> Void
  ) -> BatchGradient {
    guard !samples.isEmpty else { return BatchGradient() }
    let total = samples.reduce(0) { $0 + objective.weight($1) }
    let lanes = min(Self.lanes, samples.count)
    var parts = [BatchGradient](repeating: BatchGradient(), count: lanes)
    parts.withUnsafeMutableBufferPointer { parts in
      ThreadPool.shared.forEach(lanes) { lane in
        let own = Array(samples[lane * samples.count / lanes..<(lane + 1) * samples.count / lanes])
        for (index, group) in objective.packed(own).enumerated() {
          pass(group, group.map { scale * objective.weight($0) / total }, lane, index, &parts[lane])
        }
      }
    }
    var sum = BatchGradient()
    for part in parts { sum.add(part) }
    return sum
  }

  /// Adds another batch's loss and gradient.
  mutating func add(_ other: BatchGradient) {
    loss += other.loss
    gradients.add(other.gradients)
    tally.add(other.tally)
  }
}
