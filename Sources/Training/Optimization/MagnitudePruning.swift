import Tensors

/// Sets the smallest weights of each trained matrix inside blocks to zero, more of them with every step.
///
/// What is zero is decided anew after each step, so a weight that was cut off may grow back while another one shrinks,
/// and nothing but the weights themselves need be kept for a run to go on.
struct MagnitudePruning {
  let settings: RunSettings.Pruning

  /// The share of zeros after a step: s·(1 − (1 − p)³) with p from 0 to 1 between the two steps (Zhu, Gupta 2017), so
  /// that most are cut while many are left that can take over.
  func sparsity(step: Int) -> Double {
    guard step >= settings.beginStep else { return 0 }
    guard step < settings.endStep else { return settings.sparsity }
    let remaining = 1 - Double(step - settings.beginStep) / Double(settings.endStep - settings.beginStep)
    return settings.sparsity * (1 - remaining * remaining * remaining)
  }

  /// Cuts the trained matrices.
  func apply(to trained: TrainedParameters, step: Int) {
    let share = sparsity(step: step)
    let matrices = trained.entries.filter(\.isBlockMatrix).map(\.master)
    ThreadPool.shared.forEach(matrices.count) { Self.cut(matrices[$0], share: share) }
  }

  /// Sets this share of a tensor's values, the smallest, to zero; of equal ones the first.
  static func cut(_ tensor: Tensor, share: Double) {
    let count = Int((share * Double(tensor.count)).rounded())
    guard count > 0 else { return }
    let values = UnsafeMutableBufferPointer(start: tensor.floats, count: tensor.count)
    let limit = magnitude(ofRank: count - 1, in: values)
    // Equal values are cut only as far as the share goes.
    var equalLeft = count - values.count { abs($0) < limit }
    for index in values.indices {
      let magnitude = abs(values[index])
      if magnitude < limit {
        values[index] = 0
      } else if magnitude == limit, equalLeft > 0 {
        values[index] = 0
        equalLeft -= 1
      }
    }
  }

  /// The magnitude that would stand at this place if all were sorted.
  ///
  /// Weights move with every step, so this is asked at every step; sorting would take longer than the step. The bits of
  /// floats that are not negative grow with their values: counting the upper halves of all, then the lower halves of those
  /// that share the right upper half, finds the one that is wanted.
  static func magnitude(ofRank rank: Int, in values: UnsafeMutableBufferPointer<Float>) -> Float {
    func place(of rank: Int, _ counts: [Int]) -> (bits: UInt32, rest: Int) {
      var rest = rank
      for (bits, count) in counts.enumerated() {
        if rest < count { return (UInt32(bits), rest) }
        rest -= count
      }
      preconditionFailure("rank \(rank) of \(values.count) values")
    }
    var counts = [Int](repeating: 0, count: 1 << 16)
    for value in values { counts[Int(value.magnitude.bitPattern >> 16)] += 1 }
    let upper = place(of: rank, counts)
    counts = [Int](repeating: 0, count: 1 << 16)
    for value in values where value.magnitude.bitPattern >> 16 == upper.bits {
      counts[Int(value.magnitude.bitPattern & 0xffff)] += 1
    }
    return Float(bitPattern: upper.bits << 16 | place(of: upper.rest, counts).bits)
  }
}
