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
    /// AdamW's running mean of the gradient, or Muon's momentum.
    let mean: Tensor
    /// AdamW's running mean of the gradient's square; nil for what Muon moves.
    let variance: Tensor?
    /// How often it was moved: AdamW's own step, which skipped steps and batches without it do not advance.
    fileprivate(set) var updates = 0
    /// Whether it is a matrix inside a block: no vector, embedding, head, projection or low-rank pair.
    let isBlockMatrix: Bool
    /// Whether weight decay applies: not to vectors, nor to names that contain `bias`, `ln` or `bn` (as upstream).
    let decays: Bool
  }

  private(set) var entries: [Entry] = []
  private let optimizer: RunSettings.Optimizer

  /// Nothing trained yet.
  ///
  /// - Parameter optimizer: what will move it. Muon moves matrices inside blocks, those of low-rank pairs among them, and
  ///   leaves the rest to AdamW.
  public init(optimizer: RunSettings.Optimizer = .adamw) { self.optimizer = optimizer }

  /// The number of values that are trained.
  public var count: Int { entries.reduce(0) { $0 + $1.master.count } }

  /// Trains a copy of this tensor.
  ///
  /// - Parameter install: puts the leaf where the model computes with it.
  func add(_ name: String, _ tensor: Tensor, install: (Tensor) -> Void) {
    let plain = tensor.converted(to: .f32)
    let copy = Tensor(uninitialized: tensor.shape)
    copy.floats.update(from: plain.floats, count: plain.count)
    let leaf = copy.requiringGradient()
    install(leaf)
    let isInBlock = tensor.shape.count == 2 && name.contains("blk.")
    let exempt = tensor.shape.count < 2 || ["bias", "ln", "bn"].contains { name.contains($0) }
    entries.append(
      Entry(
        name: name, master: leaf, mean: Tensor(repeating: 0, shape: tensor.shape),
        variance: optimizer == .muon && isInBlock ? nil : Tensor(repeating: 0, shape: tensor.shape),
        isBlockMatrix: isInBlock && !name.contains("lora"), decays: !exempt))
  }

  /// Trains a parameter of the model.
  func add(_ parameter: Parameter) {
    add(parameter.name, parameter.value) { parameter.value = $0 }
  }

  /// Sets how often a tensor was moved.
  func setUpdates(_ count: Int, at index: Int) { entries[index].updates = count }

  /// One step of the optimiser for every tensor that has a gradient.
  ///
  /// - Parameter factor: multiplies the gradients: 1, or less to clip them.
  func update(_ gradients: Gradients, factor: Float, rate: Double, _ settings: RunSettings) {
    var matrices: [(entry: Entry, gradient: Tensor)] = []
    for (index, entry) in entries.enumerated() {
      guard let gradient = gradients[entry.master] else { continue }
      entries[index].updates += 1
      guard let variance = entry.variance else {
        matrices.append((entry, gradient))
        continue
      }
      AdamWStep(
        step: entry.updates + 1, learningRate: rate, beta1: settings.beta1, beta2: settings.beta2,
        weightDecay: entry.decays ? settings.weightDecay : 0, gradientFactor: factor
      ).update(entry.master, gradient: gradient, firstMoment: entry.mean, secondMoment: variance)
    }
    let muon = MuonStep(
      learningRate: rate, weightDecay: settings.weightDecay, gradientFactor: factor,
      mayRound: settings.precision == .bf16)
    ThreadPool.shared.forEach(matrices.count) { index in
      let (entry, gradient) = matrices[index]
      // Queries, keys and values are matrices of their own; a low-rank pair has one A for all three.
      let parts = entry.name.contains("attn_qkv") && !entry.name.hasSuffix("lora_A") ? 3 : 1
      muon.update(entry.master, gradient: gradient, momentum: entry.mean, parts: parts)
    }
  }

  /// Whether a tensor whose name begins like this trains.
  func contains(prefix: String) -> Bool { entries.contains { $0.name.hasPrefix(prefix) } }

  /// Whether a tensor of this name trains.
  func contains(_ name: String) -> Bool { entries.contains { $0.name == name } }
}
