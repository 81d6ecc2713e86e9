import CKernels

#if canImport(Glibc)
  import Glibc
#endif

/// One step of AdamW (Loshchilov, Hutter 2019), as `torch.optim.AdamW` takes it: weight decay apart from the gradient,
/// moments without their bias.
public struct AdamWStep: Sendable {
  private let factors: ckernels_adamw

  /// The numbers of step `step`, counted from 1. Gradients are multiplied with `gradientFactor` first: 1, or less where
  /// they are clipped or are sums over several batches.
  public init(
    step: Int, learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double, gradientFactor: Float = 1
  ) {
    precondition(step > 0, "AdamW counts its steps from 1")
    factors = ckernels_adamw(
      gradient_factor: gradientFactor, first_rate: Float(1 - beta1), second_decay: Float(beta2),
      second_rate: Float(1 - beta2), second_correction: Float((1 - pow(beta2, Double(step))).squareRoot()),
      epsilon: Float(epsilon), step_size: Float(learningRate / (1 - pow(beta1, Double(step)))),
      decay: Float(1 - learningRate * weightDecay))
  }

  /// Changes a parameter and its two moments (zero before the first step) in place, all f32 and of one shape. Nobody
  /// else may look at them meanwhile, and nothing computed from the parameter before may be walked back afterwards.
  public func update(_ parameter: Tensor, gradient: Tensor, firstMoment: Tensor, secondMoment: Tensor) {
    precondition(
      [gradient, firstMoment, secondMoment].allSatisfy { $0.shape == parameter.shape },
      "AdamW: \(parameter.shape) with a gradient \(gradient.shape)")
    precondition(parameter.storage.file == nil, "a mapped file is not to be written to")
    ThreadPool.shared.forEachRange(of: parameter.count, grain: 16384) { range in
      let start = range.lowerBound
      withUnsafePointer(to: factors) { factors in
        kernels.adamw(
          parameter.floats + start, gradient.floats + start, firstMoment.floats + start, secondMoment.floats + start,
          factors, range.count)
      }
    }
  }
}
