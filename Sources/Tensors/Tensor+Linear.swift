import CKernels

#if canImport(Glibc)
  import Glibc
#endif

extension Tensor {
  /// y = x·Wᵀ + b: this tensor [T, K] (any leading dimensions), a weight [N, K] of any storage type, a bias [N] or nil;
  /// the result is [T, N] f32.
  ///
  /// Quantised weights are multiplied as they are stored, or laid out anew (``interleaved(in:)``), with activations
  /// rounded to int8. With others, few rows (decoding) are multiplied straight; for many, tiles of the weight are decoded
  /// once for hundreds of rows.
  ///
  /// This tensor may itself be bf16 (see ``rounded(to:)``), with a weight that is not f32. Then the gradient's products
  /// too take bf16 operands, and it is the bf16 tensor that is kept for them. Sums are f32 in any case.
  public func linear(_ weight: Tensor, bias: Tensor? = nil) -> Tensor {
    ProductInput(self).linear(weight, bias: bias)
  }

  fileprivate func multiply(_ weight: Tensor, _ bias: Tensor?, into output: Tensor) {
    let input = converted(to: .f32)
    if rows > Self.fewRows, isRounded(for: weight) {
      input.multiplyInBF16(weight, bias, into: output)
    } else if rows <= Self.fewRows {
      input.multiplyFewRows(weight, bias, into: output)
    } else {
      input.multiplyManyRows(weight, bias, into: output)
    }
  }

  /// Up to this many rows the time goes into reading the weight, not into arithmetic.
  private static let fewRows = ckernels_few_rows

  /// Whether products of this tensor with a weight are of bf16 numbers on both sides, for which the processor has
  /// instructions.
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
  fileprivate func productWithWeight(_ weight: Tensor, shape: [Int], rounds: Bool) -> Tensor {
    let (n, k) = (weight.shape[0], weight.width)
    let result = Tensor(uninitialized: shape)
    if rounds, n > 0, weight.type.isQuantized {
      multiplyInBF16(byStored: weight, into: result)
      return result
    }
    let decoded = weight.converted(to: .f32)
    let (left, right) = (MatrixProduct.Operand(floats, stride: n), MatrixProduct.Operand(decoded.floats, stride: k))
    MatrixProduct.parallel(rows, k, n, left, right, rounds: rounds, into: result.floats, stride: k)
    return result
  }

  /// dx = dy·W in bf16 for a weight that may be large: squares of it are rounded when their turn comes, in memory that
  /// a core's cache holds, so that no copy of the whole exists.
  private func multiplyInBF16(byStored weight: Tensor, into result: Tensor) {
    let (n, k, side, rowsPerPiece) = (weight.shape[0], weight.width, 256, 1024)
    let columnPieces = (k + side - 1) / side
    let rowPieces = (rows + rowsPerPiece - 1) / rowsPerPiece
    let (type, source, bytesPerRow, rows) = (weight.type, weight.address, weight.bytesPerRow, rows)
    let (dy, dx) = (floats, result.floats)
    ThreadPool.shared.forEach(columnPieces * rowPieces) { index in
      let (piece, first) = (index / columnPieces * rowsPerPiece, index % columnPieces * side)
      let (count, columns) = (min(rowsPerPiece, rows - piece), min(side, k - first))
      withScratch(RoundedPanels.size(rows: side, columns: side, of: type)) { scratch in
        for start in stride(from: 0, to: n, by: side) {
          let height = min(side, n - start)
          let square = source + start * bytesPerRow + first / type.blockSize * type.bytesPerBlock
          RoundedPanels(square, type, bytesPerRow: bytesPerRow, rows: height, columns: columns, into: scratch).multiply(
            count, .init(dy + piece * n + start, stride: n), rows: 0..<height, columns: 0..<columns, adding: start > 0,
            into: dx + piece * k + first, stride: k)
        }
      }
    }
  }

  /// dW = dyᵀ·x for dy = self [T, N].
  fileprivate func outerProduct(with x: Tensor, shape: [Int], rounds: Bool) -> Tensor {
    let (n, k) = (shape[0], shape[1])
    let result = Tensor(uninitialized: shape)
    let left = MatrixProduct.Operand(floats, stride: n, transposed: true)
    let right = MatrixProduct.Operand(x.floats, stride: k)
    MatrixProduct.parallel(n, k, rows, left, right, rounds: rounds, into: result.floats, stride: k)
    return result
  }

