import CKernels
import Testing

@testable import Tensors

/// Activations as int8, and their products with quantised weights, of every instruction set.
@Suite struct QuantizedKernelTests {
  static let types: [ScalarType] = [.q8_0, .q4_0, .q4_k, .q6_k]

  /// Numbers of elements in a row, of rows of weights, and of rows of activations: around the sizes of tiles and panels.
  static func lengths(_ type: ScalarType) -> [Int] {
    let blocks = type.blockSize == 32 ? [1, 2, 7, 8, 9, 15, 16, 17, 33, 44, 330] : [1, 2, 3, 4, 5, 9, 41]
    return blocks.map { $0 * type.blockSize }
  }
  static let weightCounts = [1, 2, 7, 8, 9, 15, 16, 17, 33]
  static let rowCounts = [1, 2, 3, 4, 5, 6, 7, 11, 12, 13]

  /// Against sums in Double over the decoded weights.
  @Test(arguments: KernelSet.available, types)
  func productsAreSums(set: KernelSet, type: ScalarType) {
    for (n, content) in Self.lengths(type).dropLast().flatMap({ n in OperandContent.allCases.map { (n, $0) } }) {
      let weight = StoredWeight(type, rows: 3, n, content)
      let x = RoundedActivations(rows: 5, n, content)
      for rows in [1, 4, 5] {
        let found = product(set, weight, x, rows)
        for t in 0..<rows {
          for j in 0..<3 {
            let products = (0..<n).map { Double(weight.values[j * n + $0]) * x.value(t, $0) }
            expectSum(
              of: products + [Double(weight.bias[j])], found[t * (3 + padding) + j],
              "\(type) \(n) elements, \(content)")
          }
        }
      }
    }
  }

