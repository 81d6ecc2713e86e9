import CKernels
import Testing

/// One instruction set's kernels, for tests that run on each that this processor has.
struct KernelSet: @unchecked Sendable, CustomTestStringConvertible {
  let name: String
  let table: ckernels_table
  var testDescription: String { name }

  static let available: [KernelSet] = ["scalar", "avx2", "avx512", "neon"].compactMap { name in
    ckernels_named(name).map { KernelSet(name: name, table: $0.pointee) }
  }
  static let scalar = available[0]

  /// A number as bf16, by the plain C.
  static func bf16(_ x: Float) -> UInt16 {
    var bits: UInt16 = 0
    scalar.table.f32_to_bf16([x], &bits, 1)
    return bits
  }

  /// Lengths around every vector width, and the model's own.
  static let sizes = Array(1...70) + [88, 255, 256, 257, 1000, 1408]
}

/// Kinds of numbers that break careless kernels.
enum Numbers: CaseIterable {
  case ordinary, large, tiny, denormal, mixed, zeros, negativeZeros, equal

  func make(_ count: Int, seed: UInt64) -> [Float] {
    var numbers = RandomNumbers(seed: seed)
    return (0..<count).map { i in
      let x = numbers.normal()
      return switch self {
      case .ordinary: x
      case .large: x * 1e17
      case .tiny: x * 1e-30
      case .denormal: x * 0x1p-133
      case .mixed: i % 3 == 0 ? x * 1e10 : x * 1e-10
      case .zeros: 0
      case .negativeZeros: -0.0
      case .equal: 0.75
      }
    }
  }
}

/// Room for `count` values between guards, filled with NaN: what a kernel leaves of it shows what it touched.
func withGuarded(
  _ count: Int, sourceLocation: SourceLocation = #_sourceLocation, _ body: (UnsafeMutablePointer<Float>) -> Void
)
  -> [Float]
{
  let guardWords = 16
  var memory = [Float](repeating: .nan, count: count + 2 * guardWords)
  for i in memory.indices where i < guardWords || i >= guardWords + count { memory[i] = -12345.5 }
  memory.withUnsafeMutableBufferPointer { body($0.baseAddress! + guardWords) }
  let intact = memory.indices.allSatisfy { (guardWords..<guardWords + count).contains($0) || memory[$0] == -12345.5 }
  #expect(intact, "written outside", sourceLocation: sourceLocation)
  return Array(memory[guardWords..<guardWords + count])
}
