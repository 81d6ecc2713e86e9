import CKernels

/// One head's keys or values [S, D] as the matrix [D, S].
struct TransposedColumns {
  private let operand: MatrixProduct.Operand
  private let width: Int
  private let isCopied: Bool

  /// How many of the S columns of a copy lie side by side before the next ones follow: some 20 kB, which a core's
  /// first-level cache holds. All of them side by side would put the D numbers of a column nearly a power of two apart,
  /// where they push each other out of it.
  private static let partColumns = 64

  /// The transpose of a matrix as it lies there.
  init(inPlace matrix: MatrixProduct.Operand) {
    operand = .init(matrix.address, stride: matrix.stride, transposed: true)
    (width, isCopied) = (0, false)
  }

  /// A copy of the transpose of a matrix [rows, width] in memory of ``size(rows:width:)`` floats.
  init(_ matrix: MatrixProduct.Operand, rows: Int, width: Int, into target: UnsafeMutablePointer<Float>) {
    (self.width, isCopied) = (width, true)
    operand = .init(target, stride: Self.partColumns)
    for start in stride(from: 0, to: rows, by: Self.partColumns) {
      kernels.transpose(
        matrix.address + start * matrix.stride, matrix.stride, target + start * width, Self.partColumns,
        min(Self.partColumns, rows - start), width)
    }
  }

  /// Floats that a copy takes.
  static func size(rows: Int, width: Int) -> Int { (rows + partColumns - 1) / partColumns * partColumns * width }

  /// Calls `body` with some columns after another, which together are those of `range`.
  func forEachPart(of range: Range<Int>, _ body: (Range<Int>, MatrixProduct.Operand) -> Void) {
    guard isCopied else {
      body(range, operand.from(row: 0, column: range.lowerBound))
      return
    }
    var start = range.lowerBound
    while start < range.upperBound {
      let part = start / Self.partColumns
      let end = min(range.upperBound, (part + 1) * Self.partColumns)
      var columns = operand
      columns.address += part * Self.partColumns * width + start % Self.partColumns
      body(start..<end, columns)
      start = end
    }
  }
}