  /// All sets give the scalar set's result: bit for bit where many rows are multiplied, where every block's products are
  /// added up in int32 and the blocks one after another, and else but for the order of the blocks.
  @Test(arguments: KernelSet.available, types)
  func productsAreTheScalarOnes(set: KernelSet, type: ScalarType) {
    for (index, n) in Self.lengths(type).enumerated() {
      let content = OperandContent.allCases[index % OperandContent.allCases.count]
      for weightRows in n < 5000 ? Self.weightCounts : [17] {
        let weight = StoredWeight(type, rows: weightRows, n, content)
        let x = RoundedActivations(rows: 13, n, content)
        for (rows, hasBias) in Self.rowCounts.map({ ($0, $0 % 2 == 0) }) {
          let found = product(set, weight, x, rows, hasBias: hasBias)
          let expected = product(.scalar, weight, x, rows, hasBias: hasBias)
          if rows > ckernels_few_rows {
            #expect(
              found.map(\.bitPattern) == expected.map(\.bitPattern), "\(type) \(rows)·\(weightRows)×\(n), \(content)")
          } else {
            // Each block's share of a sum is at most this much.
            let share = 2 * x.scales.max()! * 127 * 32 * weight.values.map(abs).max()!
            let close = zip(found, expected).allSatisfy {
              $0.bitPattern == $1.bitPattern || abs($0 - $1) <= 1e-6 * share * Float(n / 32)
            }
            #expect(close, "\(type) \(rows)·\(weightRows)×\(n), \(content)")
          }
        }
      }
    }
  }

  @Test(arguments: KernelSet.available)
  func groupsOfRowsAreForSomeSets(set: KernelSet) {
    #expect(set.table.prefers_interleaved == ["avx2", "avx512"].contains(set.name))
  }

  /// In groups of 16 rows all products are the scalar set's with the rows, bit for bit, with scales that are not finite
  /// too; and each set lays weights out as the scalar one does.
  @Test(arguments: KernelSet.available, [ScalarType.q8_0, .q4_0])
  func interleavedProductsAreTheScalarOnes(set: KernelSet, type: ScalarType) {
    for (index, n) in Self.lengths(type).enumerated() {
      let content = OperandContent.allCases[index % OperandContent.allCases.count]
      for weightRows in n < 5000 ? Self.weightCounts + [81] : [17] {
        var weight = StoredWeight(type, rows: weightRows, n, content)
        if weightRows > 8 { weight.setHalf(0, of: 8 * n / 32, to: ckernels_f16_from_f32(.infinity)) }
        let groups = weight.interleaved(set)
        #expect(groups == weight.interleaved(.scalar), "\(type) \(weightRows)×\(n)")
        let x = RoundedActivations(rows: 518, n, content)
        for (rows, hasBias) in (Self.rowCounts + (n == 256 ? [257, 262, 513, 518] : [])).map({ ($0, $0 % 2 == 0) }) {
          let found = product(set, weight, x, rows, hasBias: hasBias, groups: groups)
          let expected = product(.scalar, weight, x, rows, hasBias: hasBias)
          let areEqual = zip(found, expected).allSatisfy { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN }
          #expect(areEqual, "\(type) \(rows)·\(weightRows)×\(n), \(content)")
        }
      }
    }
  }

  /// More rows than any set holds at a time, and few behind those that it holds; more of the weight's too.
  @Test(arguments: KernelSet.available, types)
  func hundredsOfRowsAreTheScalarOnes(set: KernelSet, type: ScalarType) {
    let weight = StoredWeight(type, rows: 81, 768, .random)
    let x = RoundedActivations(rows: 518, 768, .random)
    for rows in [257, 258, 262, 513, 514, 518] {
      let (found, expected) = (product(set, weight, x, rows), product(.scalar, weight, x, rows))
      #expect(found.map(\.bitPattern) == expected.map(\.bitPattern), "\(rows) rows")
    }
  }

  /// Each row's result is the same beside others as alone: guessed tokens must not change an answer.
  @Test(arguments: KernelSet.available, types)
  func rowsDoNotDependOnTheirNumber(set: KernelSet, type: ScalarType) {
    for n in Self.lengths(type) {
      let weight = StoredWeight(type, rows: 17, n, .random)
      let x = RoundedActivations(rows: 13, n, .random)
      let width = 17 + padding
      let alone = (0..<4).flatMap { product(set, weight, x.row($0), 1) }
      for rows in 2...4 {
        #expect(product(set, weight, x, rows).map(\.bitPattern) == alone.prefix(rows * width).map(\.bitPattern))
      }
      let many = product(set, weight, x, 13)
      for rows in 5...12 {
        #expect(product(set, weight, x, rows).map(\.bitPattern) == many.prefix(rows * width).map(\.bitPattern))
      }
    }
  }

  @Test(arguments: KernelSet.available, types)
  func zerosGiveTheBias(set: KernelSet, type: ScalarType) {
    let (n, weightRows) = (3 * 256, 9)
    let width = weightRows + padding
    var weight = StoredWeight(type, rows: weightRows, n, .random)
    var x = RoundedActivations(rows: 6, n, .random)
    for block in 0..<n / type.blockSize {
      for half in 0..<weight.halves { weight.setHalf(half, of: block, to: 0) }
    }
    for block in n / 32..<2 * n / 32 { x.scales[block] = 0 }
    for rows in [4, 6] {
      let found = product(set, weight, x, rows)
      #expect((0..<rows).allSatisfy { found[$0 * width] == weight.bias[0] })
      #expect(Array(found[width..<width + weightRows]) == weight.bias)
    }
  }

  /// A scale that is not finite, of the weight or of activations, shows in its row or column and in no other.
  @Test(arguments: KernelSet.available, types)
  func scalesThatAreNotFiniteShow(set: KernelSet, type: ScalarType) {
    let (n, weightRows) = (2 * 256, 11)
    let width = weightRows + padding
    let x = RoundedActivations(rows: 6, n, .random)
    let weight = StoredWeight(type, rows: weightRows, n, .random)
    for rows in [1, 4, 6] {
      let clean = product(set, weight, x, rows)
      for bad in NonFiniteTests.bad {
        for half in 0..<weight.halves {
          var broken = weight
          let block = 5 * n / type.blockSize + 1
          broken.setHalf(half, of: block, to: ckernels_f16_from_f32(bad))
          let found = product(set, broken, x, rows)
          for t in 0..<rows {
            #expect(!found[t * width + 5].isFinite, "\(bad) in half \(half), \(rows) rows")
            for j in 0..<weightRows where j != 5 { #expect(found[t * width + j] == clean[t * width + j]) }
          }
        }
        var broken = x
        broken.scales[(rows - 1) * n / 32 + 3] = bad
        let found = product(set, weight, broken, rows)
        for j in 0..<weightRows {
          #expect(!found[(rows - 1) * width + j].isFinite, "\(bad) in activations, \(rows) rows")
          for t in 0..<rows - 1 { #expect(found[t * width + j] == clean[t * width + j]) }
        }
      }
    }
  }

  @Test(arguments: KernelSet.available)
  func quantizedActivations(set: KernelSet) {
    for kind in Numbers.allCases {
      for n in stride(from: 32, through: 1088, by: 32) {
        let x = kind.make(n, seed: UInt64(n))
        let found = RoundedActivations(x, set)
        for b in 0..<n / 32 {
          let q = found.q[32 * b..<32 * b + 32]
          let scale = found.scales[b]
          #expect(found.offsets[b] == RoundedActivations.offset(q))
          #expect(scale == (x[32 * b..<32 * b + 32].map(abs).max() ?? 0) / 127)
          #expect(!q.contains(-128))
          for i in 32 * b..<32 * b + 32 {
            // Half a step, or below the normal numbers the whole value.
            let error = abs(found.value(0, i) - Double(x[i]))
            #expect(error <= max(0.501 * Double(scale), 2e-36))
          }
        }
        let reference = RoundedActivations(x, .scalar)
        #expect(
          found.q == reference.q && found.scales == reference.scales && found.offsets == reference.offsets, "\(kind)")
      }
    }
  }

  @Test(arguments: KernelSet.available)
  func scalesShowWhatIsNotFinite(set: KernelSet) {
    for bad in NonFiniteTests.bad {
      for place in [0, 13, 31] {
        var x = Numbers.ordinary.make(64, seed: 1)
        x[32 + place] = bad
        let found = RoundedActivations(x, set)
        #expect(found.scales[0].isFinite && !found.scales[1].isFinite)
      }
    }
  }

  private let padding = 3

  /// The product with the first so many rows, with untouched padding behind each row.
  ///
  /// - Parameter groups: the weight in groups of rows, to be used instead of its rows.
  private func product(
    _ set: KernelSet, _ weight: StoredWeight, _ x: RoundedActivations, _ rows: Int, hasBias: Bool = true,
    groups: [UInt8]? = nil
  ) -> [Float] {
    let width = weight.rows + padding
    let found = withGuarded(rows * width) { y in
      (groups ?? weight.bytes).withUnsafeBytes { bytes in
        x.withRows { x in
          weight.bias.withUnsafeBufferPointer { bias in
            let product =
              switch weight.type {
              case .q8_0: groups == nil ? set.table.product_q8_0 : set.table.interleaved_q8_0
              case .q4_0: groups == nil ? set.table.product_q4_0 : set.table.interleaved_q4_0
              case .q4_k: set.table.product_q4_k
              default: set.table.product_q6_k
              }
            product(bytes.baseAddress!, weight.rows, x, rows, weight.n, hasBias ? bias.baseAddress : nil, y, width)
          }
        }
      }
    }
    let paddingIsIntact = (0..<rows).allSatisfy { t in
      (weight.rows..<width).allSatisfy { found[t * width + $0].isNaN }
    }
    #expect(paddingIsIntact, "wrote between the rows")
    return found
  }
}
