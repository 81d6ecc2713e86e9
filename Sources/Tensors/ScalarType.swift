/// How the elements of a tensor are stored: one number an element, or blocks of quantised numbers along the last
/// dimension. Raw values are GGUF's (`ggml_type`).
public enum ScalarType: UInt32, CaseIterable, Sendable {
  case f32 = 0
  case f16 = 1
  /// 32 weights: an f16 scale d and 16 bytes of nibbles, w = d·(q − 8). Low nibbles hold weights 0–15, high ones 16–31.
  case q4_0 = 2
  /// 32 weights: an f16 scale d and 32 int8, w = d·q.
  case q8_0 = 8
  /// 256 weights in 8 sub-blocks: f16 d and dmin, 6-bit scales and minima, 4-bit quants; w = d·scale·q − dmin·min.
  case q4_k = 12
  /// 256 weights in 16 sub-blocks: 4+2-bit quants, int8 scales, f16 d; w = d·scale·(q − 32).
  case q6_k = 14
  case i8 = 24
  case i16 = 25
  case i32 = 26
  case i64 = 27
  case f64 = 28
  case bf16 = 30

  /// Elements in one block; 1 for plain types.
  public var blockSize: Int {
    switch self {
    case .q4_0, .q8_0: 32
    case .q4_k, .q6_k: 256
    default: 1
    }
  }

  /// Bytes of one block.
  public var bytesPerBlock: Int {
    switch self {
    case .i8: 1
    case .f16, .bf16, .i16: 2
    case .f32, .i32: 4
    case .f64, .i64: 8
    case .q4_0: 18
    case .q8_0: 34
    case .q4_k: 144
    case .q6_k: 210
    }
  }

  /// Whether several elements share a block.
  public var isQuantized: Bool { blockSize > 1 }

  /// Whether the elements stand for real numbers that the model may compute with.
  public var isFloatingPoint: Bool {
    switch self {
    case .i8, .i16, .i32, .i64: false
    default: true
    }
  }

  /// The lower-case name that the command line and `inspect` use: `f32`, `q8_0`, ….
  public var name: String { "\(self)" }

  /// The type with this name, if there is one.
  public init?(name: String) {
    guard let type = Self.allCases.first(where: { $0.name == name.lowercased() }) else { return nil }
    self = type
  }

  /// Bytes that a tensor of this shape occupies, or nil if the number of elements or of bytes overflows, a dimension is negative, or the last
  /// dimension is no multiple of the block.
  public func byteCount(shape: [Int]) -> Int? {
    guard (shape.last ?? 1) % blockSize == 0 else { return nil }
    var elements = 1
    for dimension in shape {
      let (product, overflow) = elements.multipliedReportingOverflow(by: dimension)
      guard dimension >= 0, !overflow else { return nil }
      elements = product
    }
    let (bytes, overflow) = (elements / blockSize).multipliedReportingOverflow(by: bytesPerBlock)
    return overflow ? nil : bytes
  }
}
