import Testing

@testable import Tensors

/// The library's product, and our own that stands in for it, against sums in Double.
@Suite struct MatrixProductTests {
  struct Sizes: Sendable, CustomTestStringConvertible {
    let m: Int, n: Int, k: Int
    var testDescription: String { "\(m)×\(k)·\(k)×\(n)" }
  }

  static let sizes = [
    (1, 1, 1), (1, 70, 33), (33, 1, 70), (2, 3, 5), (7, 13, 1), (16, 16, 16), (17, 31, 65), (64, 48, 80), (129, 65, 40),
    (3, 200, 257), (5, 4, 0),
  ].map { Sizes(m: $0.0, n: $0.1, k: $0.2) }

  @Test(arguments: sizes)
  func agrees(sizes: Sizes) {
    let (m, n, k) = (sizes.m, sizes.n, sizes.k)
    for (aTransposed, bTransposed) in [(false, false), (false, true), (true, false), (true, true)] {
      for (alpha, beta, padding) in [(Float(1), Float(0), 0), (1, 1, 3), (-0.5, 2, 5), (0.25, 0, 1)] {
        let (aRows, aWidth) = aTransposed ? (k, m) : (m, k)
        let (bRows, bWidth) = bTransposed ? (n, k) : (k, n)
        let (a, b) = (padded(aRows, aWidth, padding, seed: 1), padded(bRows, bWidth, padding, seed: 2))
        let c = padded(m, n, padding, seed: 3)
        let (aStride, bStride, cStride) = (aWidth + padding, bWidth + padding, n + padding)
        var expected = [Double](repeating: 0, count: m * n)
        for i in 0..<m {
          for j in 0..<n {
            let sum = (0..<k).reduce(0.0) { sum, p in
              sum + Double(aTransposed ? a[p * aStride + i] : a[i * aStride + p])
                * Double(bTransposed ? b[j * bStride + p] : b[p * bStride + j])
            }
            expected[i * n + j] = Double(alpha) * sum + (beta == 0 ? 0 : Double(beta) * Double(c[i * cStride + j]))
          }
        }
        typealias Product = (MatrixProduct.Operand, MatrixProduct.Operand, UnsafeMutablePointer<Float>) -> Void
        let products: [(String, Product)] = [
          ("serial", { MatrixProduct.serial(m, n, k, alpha: alpha, $0, $1, beta: beta, into: $2, stride: cStride) }),
          (
            "parallel", { MatrixProduct.parallel(m, n, k, alpha: alpha, $0, $1, beta: beta, into: $2, stride: cStride) }
          ),
          ("plain", { MatrixProduct.plain(m, n, k, alpha: alpha, $0, $1, beta: beta, into: $2, stride: cStride) }),
        ]
        for (name, product) in products {
          let found = withGuarded(m * cStride) { target in
            // Where nothing is added to it, the old content must not matter, not even NaN.
            if beta != 0 { target.update(from: c, count: c.count) }
            a.withUnsafeBufferPointer { a in
              b.withUnsafeBufferPointer { b in
                product(
                  .init(a.baseAddress!, stride: aStride, transposed: aTransposed),
                  .init(b.baseAddress!, stride: bStride, transposed: bTransposed), target)
              }
            }
          }
          let values = (0..<m).flatMap { found[$0 * cStride..<$0 * cStride + n] }
          expectClose(
            values, expected, 1e-5, "\(name) \(aTransposed) \(bTransposed) \(alpha) \(beta)", #_sourceLocation)
          let paddingIsIntact = (0..<m).allSatisfy { i in
            (n..<cStride).allSatisfy {
              found[i * cStride + $0].bitPattern == (beta == 0 ? Float.nan : c[i * cStride + $0]).bitPattern
            }
          }
          #expect(paddingIsIntact, "\(name) wrote between the rows")
        }
      }
    }
  }

  @Test func tilesCoverTheMatrixOnce() {
    for (rows, columns) in [(1, 1), (384, 192), (385, 193), (1000, 7), (5, 2000)] {
      let tiling = Tiling(rows: rows, columns: columns)
      var covered = [Int](repeating: 0, count: rows * columns)
      for index in 0..<tiling.count {
        let (tileRows, tileColumns) = tiling[index]
        #expect(tileRows.count <= 384 && tileColumns.count <= 192)
        for i in tileRows { for j in tileColumns { covered[i * columns + j] += 1 } }
      }
      #expect(covered.allSatisfy { $0 == 1 })
    }
  }

  @Test func movedOperandsStartWhereTheySay() {
    let values = (0..<30).map(Float.init)
    values.withUnsafeBufferPointer {
      #expect(MatrixProduct.Operand($0.baseAddress!, stride: 6).from(row: 2, column: 3).address.pointee == 15)
      let transposed = MatrixProduct.Operand($0.baseAddress!, stride: 6, transposed: true)
      #expect(transposed.from(row: 2, column: 3).address.pointee == 20)
    }
  }

  /// A matrix whose rows have NaN between them.
  private func padded(_ rows: Int, _ width: Int, _ padding: Int, seed: UInt64) -> [Float] {
    var numbers = RandomNumbers(seed: seed)
    let values = (0..<rows).flatMap { _ in numbers.normals(width) + [Float](repeating: .nan, count: padding) }
    return values.isEmpty ? [.nan] : values
  }
}
