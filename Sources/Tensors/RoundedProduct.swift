import CKernels

/// A product of activations rounded to int8 with a quantised weight, as it lies in memory, in pieces that threads share.
struct RoundedProduct {
  fileprivate typealias Kernel =
    @convention(c) (
      UnsafeRawPointer, Int, UnsafePointer<ckernels_q8_rows>, Int, Int, UnsafePointer<Float>?,
      UnsafeMutablePointer<Float>, Int
    ) -> Void

  private let kernel: Kernel
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

  /// The product of `rows` rows of activations, plus the bias; nil for a weight that is not quantised. The tensors must
  /// outlive it.
  init?(_ weight: Tensor, bias: Tensor?, rows: Int, into output: Tensor) {
    self.init(weight, bias: bias, factor: nil, rows: rows, output)
  }

  /// `factor` times the product, added to what `output` holds.
  init?(_ weight: Tensor, times factor: Float, rows: Int, addedTo output: Tensor) {
    self.init(weight, bias: nil, factor: factor, rows: rows, output)
  }

  private init?(_ weight: Tensor, bias: Tensor?, factor: Float?, rows: Int, _ output: Tensor) {
    guard let kernel = weight.roundedKernel else { return nil }
    self.kernel = kernel
    self.weight = weight.interleavedRows?.address ?? UnsafeRawPointer(weight.address)
    (weightRows, bytesPerRow) = (weight.shape[0], weight.bytesPerRow)
    self.bias = bias.map { UnsafePointer($0.floats) }
    (y, self.factor) = (output.floats, factor)
    (self.rows, width) = (rows, weight.width)
    rowPieces = (rows + Int(ckernels_product_rows) - 1) / Int(ckernels_product_rows)
    // Pieces begin with a multiple of 16 rows, which in groups of rows is the same place. When reading the weight is what
    // takes the time they are long, since a processor stumbles where one ends; but many, for threads that end at the same
    // time.
    let bytes = min(max(weightRows * bytesPerRow / 24, 65536), 262_144)
    rowsPerPiece = rows <= ckernels_few_rows ? max(16, bytes / max(bytesPerRow, 1) / 16 * 16) : 64
    pieces = rowPieces * ((weightRows + rowsPerPiece - 1) / rowsPerPiece)
  }

  /// Computes products of the same activations, one behind the other.
  static func multiply(_ x: QuantizedRows, _ products: [RoundedProduct]) {
    x.withRows { x in
      products.withUnsafeBufferPointer { products in
        ThreadPool.shared.forEach(products.reduce(0) { $0 + $1.pieces }) { index in
          var (product, piece) = (0, index)
          while piece >= products[product].pieces {
            piece -= products[product].pieces
            product += 1
          }
          products[product].multiply(x, piece: piece)
        }
      }
    }
  }

  private func multiply(_ x: ckernels_q8_rows, piece index: Int) {
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
