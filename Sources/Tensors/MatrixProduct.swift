import CKernels
import COpenBLAS

/// f32 matrix products, by OpenBLAS where it is installed and by plain loops over our own kernels where it is not.
enum MatrixProduct {
  /// A row-major matrix, or its transpose, somewhere in memory.
  struct Operand {
    var address: UnsafePointer<Float>
    /// Elements from one stored row to the next.
    var stride: Int
    var transposed = false

    init(_ address: UnsafePointer<Float>, stride: Int, transposed: Bool = false) {
      self.address = address
      self.stride = stride
      self.transposed = transposed
    }

    /// The operand that starts at this row and column of the (transposed) matrix.
    func from(row: Int, column: Int) -> Operand {
      var moved = self
      moved.address += transposed ? column * stride + row : row * stride + column
      return moved
    }
  }

  private static let hasOpenBLAS = copenblas_load(ckernels_openblas_core_type())

  /// What computes the products: OpenBLAS' kernel name, or "none" without OpenBLAS.
  static var backend: String {
    _ = hasOpenBLAS
    return String(cString: copenblas_core_name())
  }

  /// C[m, n] = alpha · A[m, k] · B[k, n] + beta · C on this thread.
  static func serial(
    _ m: Int, _ n: Int, _ k: Int, alpha: Float = 1, _ a: Operand, _ b: Operand, beta: Float = 0,
    into c: UnsafeMutablePointer<Float>, stride: Int
  ) {
    guard m > 0, n > 0 else { return }
    if hasOpenBLAS {
      copenblas_sgemm(
        a.transposed, b.transposed, Int32(m), Int32(n), Int32(k), alpha, a.address, Int32(a.stride), b.address,
        Int32(b.stride), beta, c, Int32(stride))
    } else {
      plain(m, n, k, alpha: alpha, a, b, beta: beta, into: c, stride: stride)
    }
  }

  /// The same, cut into tiles of C for the thread pool. The tiles depend on the sizes alone.
  ///
  /// - Parameter rounds: whether both sides are rounded to bf16, see ``rounded(_:_:_:alpha:_:_:adding:into:stride:)``; then
  ///   `beta` is 0 or 1.
  static func parallel(
    _ m: Int, _ n: Int, _ k: Int, alpha: Float = 1, _ a: Operand, _ b: Operand, beta: Float = 0, rounds: Bool = false,
    into c: UnsafeMutablePointer<Float>, stride: Int
  ) {
    if rounds {
      precondition(beta == 0 || beta == 1, "a rounded product added to \(beta) of C")
      return rounded(m, n, k, alpha: alpha, a, b, adding: beta == 1, into: c, stride: stride)
    }
    let tile = Tiling(rows: m, columns: n)
    ThreadPool.shared.forEach(tile.count) { index in
      let (rows, columns) = tile[index]
      serial(
        rows.count, columns.count, k, alpha: alpha, a.from(row: rows.lowerBound, column: 0),
        b.from(row: 0, column: columns.lowerBound), beta: beta,
        into: c + rows.lowerBound * stride + columns.lowerBound, stride: stride)
    }
  }

  /// C[m, n] = alpha · A[m, k] · B[k, n], added to C or in its place, on this thread: for products too small for
  /// OpenBLAS, which copies its operands first. B is not transposed, except for few rows of A.
  static func small(
    _ m: Int, _ n: Int, _ k: Int, alpha: Float = 1, _ a: Operand, _ b: Operand, adding: Bool = false,
    into c: UnsafeMutablePointer<Float>, stride: Int
  ) {
    guard m > 0, n > 0 else { return }
    if b.transposed {
      serial(m, n, k, alpha: alpha, a, b, beta: adding ? 1 : 0, into: c, stride: stride)
    } else {
      kernels.product(
        m, n, k, alpha, a.address, a.transposed ? 1 : a.stride, a.transposed ? a.stride : 1, b.address, b.stride,
        adding, c, stride)
    }
  }

  /// C[m, n] = alpha · A[m, k] · B[k, n], added to C or in its place, of numbers rounded to bf16, with sums in f32.
  /// Every row is the same sum however the rows are shared among threads.
  static func rounded(
    _ m: Int, _ n: Int, _ k: Int, alpha: Float = 1, _ a: Operand, _ b: Operand, adding: Bool = false,
    into c: UnsafeMutablePointer<Float>, stride: Int
  ) {
    guard m > 0, n > 0 else { return }
    guard k > 0 else {
      if !adding { for i in 0..<m { (c + i * stride).update(repeating: 0, count: n) } }
      return
    }
    let panelSize = RoundedPanels.size(rows: k, columns: n)
    withScratch(panelSize + (a.transposed ? m * k : 0)) { scratch in
      var left = a
      if a.transposed {
        let copy = scratch + panelSize
        kernels.transpose(a.address, a.stride, copy, k, k, m)
        left = Operand(copy, stride: k)
      }
      let (panels, rows) = (RoundedPanels(b, rows: k, columns: n, into: scratch), left)
      ThreadPool.shared.forEachRange(of: m, grain: 48) { range in
        panels.multiply(
          range.count, rows.from(row: range.lowerBound, column: 0), rows: 0..<k, columns: 0..<n, alpha: alpha,
          adding: adding, into: c + range.lowerBound * stride, stride: stride)
      }
    }
  }

  /// The textbook product, the specification of the fast ones. The inner loop runs along stored rows.
  static func plain(
    _ m: Int, _ n: Int, _ k: Int, alpha: Float, _ a: Operand, _ b: Operand, beta: Float,
    into c: UnsafeMutablePointer<Float>, stride: Int
  ) {
    for i in 0..<m {
      let row = c + i * stride
      for j in 0..<n { row[j] = beta == 0 ? 0 : beta * row[j] }
      for p in 0..<k {
        let factor = alpha * (a.transposed ? a.address[p * a.stride + i] : a.address[i * a.stride + p])
        if b.transposed {
          for j in 0..<n { row[j] += factor * b.address[j * b.stride + p] }
        } else {
          kernels.add_scaled(row, b.address + p * b.stride, factor, n)
        }
      }
    }
  }
}

/// A matrix cut into nearly equal tiles, small enough to share among threads and large enough to be efficient.
struct Tiling {
  let rows: Int
  let columns: Int
  let rowPieces: Int
  let columnPieces: Int

  init(rows: Int, columns: Int) {
    // With nobody to share with, tiles only cost: OpenBLAS rearranges its operands for each.
    let alone = ThreadPool.isInsidePiece
    let (rowsPerTile, columnsPerTile) = alone ? (4096, 1024) : (384, 192)
    self.rows = rows
    self.columns = columns
    rowPieces = max(1, (rows + rowsPerTile - 1) / rowsPerTile)
    columnPieces = max(1, (columns + columnsPerTile - 1) / columnsPerTile)
  }

  var count: Int { rowPieces * columnPieces }

  subscript(index: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    let (row, column) = (index % rowPieces, index / rowPieces)
    return (
      row * rows / rowPieces..<(row + 1) * rows / rowPieces,
      column * columns / columnPieces..<(column + 1) * columns / columnPieces
    )
  }
}
