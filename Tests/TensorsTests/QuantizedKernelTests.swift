import CKernels
import Testing

@testable import Tensors

/// Activations as int8, and their products with quantised weights, of every instruction set.
@Suite struct QuantizedKernelTests {
  static let types: [ScalarType] = [.q8_0, .q4_0]

  /// Numbers of blocks in a row, of rows of weights, and of rows of activations: around the sizes of tiles and panels.
  static let blockCounts = [1, 2, 7, 8, 9, 15, 16, 17, 33, 44, 330]
  static let weightCounts = [1, 2, 7, 8, 9, 15, 16, 17, 33]
  static let rowCounts = [1, 2, 3, 4, 5, 6, 7, 11, 12, 13]

  /// Against sums in Double over the decoded weights.
  @Test(arguments: KernelSet.available, types)
  func productsAreSums(set: KernelSet, type: ScalarType) {
    for (blocks, content) in Self.blockCounts.dropLast().flatMap({ n in Content.allCases.map { (n, $0) } }) {
      let n = 32 * blocks
      let weight = Weight(type, rows: 3, n, content)
      let x = Activations(rows: 5, n, content)
      for rows in [1, 4, 5] {
        let found = product(set, weight, x, rows)
        for t in 0..<rows {
          for j in 0..<3 {
            let products = (0..<n).map { Double(weight.values[j * n + $0]) * x.value(t, $0) }
            expectSum(
              of: products + [Double(weight.bias[j])], found[t * (3 + padding) + j],
              "\(type) \(blocks) blocks, \(content)")
          }
        }
      }
    }
  }

