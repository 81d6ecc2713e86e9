import CKernels

#if canImport(Glibc)
  import Glibc
#endif

extension Tensor {
  /// y = x·Wᵀ + b: this tensor [T, K] (any leading dimensions), a weight [N, K] of any storage type, a bias [N] or nil;
  /// the result is [T, N] f32.
  ///
  /// Quantised weights are multiplied as they are stored, or laid out anew (``interleaved()``), with activations
  /// rounded to int8. With others, few rows (decoding) are multiplied straight; for many, tiles of the weight are decoded
  /// once for hundreds of rows.
  ///
  /// This tensor may itself be bf16 (see ``rounded(to:)``), with a weight that is not f32. Then the gradient's products
  /// too take bf16 operands, and it is the bf16 tensor that is kept for them. Sums are f32 in any case.
  public func linear(_ weight: Tensor, bias: Tensor? = nil) -> Tensor {
    precondition(weight.shape.count == 2 && weight.width == width, "linear: \(shape) with weight \(weight.shape)")
    precondition(bias.map { $0.shape == [weight.shape[0]] } ?? true, "linear: bias \(bias?.shape ?? [])")
    precondition(type == .f32 || type == .bf16 && weight.type != .f32, "linear: \(type) with a \(weight.type) weight")
    let output = Tensor(uninitialized: shape.dropLast() + [weight.shape[0]])
    let input = converted(to: .f32)
    if let product = weight.roundedProduct {
      input.multiplyRounded(weight, bias, product, into: output)
    } else if rows > Self.fewRows, isRounded(for: weight) {
      input.multiplyInBF16(weight, bias, into: output)
    } else if rows <= Self.fewRows {
      input.multiplyFewRows(weight, bias, into: output)
    } else {
      input.multiplyManyRows(weight, bias, into: output)
    }
    let (x, bias) = (self, bias ?? Tensor(repeating: 0, shape: [0]))
    return output.recorded(from: x, weight, bias) { gradient, gradients in
      let dy = x.type == .f32 ? gradient : gradient.converted(to: x.type).converted(to: .f32)
      let rounds = x.isRounded(for: weight)
      gradients.add(dy.productWithWeight(weight, shape: x.shape, rounds: rounds), to: x)
      gradients.add(dy.outerProduct(with: x.converted(to: .f32), shape: weight.shape, rounds: rounds), to: weight)
      gradients.add(gradient.columnSums(), to: bias)
    }
  }

  /// Up to this many rows the time goes into reading the weight, not into arithmetic.
  private static let fewRows = ckernels_few_rows

  private func multiplyRounded(
    _ weight: Tensor, _ bias: Tensor?, _ product: RoundedProduct, into output: Tensor
  ) {
    let n = weight.shape[0]
    guard rows > 0, n > 0 else { return }
    let x = QuantizedRows(self)
    // Of the weight, when reading it is what takes the
    // time, long pieces, since a processor stumbles where one ends; but many, for threads that end at the same time.
    let few = rows <= Self.fewRows
    let rowsPerTile = Int(ckernels_product_rows)
    let pieceBytes = min(max(n * weight.bytesPerRow / 24, 65536), 262_144)
    let weightRows = few ? max(16, pieceBytes / max(weight.bytesPerRow, 1) / 16 * 16) : 64
    let rowPieces = (rows + rowsPerTile - 1) / rowsPerTile
    let weightPieces = (n + weightRows - 1) / weightRows
    // Pieces begin with a multiple of 16 rows, which in groups of rows is the same place.
    let address = weight.interleavedRows?.address ?? UnsafeRawPointer(weight.address)
    // Asked for here: every thread would count references to the tensors' shapes, and wait for the others' counting.
    let (rows, width, bytesPerRow, y, offset) = (rows, width, weight.bytesPerRow, output.floats, bias?.floats)
    ThreadPool.shared.forEach(rowPieces * weightPieces) { index in
      let (piece, first) = (index / weightPieces, index % weightPieces * weightRows)
      let (start, end) = (piece * rows / rowPieces, (piece + 1) * rows / rowPieces)
      x.withRows(from: start) { x in
        product(
          address + first * bytesPerRow, min(weightRows, n - first), x, end - start, width,
          offset.map { $0 + first }, y + start * n + first, n)
      }
    }
  }

  /// Whether products of this tensor, or of gradients in its place, with a weight are of bf16 numbers on both sides, for
  /// which the processor has instructions.
  private func isRounded(for weight: Tensor) -> Bool {
    type == .bf16 && weight.type == .bf16 && kernels.prefers_bf16
  }

  private func multiplyInBF16(_ weight: Tensor, _ bias: Tensor?, into output: Tensor) {
    let (k, n) = (width, weight.shape[0])
    if let offset = bias?.floats {
      for t in 0..<rows { memcpy(output.floats + t * n, offset, n * 4) }
    }
    let decoded = weight.converted(to: .f32)
    MatrixProduct.rounded(
      rows, n, k, .init(floats, stride: k), .init(decoded.floats, stride: k, transposed: true), adding: bias != nil,
      into: output.floats, stride: n)
  }

