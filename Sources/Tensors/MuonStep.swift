import CKernels

#if canImport(Glibc)
  import Glibc
#endif

/// One step of Muon (Jordan et al. 2024): a matrix moves by the running mean of its gradient made nearly orthogonal, so
/// that every direction moves alike, the seldom ones too. Scaled to the size of AdamW's steps (Liu et al. 2025, "Muon is
/// scalable for LLM training"), so that learning rate and weight decay mean the same.
public struct MuonStep: Sendable {
  private let rate: Float
  private let momentum: Float
  private let decay: Float
  private let gradientFactor: Float
  private let mayRound: Bool

  /// - Parameters:
  ///   - gradientFactor: what gradients are multiplied with first: 1, or less where they are clipped.
  ///   - mayRound: whether the products that make a direction orthogonal may round to bf16, where the processor is faster
  ///     with it, as Jordan's do.
  public init(
    learningRate: Double, momentum: Double = 0.95, weightDecay: Double, gradientFactor: Float = 1,
    mayRound: Bool = false
  ) {
    self.mayRound = mayRound
    rate = Float(learningRate)
    self.momentum = Float(momentum)
    decay = Float(1 - learningRate * weightDecay)
    self.gradientFactor = gradientFactor
  }

  /// Changes a matrix and the running sum of its gradients (zero before the first step) in place, both f32.
  ///
  /// - Parameter parts: how many matrices of equal size lie one above the other in it, such as queries, keys and values;
  ///   each is made orthogonal by itself.
  public func update(_ parameter: Tensor, gradient: Tensor, momentum sum: Tensor, parts: Int = 1) {
    precondition(
      parameter.shape.count == 2 && gradient.shape == parameter.shape && sum.shape == parameter.shape,
      "Muon: \(parameter.shape) with a gradient \(gradient.shape)")
    precondition(parameter.rows % parts == 0, "\(parameter.rows) rows in \(parts) parts")
    precondition(parameter.storage.file == nil, "a mapped file is not to be written to")
    let (rows, width) = (parameter.rows / parts, parameter.width)
    let size = rows * width
    for part in 0..<parts {
      let (values, own, sums) = (
        parameter.floats + part * size, gradient.floats + part * size, sum.floats + part * size
      )
      withScratch(size) { direction in
        // Nesterov's momentum: a look ahead along the sum that this gradient is already part of.
        for i in 0..<size {
          sums[i] = momentum * sums[i] + gradientFactor * own[i]
          direction[i] = momentum * sums[i] + gradientFactor * own[i]
        }
        Self.orthogonalize(direction, rows: rows, width: width, rounds: mayRound && kernels.prefers_bf16)
        let step = rate * 0.2 * Float(max(rows, width)).squareRoot()
        for i in 0..<size { values[i] = decay * values[i] - step * direction[i] }
      }
    }
  }

  /// Moves a matrix's singular values near 1 by five Newton-Schulz iterations X ← aX + (bA + cA²)X with A = XXᵀ, whose
  /// coefficients grow small values fastest (Jordan et al. 2024).
  ///
  /// - Parameter rounds: whether both sides of the products are rounded to bf16.
  static func orthogonalize(_ x: UnsafeMutablePointer<Float>, rows: Int, width: Int, rounds: Bool) {
    let size = rows * width
    let norm = kernels.dot_f32(x, x, size).squareRoot()
    guard norm > 0, norm.isFinite else { return }
    for i in 0..<size { x[i] /= norm }
    let (a, b, c): (Float, Float, Float) = (3.4445, -4.7750, 2.0315)
    // The smaller of XXᵀ and XᵀX, for as many products.
    let isTall = rows > width
    let n = min(rows, width)
    withScratch(2 * n * n + size) { scratch in
      let (gram, polynomial, next) = (scratch, scratch + n * n, scratch + 2 * n * n)
      for _ in 0..<5 {
        let plain = MatrixProduct.Operand(x, stride: width)
        let transposed = MatrixProduct.Operand(x, stride: width, transposed: true)
        MatrixProduct.parallel(
          n, n, max(rows, width), isTall ? transposed : plain, isTall ? plain : transposed, rounds: rounds,
          into: gram, stride: n)
        for i in 0..<n * n { polynomial[i] = b * gram[i] }
        let square = MatrixProduct.Operand(gram, stride: n)
        MatrixProduct.parallel(
          n, n, n, alpha: c, square, square, beta: 1, rounds: rounds, into: polynomial, stride: n)
        for i in 0..<size { next[i] = a * x[i] }
        let factor = MatrixProduct.Operand(polynomial, stride: n)
        MatrixProduct.parallel(
          rows, width, n, isTall ? plain : factor, isTall ? factor : plain, beta: 1, rounds: rounds, into: next,
          stride: width)
        memcpy(x, next, size * 4)
      }
    }
  }
}