  /// All sets give the scalar set's result: bit for bit where many rows are multiplied, where every block's products are
  /// added up in int32 and the blocks one after another, and else but for the order of the blocks.
  @Test(arguments: KernelSet.available, types)
  func productsAreTheScalarOnes(set: KernelSet, type: ScalarType) {
    for (index, blocks) in Self.blockCounts.enumerated() {
      let n = 32 * blocks
      let content = Content.allCases[index % Content.allCases.count]
      for weightRows in blocks < 100 ? Self.weightCounts : [17] {
        let weight = Weight(type, rows: weightRows, n, content)
        let x = Activations(rows: 13, n, content)
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
              $0.bitPattern == $1.bitPattern || abs($0 - $1) <= 1e-6 * share * Float(blocks)
            }
            #expect(close, "\(type) \(rows)·\(weightRows)×\(n), \(content)")
          }
        }
      }
    }
  }

  @Test(arguments: KernelSet.available)
  func quantizedActivations(set: KernelSet) {
    for kind in Numbers.allCases {
      for n in stride(from: 32, through: 320, by: 32) {
        let x = kind.make(n, seed: UInt64(n))
        let found = Activations(x, set)
        for b in 0..<n / 32 {
          let q = found.q[32 * b..<32 * b + 32]
          let scale = found.scales[b]
          #expect(found.offsets[b] == offset(q))
          #expect(scale == (x[32 * b..<32 * b + 32].map(abs).max() ?? 0) / 127)
          #expect(!q.contains(-128))
          for i in 32 * b..<32 * b + 32 {
            // Half a step, or below the normal numbers the whole value.
            let error = abs(found.value(0, i) - Double(x[i]))
            #expect(error <= max(0.501 * Double(scale), 2e-36))
          }
        }
        let reference = Activations(x, .scalar)
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
        let found = Activations(x, set)
        #expect(found.scales[0].isFinite && !found.scales[1].isFinite)
      }
    }
  }

  private let padding = 3

  /// The product with the first so many rows, with untouched padding behind each row.
  private func product(
    _ set: KernelSet, _ weight: Weight, _ x: Activations, _ rows: Int, hasBias: Bool = true
  ) -> [Float] {
    let width = weight.rows + padding
    let found = withGuarded(rows * width) { y in
      weight.bytes.withUnsafeBytes { bytes in
        x.withRows { x in
          weight.bias.withUnsafeBufferPointer { bias in
            let product = weight.type == .q8_0 ? set.table.product_q8_0 : set.table.product_q4_0
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

/// What weights and activations hold.
private enum Content: CaseIterable {
  case random
  /// Weights of the largest magnitude, −128 and 15, with activations all of one sign or of changing signs.
  case extremes, negativeExtremes, alternatingExtremes

  var weightByte: ((ScalarType) -> UInt8)? {
    self == .random ? nil : { $0 == .q8_0 ? 0x80 : 0xff }
  }

  func activation(_ index: Int) -> Int8? {
    switch self {
    case .random: nil
    case .extremes: 127
    case .negativeExtremes: -127
    case .alternatingExtremes: index % 2 == 0 ? 127 : -127
    }
  }
}

/// Some rows of a quantised weight.
private struct Weight {
  let type: ScalarType
  let rows: Int
  let n: Int
  var bytes: [UInt8]
  var values: [Float]
  let bias: [Float]

  init(_ type: ScalarType, rows: Int, _ n: Int, _ content: Content) {
    var numbers = RandomNumbers(seed: UInt64(n))
    (self.type, self.rows, self.n) = (type, rows, n)
    bias = numbers.normals(rows)
    let blocks = rows * n / type.blockSize
    bytes = (0..<blocks * type.bytesPerBlock).map { _ in
      content.weightByte?(type) ?? UInt8.random(in: 0...255, using: &numbers)
    }
    for block in 0..<blocks {
      let scale = ckernels_f16_from_f32(numbers.normal())
      bytes[block * type.bytesPerBlock] = UInt8(truncatingIfNeeded: scale)
      bytes[block * type.bytesPerBlock + 1] = UInt8(scale >> 8)
    }
    values = [Float](repeating: 0, count: rows * n)
    bytes.withUnsafeBytes { type.decode($0.baseAddress!, into: &values, count: rows * n) }
  }
}

/// What a block's sum of activations is kept as.
private func offset(_ q: ArraySlice<Int8>) -> UInt32 {
  UInt32(UInt16(bitPattern: -8 * q.reduce(0) { $0 + Int16($1) }))
}

/// Some rows of activations.
private struct Activations {
  let n: Int
  var q: [Int8]
  var scales: [Float]
  var offsets: [UInt32]

  init(rows: Int, _ n: Int, _ content: Content) {
    var numbers = RandomNumbers(seed: UInt64(n + 1))
    self.n = n
    q = (0..<rows * n).map { content.activation($0) ?? Int8.random(in: -127...127, using: &numbers) }
    scales = (0..<rows * n / 32).map { _ in abs(numbers.normal()) }
    offsets = stride(from: 0, to: q.count, by: 32).map { [q] in offset(q[$0..<$0 + 32]) }
  }

  /// One row, rounded.
  init(_ x: [Float], _ set: KernelSet) {
    n = x.count
    q = [Int8](repeating: -128, count: n)
    scales = [Float](repeating: .nan, count: n / 32)
    offsets = [UInt32](repeating: .max, count: n / 32)
    set.table.quantize_q8(x, n, &q, &scales, &offsets)
  }

  func value(_ row: Int, _ index: Int) -> Double {
    Double(scales[(row * n + index) / 32]) * Double(q[row * n + index])
  }

  func withRows(_ body: (UnsafePointer<ckernels_q8_rows>) -> Void) {
    // The kernels only read.
    var (q, scales, offsets) = (q, scales, offsets)
    q.withUnsafeMutableBufferPointer { q in
      scales.withUnsafeMutableBufferPointer { scales in
        offsets.withUnsafeMutableBufferPointer { offsets in
          var rows = ckernels_q8_rows(q: q.baseAddress!, scale: scales.baseAddress!, offset: offsets.baseAddress!)
          body(&rows)
        }
      }
    }
  }
}
