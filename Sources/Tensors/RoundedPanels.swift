import CKernels

/// A matrix B [k, n] rounded to bf16, in the order in which products read it (`pack_bf16`).
struct RoundedPanels {
  private let pairs: UnsafePointer<UInt32>
  private let pairsPerPanel: Int

  /// Floats that the panels of a matrix [rows, columns] take.
  static func size(rows: Int, columns: Int) -> Int {
    let panel = Int(ckernels_bf16_columns)
    return (columns + panel - 1) / panel * panel * ((rows + 1) / 2)
  }

  /// Rounds a matrix of so many rows and columns into memory of ``size(rows:columns:)`` floats.
  init(_ matrix: MatrixProduct.Operand, rows: Int, columns: Int, into target: UnsafeMutablePointer<Float>) {
    let (row, column) = matrix.transposed ? (1, matrix.stride) : (matrix.stride, 1)
    self.init(rows: rows, columns: columns, into: target) {
      kernels.pack_bf16(matrix.address, row, column, rows, columns, $0)
    }
  }

  /// Floats that the panels of such a part of a weight take, with what it is decoded to where it must be.
  static func size(rows: Int, columns: Int, of type: ScalarType) -> Int {
    size(rows: rows, columns: columns) + (type.packRows == nil ? rows * columns : 0)
  }

  /// Rounds some columns, whole blocks, of a quantised weight's rows, which lie `bytesPerRow` bytes apart, into memory of
  /// ``size(rows:columns:of:)`` floats.
  init(
    _ weight: UnsafeRawPointer, _ type: ScalarType, bytesPerRow: Int, rows: Int, columns: Int,
    into target: UnsafeMutablePointer<Float>
  ) {
    if let pack = type.packRows {
      self.init(rows: rows, columns: columns, into: target) { pack(weight, bytesPerRow, rows, columns, $0) }
      return
    }
    let decoded = target + Self.size(rows: rows, columns: columns)
    let bytes = columns / type.blockSize * type.bytesPerBlock
    for row in 0..<rows {
      // No processor expects the next row, some pages on.
      let ahead = weight + (row + 8) * bytesPerRow
      for line in stride(from: 0, to: bytes, by: 64) { ckernels_prefetch(ahead + line) }
      type.decode(weight + row * bytesPerRow, into: decoded + row * columns, count: columns)
    }
    self.init(.init(decoded, stride: columns), rows: rows, columns: columns, into: target)
  }

  private init(
    rows: Int, columns: Int, into target: UnsafeMutablePointer<Float>, pack: (UnsafeMutablePointer<UInt32>) -> Void
  ) {
    let size = Self.size(rows: rows, columns: columns)
    let pairs = UnsafeMutableRawPointer(target).bindMemory(to: UInt32.self, capacity: size)
    pack(pairs)
    self.pairs = UnsafePointer(pairs)
    pairsPerPanel = (rows + 1) / 2
  }

  /// C[m, columns] = alpha · A[m, rows] · B[rows, columns], added to C or in its place, A rounded to bf16 too. The first
  /// row must be even, the first column that of a panel.
  func multiply(
    _ m: Int, _ a: MatrixProduct.Operand, rows: Range<Int>, columns: Range<Int>, alpha: Float = 1, adding: Bool = false,
    into c: UnsafeMutablePointer<Float>, stride: Int
  ) {
    let panel = Int(ckernels_bf16_columns)
    precondition(rows.lowerBound % 2 == 0 && columns.lowerBound % panel == 0 && !rows.isEmpty && !a.transposed)
    let first = pairs + columns.lowerBound * pairsPerPanel + rows.lowerBound / 2 * panel
    kernels.product_bf16(
      m, columns.count, rows.count, alpha, a.address, a.stride, first, pairsPerPanel, adding, c, stride)
  }
}

extension ScalarType {
  /// The kernel that rounds rows of this type to bf16 as they are stored, where there is one.
  fileprivate var packRows: (@convention(c) (UnsafeRawPointer, Int, Int, Int, UnsafeMutablePointer<UInt32>) -> Void)? {
    switch self {
    case .q8_0: kernels.pack_bf16_q8_0
    case .q4_0: kernels.pack_bf16_q4_0
    default: nil
    }
  }
}
