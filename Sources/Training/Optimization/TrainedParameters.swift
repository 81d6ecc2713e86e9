import Tensors
import TinyGPTV

/// The tensors that a run changes: for each an f32 master copy that the model computes with, and AdamW's moments.
public final class TrainedParameters {
  /// One trained tensor.
  struct Entry {
    /// Its name in the model file, or for a low-rank pair `blk.3.attn_qkv.lora_A`.
    let name: String
    /// The values; a leaf of the gradient graph, changed in place.
    let master: Tensor
    /// AdamW's running mean of the gradient.
    let mean: Tensor
    /// AdamW's running mean of its square.
    let variance: Tensor
    /// The run's step from which it trains.
    let firstStep: Int
    /// Whether it is a matrix inside a block: no vector, embedding, head, projection or low-rank pair.
    let isBlockMatrix: Bool
    /// Whether weight decay applies: not to vectors, nor to names that contain `bias`, `ln` or `bn` (as upstream).
    let decays: Bool
  }

  private(set) var entries: [Entry] = []

  /// Nothing trained yet.
  public init() {}

  /// The number of values that are trained.
  public var count: Int { entries.reduce(0) { $0 + $1.master.count } }

  /// Trains a copy of this tensor.
  ///
  /// - Parameter install: puts the leaf where the model computes with it.
  func add(_ name: String, _ tensor: Tensor, step: Int, install: (Tensor) -> Void) {
    let plain = tensor.converted(to: .f32)
    let copy = Tensor(uninitialized: tensor.shape)
    copy.floats.update(from: plain.floats, count: plain.count)
    let leaf = copy.requiringGradient()
    install(leaf)
    let exempt = tensor.shape.count < 2 || ["bias", "ln", "bn"].contains { name.contains($0) }
    entries.append(
      Entry(
        name: name, master: leaf, mean: Tensor(repeating: 0, shape: tensor.shape),
        variance: Tensor(repeating: 0, shape: tensor.shape), firstStep: step,
        isBlockMatrix: tensor.shape.count == 2 && name.contains("blk.") && !name.contains("lora"), decays: !exempt))
  }

  /// Trains a parameter of the model.
  func add(_ parameter: Parameter, step: Int) {
    add(parameter.name, parameter.value, step: step) { parameter.value = $0 }
  }

  /// One step of the optimiser for every tensor that has a gradient.
  ///
  /// - Parameters:
  ///   - factor: multiplies the gradients: 1, or less to clip them.
  ///   - step: the run's step, from 0; a tensor counts its own from when it began to train.
  func update(_ gradients: Gradients, factor: Float, step: Int, rate: Double, _ settings: RunSettings) {
    var matrices: [(entry: Entry, gradient: Tensor)] = []
    for entry in entries {
      guard let gradient = gradients[entry.master] else { continue }
      if settings.optimizer == .muon && entry.isBlockMatrix {
        matrices.append((entry, gradient))
        continue
      }
      AdamWStep(
        step: step - entry.firstStep + 1, learningRate: rate, beta1: settings.beta1, beta2: settings.beta2,
        weightDecay: entry.decays ? settings.weightDecay : 0, gradientFactor: factor
      ).update(entry.master, gradient: gradient, firstMoment: entry.mean, secondMoment: entry.variance)
    }
    let muon = MuonStep(learningRate: rate, weightDecay: settings.weightDecay, gradientFactor: factor)
    ThreadPool.shared.forEach(matrices.count) { index in
      let (entry, gradient) = matrices[index]
      // Queries, keys and values are matrices of their own.
      let parts = entry.name.contains("attn_qkv") ? 3 : 1
      muon.update(entry.master, gradient: gradient, momentum: entry.mean, parts: parts)
    }
  }

  /// Whether a tensor of this name trains.
  func contains(_ name: String) -> Bool { entries.contains { $0.name == name } }
}
