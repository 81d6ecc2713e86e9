import CKernels

@testable import Tensors

/// What the weights and activations of a test hold.
enum OperandContent: CaseIterable {
  case random
  /// The largest quants (−128 in q8_0) and scales, with activations all of one sign or of changing signs.
  case extremes, negativeExtremes, alternatingExtremes
  /// The quants at the other end.
  case otherEnd, negativeOtherEnd

  fileprivate func quants(_ type: ScalarType) -> UInt8? {
    switch self {
    case .random: nil
    case .extremes, .negativeExtremes, .alternatingExtremes: type == .q8_0 ? 0x80 : 0xff
    case .otherEnd, .negativeOtherEnd: type == .q8_0 ? 0x7f : 0
    }
  }

  /// 63 twice, or −128.
  fileprivate func scales(_ type: ScalarType) -> UInt8? { self == .random ? nil : type == .q4_k ? 0xff : 0x80 }

  fileprivate func activation(_ index: Int) -> Int8? {
    switch self {
    case .random: nil
    case .extremes, .otherEnd: 127
    case .negativeExtremes, .negativeOtherEnd: -127
    case .alternatingExtremes: index % 2 == 0 ? 127 : -127
    }
  }
}

/// Some rows of a quantised weight, with scales of either sign.
struct StoredWeight {
  let type: ScalarType
  let rows: Int
  let n: Int
  private(set) var bytes: [UInt8]
  private(set) var values: [Float]
  let bias: [Float]

  init(_ type: ScalarType, rows: Int, _ n: Int, _ content: OperandContent) {
    var numbers = RandomNumbers(seed: UInt64(n))
    (self.type, self.rows, self.n) = (type, rows, n)
    bias = numbers.normals(rows)
    let blocks = rows * n / type.blockSize
    let scales = type == .q4_k ? 4..<16 : type == .q6_k ? 192..<208 : 0..<0
    bytes = (0..<blocks * type.bytesPerBlock).map { index in
      let isScale = scales.contains(index % type.bytesPerBlock)
      let byte = isScale ? content.scales(type) : content.quants(type)
      return byte ?? UInt8.random(in: 0...255, using: &numbers)
    }
    values = []
    for block in 0..<blocks {
      for half in 0..<halves { setHalf(half, of: block, to: ckernels_f16_from_f32(numbers.normal())) }
    }
    values = [Float](repeating: 0, count: rows * n)
    bytes.withUnsafeBytes { type.decode($0.baseAddress!, into: &values, count: rows * n) }
  }

  /// The same in groups of 16 rows, as a set lays them out; for q8_0 and q4_0.
  func interleaved(_ set: KernelSet) -> [UInt8] {
    let group = Int(ckernels_interleaved_rows)
    let count = (rows + group - 1) / group * group * n / type.blockSize * type.bytesPerBlock
    // What the set does not write stays visible.
    var groups = [UInt8](repeating: 0xa5, count: count)
    let interleave = type == .q8_0 ? set.table.interleave_q8_0 : set.table.interleave_q4_0
    bytes.withUnsafeBytes { from in
      groups.withUnsafeMutableBytes { interleave(from.baseAddress!, rows, n, $0.baseAddress!) }
    }
    return groups
  }

  /// How many f16 numbers a block has.
  var halves: Int { type == .q4_k ? 2 : 1 }

  /// Sets an f16 number of a block. `values` stay.
  mutating func setHalf(_ half: Int, of block: Int, to bits: UInt16) {
    let place = block * type.bytesPerBlock + (type == .q6_k ? 208 : 2 * half)
    bytes[place] = UInt8(truncatingIfNeeded: bits)
    bytes[place + 1] = UInt8(bits >> 8)
  }
}

/// Some rows of activations as int8.
struct RoundedActivations {
  let n: Int
  private(set) var q: [Int8]
  var scales: [Float]
  private(set) var offsets: [UInt32]

  init(rows: Int, _ n: Int, _ content: OperandContent) {
    var numbers = RandomNumbers(seed: UInt64(n + 1))
    self.n = n
    q = (0..<rows * n).map { content.activation($0) ?? Int8.random(in: -127...127, using: &numbers) }
    scales = (0..<rows * n / 32).map { _ in abs(numbers.normal()) }
    offsets = stride(from: 0, to: q.count, by: 32).map { [q] in Self.offset(q[$0..<$0 + 32]) }
  }

  /// One row, rounded.
  init(_ x: [Float], _ set: KernelSet) {
    n = x.count
    q = [Int8](repeating: -128, count: n)
    scales = [Float](repeating: .nan, count: n / 32)
    offsets = [UInt32](repeating: .max, count: n / 32)
    set.table.quantize_q8(x, n, &q, &scales, &offsets)
  }

  /// What a block's sum of activations is kept as.
  static func offset(_ q: ArraySlice<Int8>) -> UInt32 {
    UInt32(UInt16(bitPattern: -8 * q.reduce(0) { $0 + Int16($1) }))
  }

  /// One of the rows.
  func row(_ index: Int) -> RoundedActivations {
    var row = self
    let blocks = index * n / 32..<(index + 1) * n / 32
    row.q = Array(q[index * n..<(index + 1) * n])
    (row.scales, row.offsets) = (Array(scales[blocks]), Array(offsets[blocks]))
    return row
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
