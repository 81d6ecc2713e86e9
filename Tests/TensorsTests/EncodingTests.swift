import CKernels
import Foundation
import TestSupport
import Testing

@testable import Tensors

/// The stored types against Swift's own half, against rules that can be stated, and against the `gguf` package's blocks
/// in Tests/Fixtures/quantization.
@Suite struct EncodingTests {
  @Test(arguments: KernelSet.available)
  func allHalves(set: KernelSet) {
    let patterns = (0...UInt16.max).map { $0 }
    var decoded = [Float](repeating: 0, count: patterns.count)
    set.table.f16_to_f32(patterns, &decoded, patterns.count)
    for bits in patterns {
      let exact = Float(Float16(bitPattern: bits))
      let found = decoded[Int(bits)]
      #expect(exact.isNaN ? found.isNaN : found.bitPattern == exact.bitPattern)
      #expect(exact.isNaN || ckernels_f16_from_f32(exact) == bits)
      #expect(exact.isNaN || ckernels_f32_from_f16(bits).bitPattern == exact.bitPattern)
    }
    decoded = [Float](repeating: 0, count: patterns.count)
    set.table.bf16_to_f32(patterns, &decoded, patterns.count)
    #expect(patterns.allSatisfy { decoded[Int($0)].bitPattern == UInt32($0) << 16 })
  }

