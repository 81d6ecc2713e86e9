import CKernels

/// A product of activations rounded to int8 with a quantised weight, as it lies in memory, in pieces that threads share.
struct RoundedProduct {
  fileprivate typealias Kernel =
    @convention(c) (
      UnsafeRawPointer, Int, UnsafePointer<ckernels_q8_rows>, Int, Int, UnsafePointer<Float>?,
      UnsafeMutablePointer<Float>, Int
    ) -> Void

  private let kernel: Kernel
  private let x: ckernels_q8_rows
  private let weight: UnsafeRawPointer
  private let weightRows: Int
  private let bytesPerRow: Int
  private let bias: UnsafePointer<Float>?
  private let y: UnsafeMutablePointer<Float>
  private let factor: Float?
  private let rows: Int
  private let width: Int
  private let rowPieces: Int
  private let rowsPerPiece: Int
  private let pieces: Int

  /// The product with a quantised weight, plus the bias. The input and the tensors must outlive it.
  init(_ input: ProductInput, _ weight: Tensor, bias: Tensor?, into output: Tensor) {
    self.init(input, weight, bias: bias, factor: nil, output)
  }

  /// `factor` times the product, added to what `output` holds.
  init(_ input: ProductInput, _ weight: Tensor, times factor: Float, addedTo output: Tensor) {
    self.init(input, weight, bias: nil, factor: factor, output)
  }

  private init(_ input: ProductInput, _ weight: Tensor, bias: Tensor?, factor: Float?, _ output: Tensor) {
    guard let kernel = weight.roundedKernel else { preconditionFailure("a \(weight.type) weight is not quantised") }
    self.kernel = kernel
    (x, rows) = (input.quantized.rows, input.rows)
    self.weight = weight.interleavedRows?.address ?? UnsafeRawPointer(weight.address)
    (weightRows, bytesPerRow) = (weight.shape[0], weight.bytesPerRow)
    self.bias = bias.map { UnsafePointer($0.floats) }
    (y, self.factor) = (output.floats, factor)
    width = weight.width
    rowPieces = (rows + Int(ckernels_product_rows) - 1) / Int(ckernels_product_rows)
    // Pieces begin with a multiple of 16 rows, which in groups of rows is the same place. When reading the weight is what
    // takes the time they are long, since a processor stumbles where one ends; but many, for threads that end at the same
    // time.
    let bytes = min(max(weightRows * bytesPerRow / 12, 65536), 524_288)
    rowsPerPiece = rows <= ckernels_few_rows ? max(16, bytes / max(bytesPerRow, 1) / 16 * 16) : 64
    pieces = rowPieces * ((weightRows + rowsPerPiece - 1) / rowsPerPiece)
  }

  /// Computes products, one behind the other, as one piece of work for the threads.
  static func multiply(_ products: [RoundedProduct]) {
    let threads = ThreadPool.isInsidePiece ? 1 : ThreadPool.shared.threads
    products.withUnsafeBufferPointer { products in
      ThreadPool.shared.forEach(products.reduce(0) { $0 + $1.pieces }) { index in
        var (product, piece) = (0, index)
        while piece >= products[product].pieces {
          piece -= products[product].pieces
          product += 1
        }
        products[product].multiply(piece: products[product].place(of: piece, threads))
      }
    }
  }

  /// Which piece is computed as the `index`-th. Threads take numbers in turn; the pieces that one of them gets so lie
  /// side by side, and memory is read as one stream, not in leaps.
  private func place(of index: Int, _ threads: Int) -> Int {
    let (part, number) = (index % threads, index / threads)
    let (size, longer) = (pieces / threads, pieces % threads)
    return part * size + min(part, longer) + number
  }

  private func multiply(piece index: Int) {
    let weightPieces = pieces / rowPieces
    let (rowPiece, first) = (index / weightPieces, index % weightPieces * rowsPerPiece)
    let (start, end) = (rowPiece * rows / rowPieces, (rowPiece + 1) * rows / rowPieces)
    let count = min(rowsPerPiece, weightRows - first)
    let part = weight + first * bytesPerRow
    let target = y + start * weightRows + first
    let block = start * width / 32
    var x = ckernels_q8_rows(q: x.q + start * width, scale: x.scale + block, offset: x.offset + block)
    guard let factor else {
      kernel(part, count, &x, end - start, width, bias.map { $0 + first }, target, weightRows)
      return
    }
    withScratch((end - start) * count) { products in
      kernel(part, count, &x, end - start, width, nil, products, count)
      for t in 0..<end - start { kernels.add_scaled(target + t * weightRows, products + t * count, factor, count) }
    }
  }
}

extension Tensor {
  /// The kernel for products of this weight, for quantised types.
  fileprivate var roundedKernel: RoundedProduct.Kernel? {
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
