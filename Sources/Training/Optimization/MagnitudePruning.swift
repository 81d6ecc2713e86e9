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
    let magnitudes = UnsafeMutableBufferPointer(start: tensor.floats, count: tensor.count).map(abs)
    let limit = magnitudes.sorted()[count - 1]
    // Equal values are cut only as far as the share goes.
    var equalLeft = count - magnitudes.count { $0 < limit }
    for (index, magnitude) in magnitudes.enumerated() {
      if magnitude < limit {
        tensor.floats[index] = 0
      } else if magnitude == limit, equalLeft > 0 {
        tensor.floats[index] = 0
        equalLeft -= 1
      }
    }
  }
}