  @Test func halvesRoundToNearestEven() {
    var numbers = RandomNumbers(seed: 1)
    for _ in 0..<50000 {
      let x = Float(bitPattern: UInt32(truncatingIfNeeded: numbers.next()))
      let exact = Float16(x)
      #expect(
        exact.isNaN ? Float16(bitPattern: ckernels_f16_from_f32(x)).isNaN : ckernels_f16_from_f32(x) == exact.bitPattern
      )
    }
    #expect(ckernels_f16_from_f32(65519.99) == 0x7bff)
    #expect(ckernels_f16_from_f32(65520) == 0x7c00)
    #expect(ckernels_f16_from_f32(1 + 1 / 2048) == 0x3c00)
    #expect(ckernels_f16_from_f32(1 + 3 / 2048) == 0x3c02)
  }

  @Test func bfloatsRoundToNearestEven() {
    let table: [(UInt32, UInt16)] = [
      (0x3f80_0000, 0x3f80), (0x3f80_7fff, 0x3f80), (0x3f80_8000, 0x3f80), (0x3f80_8001, 0x3f81),
      (0x3f81_8000, 0x3f82), (0x7f7f_ffff, 0x7f80), (0xff7f_ffff, 0xff80), (0x7f80_0000, 0x7f80), (0x8000_0000, 0x8000),
      (0x0000_8000, 0x0000), (0x0000_8001, 0x0001), (0x7f80_0001, 0x7fc0), (0xffff_ffff, 0xffff),
    ]
    for (bits, expected) in table { #expect(KernelSet.bf16(Float(bitPattern: bits)) == expected) }
  }

  @Test(arguments: ["q8_0", "q4_0", "q4_k", "q6_k", "bf16", "f16", "q8_0-random"])
  func decodesAsTheGGUFPackageDoes(name: String) throws {
    let type = try #require(ScalarType(name: String(name.prefix(4))) ?? ScalarType(name: name))
    let blocks = try golden("\(name).blocks")
    let values = try golden("\(name).values").withUnsafeBytes { Array($0.bindMemory(to: UInt32.self)) }
    for set in KernelSet.available {
      let decode =
        switch type {
        case .q8_0: set.table.q8_0_to_f32
        case .q4_0: set.table.q4_0_to_f32
        case .q4_k: set.table.q4_k_to_f32
        case .q6_k: set.table.q6_k_to_f32
        case .bf16: set.table.bf16_to_f32
        default: set.table.f16_to_f32
        }
      let found = withGuarded(values.count) { target in
        blocks.withUnsafeBytes { decode($0.baseAddress!, target, values.count) }
      }
      #expect(found.map(\.bitPattern) == values, "\(set.name)")
    }
    let tensor = Tensor(uninitialized: [values.count], type: type)
    #expect(tensor.byteCount == blocks.count)
    blocks.withUnsafeBytes { tensor.address.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    #expect(tensor.floatArray().map(\.bitPattern) == values)
  }

  @Test(arguments: [ScalarType.q8_0, .q4_0, .bf16, .f16])
  func encodesAsTheGGUFPackageDoes(type: ScalarType) throws {
    let source = try golden("source.values").withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    let encoded = Tensor(source, shape: [source.count / 32, 32]).converted(to: type)
    #expect(Array(encoded.bytes) == (try golden("\(type.name).blocks")))
  }

  @Test func handMadeBlocks() {
    // q8_0: the largest magnitude becomes ±127, halves round away from zero.
    var values = [Float](repeating: 0, count: 32)
    values[0] = -127
    values[1] = 2.5
    values[2] = -2.5
    values[31] = 0.49
    let q8 = Array(Tensor(values, shape: [32]).converted(to: .q8_0).bytes)
    #expect(q8[0...1] == [0x00, 0x3c])
    #expect(q8[2...4].map { Int8(bitPattern: $0) } == [-127, 3, -3])
    #expect(q8[5...].allSatisfy { $0 == 0 })
    // q4_0: the value of the largest magnitude becomes −8, so d = 8/−8 here; 7.5 is clamped to 15.
    values = [Float](repeating: 0, count: 32)
    values[0] = 8
    values[1] = -8
    values[16] = 1
    values[17] = -3
    let q4 = Array(Tensor(values, shape: [32]).converted(to: .q4_0).bytes)
    #expect(q4[0...1] == [0x00, 0xbc])
    #expect(q4[2...3] == [0x70, 0xbf])
    #expect(q4[4...].allSatisfy { $0 == 0x88 })
  }

  @Test(arguments: [1, 1e-3, 1e-5, 100] as [Float])
  func quantizationErrorIsBounded(scale: Float) {
    let x = Tensor.random([40, 96], seed: 5, scale: scale)
    let exact = x.floatArray()
    for type in [ScalarType.q8_0, .q4_0] {
      let found = x.converted(to: type).floatArray()
      for b in stride(from: 0, to: exact.count, by: 32) {
        let block = exact[b..<b + 32]
        let largest = block.map(abs).max() ?? 0
        // Half a step, which is the range's half over 127, or a whole one where q4_0 has no +8; and the rounding of the
        // scale to f16: 2⁻¹¹ of a number, or half of the smallest denormal half.
        let step = type == .q8_0 ? largest / 254 : largest / 8
        let limit = step * 1.01 + largest / 2048 + 127 * 3e-8
        #expect(zip(block, found[b..<b + 32]).allSatisfy { abs($0 - $1) <= limit }, "\(type)")
      }
    }
  }

  /// Far too small for the scale's half, and small enough for the scale's inverse to be infinite.
  @Test func denormalBlocksBecomeZeros() {
    let x = Tensor(Numbers.denormal.make(32, seed: 1), shape: [32])
    #expect(x.converted(to: .q8_0).bytes.dropFirst(2).allSatisfy { $0 == 0 })
    #expect(x.converted(to: .q4_0).bytes.dropFirst(2).allSatisfy { $0 == 0x88 })
    for type in [ScalarType.q8_0, .q4_0] { #expect(x.converted(to: type).floatArray().allSatisfy { $0 == 0 }) }
  }

  @Test func integersAndDoublesWiden() {
    func stored<Element>(_ values: [Element], _ type: ScalarType) -> [Float] {
      let tensor = Tensor(uninitialized: [values.count], type: type)
      values.withUnsafeBytes { tensor.address.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
      return tensor.floatArray()
    }
    #expect(stored([Int8.min, -1, 0, .max], .i8) == [-128, -1, 0, 127])
    #expect(stored([Int16.min, 7, .max], .i16) == [-32768, 7, 32767])
    #expect(stored([Int32.min, 5], .i32) == [-2_147_483_648, 5])
    #expect(stored([Int64(1) << 40, -3], .i64) == [1_099_511_627_776, -3])
    #expect(stored([0.5, 1e300, -2.25], .f64) == [0.5, .infinity, -2.25])
  }

  /// Between two stored types, and by rows at any offset.
  @Test func convertsRowsOfViews() {
    let x = Tensor.random([300, 256], seed: 6)
    let halves = x.converted(to: .bf16)
    #expect(halves.converted(to: .q8_0).floatArray() == halves.converted(to: .f32).converted(to: .q8_0).floatArray())
    let quantized = x.converted(to: .q8_0)
    #expect(quantized.rows(7..<9).floatArray() == Array(quantized.floatArray()[7 * 256..<9 * 256]))
    #expect(quantized.gatheringRows([299, 1]).floatArray()[..<256] == quantized.floatArray()[299 * 256..<300 * 256])
    var rows = [Float](repeating: .nan, count: 512)
    rows.withUnsafeMutableBufferPointer { quantized.decodeRows(7..<9, into: $0) }
    #expect(rows == quantized.rows(7..<9).floatArray())
    #expect(x.converted(to: .f32).storage === x.storage)
  }
}

private func golden(_ name: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("quantization/\(name)"))))
}