  /// The sum over all rows: [T, N] → [N].
  func columnSums() -> Tensor {
    let result = Tensor(repeating: 0, shape: [width])
    for t in 0..<rows { kernels.add_scaled(result.floats, floats + t * width, 1, width) }
    return result
  }
}

extension ProductInput {
  /// The product with a weight, see ``Tensor/linear(_:bias:)``.
  public func linear(_ weight: Tensor, bias: Tensor? = nil) -> Tensor {
    LinearProduct.results(of: [LinearProduct(self, weight, bias: bias)])[0]
  }

  /// y + factor·x·Wᵀ. Where nothing is recorded and the weight is quantised the sum takes the place of `y`.
  ///
  /// - Precondition: `y` is freshly computed f32, and nobody else looks at its elements.
  package func linear(_ weight: Tensor, times factor: Float, addedTo y: Tensor) -> Tensor {
    precondition(y.shape == shape.dropLast() + [weight.shape[0]], "linear: \(shape), \(weight.shape) for \(y.shape)")
    precondition(y.type == .f32 && y.storage.file == nil, "linear: a sum in the place of what a file holds")
    guard weight.type.isQuantized, !isRecorded, weight.node == nil, y.node == nil else {
      return y.plus(linear(weight), times: factor)
    }
    LinearProduct(self, weight).check()
    withExtendedLifetime(self) { RoundedProduct.multiply([RoundedProduct(self, weight, times: factor, addedTo: y)]) }
    return y
  }
}

/// A product of an input with a weight [N, K], plus a bias [N] or nil; see ``Tensor/linear(_:bias:)``.
public struct LinearProduct {
  private let input: ProductInput
  private let weight: Tensor
  private let bias: Tensor?

  /// Puts it together; nothing is computed yet.
  public init(_ input: ProductInput, _ weight: Tensor, bias: Tensor? = nil) {
    (self.input, self.weight, self.bias) = (input, weight, bias)
  }

  /// What each of the products is, [T, N] f32. Those with quantised weights are one piece of work for the threads.
  public static func results(of products: [LinearProduct]) -> [Tensor] {
    let outputs = products.map { product in
      product.check()
      return Tensor(uninitialized: product.input.shape.dropLast() + [product.weight.shape[0]])
    }
    // First those that need the input's elements, which its rounding can then be made of.
    for (product, output) in zip(products, outputs) where !product.weight.type.isQuantized {
      product.input.tensor.multiply(product.weight, product.bias, into: output)
    }
    withExtendedLifetime(products) {
      RoundedProduct.multiply(
        zip(products, outputs).filter(\.0.weight.type.isQuantized).map {
          RoundedProduct($0.input, $0.weight, bias: $0.bias, into: $1)
        })
    }
    return zip(products, outputs).map { $0.recorded($1) }
  }

  fileprivate func check() {
    precondition(weight.shape.count == 2 && weight.width == input.width, "linear: \(input.shape), \(weight.shape)")
    precondition(bias.map { $0.shape == [weight.shape[0]] } ?? true, "linear: bias \(bias?.shape ?? [])")
    precondition(
      input.type == .f32 || input.type == .bf16 && weight.type != .f32, "linear: \(input.type), \(weight.type)")
  }

  private func recorded(_ output: Tensor) -> Tensor {
    guard input.isRecorded || weight.node != nil || bias?.node != nil else { return output }
    let (x, weight, bias) = (input.tensor, weight, bias ?? Tensor(repeating: 0, shape: [0]))
    return output.recorded(from: x, weight, bias) { gradient, gradients in
      let rounds = x.type == .bf16 && kernels.prefers_bf16
      // Products that round do it themselves.
      let dy = x.type == .f32 || rounds ? gradient : gradient.converted(to: x.type).converted(to: .f32)
      gradients.add(dy.productWithWeight(weight, shape: x.shape, rounds: rounds), to: x)
      gradients.add(dy.outerProduct(with: x.converted(to: .f32), shape: weight.shape, rounds: rounds), to: weight)
      gradients.add(gradient.columnSums(), to: bias)
    }
  }
}
