import CKernels
import Foundation
import Tensors

/// Something that a machine has only so much of.
public enum MachineLimit: String, CaseIterable, Sendable {
  /// Bytes read from memory a second.
  case memoryRead = "memory read"
  /// Multiplications and additions a second of f32 numbers.
  case f32 = "f32 peak"
  /// The same of bytes, summed in int32.
  case int8 = "int8 peak"
  /// The same of bf16 numbers, summed in f32.
  case bf16 = "bf16 peak"

  /// What it is counted in: billions of bytes or of operations a second.
  var unit: String { self == .memoryRead ? "GB/s" : "Gop/s" }

  /// The instructions that reach it; nil where this processor has none for it.
  public var instructions: String? {
    guard let kind else { return "" }
    return ckernels_peak_instructions(kind).map { String(cString: $0) }
  }

  private var kind: ckernels_peak? {
    switch self {
    case .memoryRead: nil
    case .f32: CKERNELS_PEAK_F32
    case .int8: CKERNELS_PEAK_INT8
    case .bf16: CKERNELS_PEAK_BF16
    }
  }

  /// Measures it once on all threads of the pool.
  ///
  /// - Parameter memory: what is read; far more than the processor's caches hold.
  /// - Returns: bytes or operations a second.
  func measure(_ memory: UnsafeRawBufferPointer) -> Double {
    let pool = ThreadPool.shared
    guard let kind else {
      let pieces = Self.pieces(of: [memory])
      return Double(memory.count) / secondsTaken { Self.read(pieces) }
    }
    let operations = ckernels_peak_run(kind, Self.rounds)
    let seconds = secondsTaken { pool.forEach(pool.threads) { _ in _ = ckernels_peak_run(kind, Self.rounds) } }
    return operations * Double(pool.threads) / seconds
  }

  /// Memory in pieces of a megabyte, which threads share.
  static func pieces(of memory: [UnsafeRawBufferPointer]) -> [UnsafeRawBufferPointer] {
    let size = 1 << 20
    return memory.flatMap { bytes in
      stride(from: 0, to: bytes.count, by: size).map { start in
        UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + size, bytes.count)])
      }
    }
  }

  /// Reads all pieces on all threads of the pool.
  static func read(_ pieces: [UnsafeRawBufferPointer]) {
    ThreadPool.shared.forEach(pieces.count) { index in
      guard let start = pieces[index].baseAddress else { return }
      _ = ckernels_read_all(start, pieces[index].count)
    }
  }

  /// Some tens of milliseconds.
  private static let rounds = 4_000_000

  /// Calls `body` with memory that was written before, far more than the processor's caches hold.
  static func withMemory<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 512 << 20, alignment: 4096)
    defer { memory.deallocate() }
    // Pages that nobody has written are all the same page of zeros, which would be read from the cache.
    _ = memory.initializeMemory(as: UInt8.self, repeating: 1)
    return try body(UnsafeRawBufferPointer(memory))
  }
}

/// What computes.
public enum Machine {
  /// The processor's name, or the architecture where it has none.
  public static var processor: String {
    let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = information.split(separator: "\n").first { $0.hasPrefix("model name") }
    let name = line?.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) }
    #if arch(x86_64)
      return name ?? "x86-64"
    #elseif arch(arm64)
      return name ?? "ARM64"
    #else
      return name ?? "unknown"
    #endif
  }

  /// Makes the process's peak of resident memory what is resident now, where the system can (Linux' `clear_refs`, 5).
  static func forgetPeakMemory() {
    guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return }
    try? file.write(contentsOf: Data("5".utf8))
    try? file.close()
  }

  /// The kernels that were chosen for it.
  public static var kernelSet: String { String(cString: ckernels().pointee.name) }
}

/// Seconds that a call takes.
func secondsTaken<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) -> Double {
  let start = ContinuousClock.now
  try body()
  return (ContinuousClock.now - start) / .seconds(1)
}