  private func multiplyFewRows(_ weight: Tensor, _ bias: Tensor?, into output: Tensor) {
    let (rows, k, n) = (rows, width, weight.shape[0])
    let y = output.floats
    let offset = bias?.floats
    switch weight.type {
    case .f32, .f16, .bf16:
      let dot = weight.type == .f32 ? kernels.dot_f32 : weight.type == .f16 ? kernels.dot_f16 : kernels.dot_bf16
      forEachWeightRow(n, bytesPerRow: weight.bytesPerRow) { j in
        let row = weight.address + j * weight.bytesPerRow
        for t in 0..<rows { y[t * n + j] = dot(row, floats + t * k, k) + (offset?[j] ?? 0) }
      }
    default:
      ThreadPool.shared.forEachRange(of: n, grain: 64) { range in
        withScratch(k) { row in
          for j in range {
            weight.type.decode(weight.address + j * weight.bytesPerRow, into: row, count: k)
            for t in 0..<rows { y[t * n + j] = kernels.dot_f32(row, floats + t * k, k) + (offset?[j] ?? 0) }
          }
        }
      }
    }
  }

  /// Shares the weight's rows among the threads in pieces of about 64 kB.
  private func forEachWeightRow(_ n: Int, bytesPerRow: Int, _ body: (Int) -> Void) {
    ThreadPool.shared.forEachRange(of: n, grain: max(8, 65536 / max(bytesPerRow, 1))) { range in
      for j in range { body(j) }
    }
  }

  private func multiplyManyRows(_ weight: Tensor, _ bias: Tensor?, into output: Tensor) {
    let (k, n) = (width, weight.shape[0])
    let tiling = Tiling(rows: rows, columns: n)
    ThreadPool.shared.forEach(tiling.count) { index in
      let (tileRows, tileColumns) = tiling[index]
      let c = output.floats + tileRows.lowerBound * n + tileColumns.lowerBound
      if let offset = bias?.floats {
        for t in 0..<tileRows.count {
          memcpy(c + t * n, offset + tileColumns.lowerBound, tileColumns.count * 4)
        }
      }
      weight.withFloatRows(tileColumns) { decoded in
        MatrixProduct.serial(
          tileRows.count, tileColumns.count, k, .init(floats + tileRows.lowerBound * k, stride: k),
          .init(decoded, stride: k, transposed: true), beta: bias == nil ? 0 : 1, into: c, stride: n)
      }
    }
  }

  /// The rows as f32: in place where they are stored so, decoded into scratch memory otherwise.
  func withFloatRows(_ range: Range<Int>, _ body: (UnsafePointer<Float>) -> Void) {
    let start = address + range.lowerBound * bytesPerRow
    if type == .f32 {
      body(start.assumingMemoryBound(to: Float.self))
    } else {
      withScratch(range.count * width) { floats in
        type.decode(start, into: floats, count: range.count * width)
        body(floats)
      }
    }
  }

  /// dx = dy·W for dy = self [T, N].
  private func productWithWeight(_ weight: Tensor, shape: [Int], rounds: Bool) -> Tensor {
    let (n, k) = (weight.shape[0], weight.width)
    let result = Tensor(uninitialized: shape)
    let decoded = weight.converted(to: .f32)
    let (left, right) = (MatrixProduct.Operand(floats, stride: n), MatrixProduct.Operand(decoded.floats, stride: k))
    if rounds {
      MatrixProduct.rounded(rows, k, n, left, right, into: result.floats, stride: k)
    } else {
      MatrixProduct.parallel(rows, k, n, left, right, into: result.floats, stride: k)
    }
    return result
  }

  /// dW = dyᵀ·x for dy = self [T, N].
  private func outerProduct(with x: Tensor, shape: [Int], rounds: Bool) -> Tensor {
    let (n, k) = (shape[0], shape[1])
    let result = Tensor(uninitialized: shape)
    let left = MatrixProduct.Operand(floats, stride: n, transposed: true)
    let right = MatrixProduct.Operand(x.floats, stride: k)
    if rounds {
      MatrixProduct.rounded(n, k, rows, left, right, into: result.floats, stride: k)
    } else {
      MatrixProduct.parallel(n, k, rows, left, right, into: result.floats, stride: k)
    }
    return result
  }

  /// The sum over all rows: [T, N] → [N].
  func columnSums() -> Tensor {
    let result = Tensor(repeating: 0, shape: [width])
    for t in 0..<rows { kernels.add_scaled(result.floats, floats + t * width, 1, width) }
    return result
  }
}

extension Tensor {
  fileprivate typealias RoundedProduct =
    @convention(c) (
      UnsafeRawPointer, Int, UnsafePointer<ckernels_q8_rows>, Int, Int, UnsafePointer<Float>?,
      UnsafeMutablePointer<Float>,
      Int
    ) -> Void

  /// The product of this weight, as it lies in memory, with activations rounded to int8, for quantised types.
  fileprivate var roundedProduct: RoundedProduct? {
    let isInterleaved = interleavedRows != nil
    return switch type {
    case .q8_0: isInterleaved ? kernels.interleaved_q8_0 : kernels.product_q8_0
    case .q4_0: isInterleaved ? kernels.interleaved_q4_0 : kernels.product_q4_0
    case .q4_k: kernels.product_q4_k
    case .q6_k: kernels.product_q6_k
    default: nil
    }
  }
}
