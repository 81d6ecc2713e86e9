import Foundation
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
        variance: Tensor(repeating: 0, shape: tensor.shape), firstStep: step, decays: !exempt))
  }

  /// Trains a parameter of the model.
  func add(_ parameter: Parameter, step: Int) {
    add(parameter.name, parameter.value, step: step) { parameter.value = $0 }
  }

  /// Whether a tensor of this name trains.
  func contains(_ name: String) -> Bool { entries.contains { $0.name == name } }
}

/// The sums of gradients of some trained tensors, in their order.
struct GradientSum {
  private(set) var tensors: [Tensor?]

  init(count: Int) { tensors = Array(repeating: nil, count: count) }

  /// Adds what one backward pass gave.
  mutating func add(_ gradients: Gradients, _ parameters: TrainedParameters) {
    for (index, entry) in parameters.entries.enumerated() {
      if let gradient = gradients[entry.master] { add(gradient, at: index) }
    }
  }

  /// Adds another sum.
  mutating func add(_ other: GradientSum) {
    for (index, tensor) in other.tensors.enumerated() {
      if let tensor { add(tensor, at: index) }
    }
  }

  private mutating func add(_ gradient: Tensor, at index: Int) {
    if let sum = tensors[index] {
      sum.accumulate(gradient)
    } else {
      let sum = Tensor(uninitialized: gradient.shape)
      sum.floats.update(from: gradient.floats, count: gradient.count)
      tensors[index] = sum
    }
  }

  /// The Euclidean norm of all of it.
  var norm: Float {
    var squares = 0.0
    for case let tensor? in tensors {
      for i in 0..<tensor.count { squares += Double(tensor.floats[i]) * Double(tensor.floats[i]) }
    }
    return Float(squares.squareRoot())
  }
}

/// AdamW (Loshchilov and Hutter 2019) as PyTorch computes it.
struct AdamW: Sendable {
  var beta1: Float = 0.9
  var beta2: Float = 0.999
  var epsilon: Float = 1e-8
  var weightDecay: Float = 0.05

  /// The update after step `step` of the run (from 0) with the gradients times `scale`. Tensors without a gradient stay as they are.
  func update(
    _ parameters: TrainedParameters, with gradients: GradientSum, scale: Float, step: Int, learningRate: Float
  ) {
    for (entry, gradient) in zip(parameters.entries, gradients.tensors) {
      guard let gradient else { continue }
      let count = Float(step - entry.firstStep + 1)
      let correction1 = 1 - powf(beta1, count)
      let correction2 = (1 - powf(beta2, count)).squareRoot()
      let decay = entry.decays ? 1 - learningRate * weightDecay : 1
      let (p, m, v, g) = (entry.master.floats, entry.mean.floats, entry.variance.floats, gradient.floats)
      let (b1, b2, epsilon) = (beta1, beta2, epsilon)
      ThreadPool.shared.forEachRange(of: gradient.count, grain: 65536) { range in
        for i in range {
          let value = g[i] * scale
          m[i] = b1 * m[i] + (1 - b1) * value
          v[i] = b2 * v[i] + (1 - b2) * value * value
          p[i] = p[i] * decay - learningRate / correction1 * m[i] / (v[i].squareRoot() / correction2 + epsilon)
        }
      }
    }
  }
}
