import CKernels

#if canImport(Glibc)
  import Glibc
#endif

extension ScalarType {
  /// Writes `count` elements (a multiple of the block) as f32.
  func decode(_ source: UnsafeRawPointer, into target: UnsafeMutablePointer<Float>, count: Int) {
    switch self {
    case .f32: memcpy(target, source, count * 4)
    case .f16: kernels.f16_to_f32(source, target, count)
    case .bf16: kernels.bf16_to_f32(source, target, count)
    case .q8_0: kernels.q8_0_to_f32(source, target, count)
    case .q4_0: kernels.q4_0_to_f32(source, target, count)
    case .q4_k: kernels.q4_k_to_f32(source, target, count)
    case .q6_k: kernels.q6_k_to_f32(source, target, count)
    case .f64: widen(source, as: Double.self, target, count) { Float($0) }
    case .i8: widen(source, as: Int8.self, target, count) { Float($0) }
    case .i16: widen(source, as: Int16.self, target, count) { Float($0) }
    case .i32: widen(source, as: Int32.self, target, count) { Float($0) }
    case .i64: widen(source, as: Int64.self, target, count) { Float($0) }
    }
  }

  /// Whether ``encode(_:into:count:)`` can write this type.
  public var isEncodable: Bool {
    switch self {
    case .f32, .f16, .bf16, .q8_0, .q4_0: true
    default: false
    }
  }

  /// Writes `count` f32 elements (a multiple of the block) in this type, rounding to nearest. The type must be
  /// ``isEncodable``.
  func encode(_ source: UnsafePointer<Float>, into target: UnsafeMutableRawPointer, count: Int) {
    switch self {
    case .f32: memcpy(target, source, count * 4)
    case .f16: kernels.f32_to_f16(source, target, count)
    case .bf16: kernels.f32_to_bf16(source, target, count)
    case .q8_0: ckernels_f32_to_q8_0(source, target, count)
    case .q4_0: ckernels_f32_to_q4_0(source, target, count)
    default: preconditionFailure("nothing writes \(self)")
    }
  }
}

private func widen<Element>(
  _ source: UnsafeRawPointer, as type: Element.Type, _ target: UnsafeMutablePointer<Float>, _ count: Int,
  _ convert: (Element) -> Float
) {
  for i in 0..<count {
    target[i] = convert(source.loadUnaligned(fromByteOffset: i * MemoryLayout<Element>.size, as: type))
  }
}

extension Tensor {
  /// The same values in another type (one that ``ScalarType/isEncodable``); itself if it has that type already. No
  /// gradient passes.
  public func converted(to target: ScalarType) -> Tensor {
    guard target != type else { return self }
    let result = Tensor(uninitialized: shape, type: target)
    let width = width
    guard count > 0 else { return result }
    // Pieces of some 64k elements: whole rows, so that no block is cut.
    let grain = max(1, 65536 / max(width, 1))
    ThreadPool.shared.forEachRange(of: rows, grain: grain) { range in
      let source = address + range.lowerBound * bytesPerRow
      let destination = result.address + range.lowerBound * result.bytesPerRow
      let elements = range.count * width
      if target == .f32 {
        type.decode(source, into: destination.assumingMemoryBound(to: Float.self), count: elements)
      } else if type == .f32 {
        target.encode(source.assumingMemoryBound(to: Float.self), into: destination, count: elements)
      } else {
        withScratch(elements) { floats in
          type.decode(source, into: floats, count: elements)
          target.encode(floats, into: destination, count: elements)
        }
      }
    }
    return result
  }

  /// The same values in another type, rounded to nearest; the gradient passes to this tensor as if they were the same.
  ///
  /// For computing in less precision than one trains in: `x.rounded(to: .bf16).linear(master.rounded(to: .bf16))`
  /// multiplies bf16 numbers, keeps bf16 numbers for the gradient, and gives the master an f32 gradient.
  public func rounded(to type: ScalarType) -> Tensor {
    let x = self
    return detached().converted(to: type).recorded(from: x) { gradient, gradients in gradients.add(gradient, to: x) }
  }

  /// Decodes the rows of a matrix of any type into `target`, which has room for them as f32.
  public func decodeRows(_ range: Range<Int>, into target: UnsafeMutableBufferPointer<Float>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows && target.count >= range.count * width)
    guard let base = target.baseAddress else { return }
    type.decode(address + range.lowerBound * bytesPerRow, into: base, count: range.count * width)
  }
}

/// Memory for `count` floats during a call, from the pool.
func withScratch<Result>(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Result) -> Result {
  let storage = TensorStorage(byteCount: count * 4)
  return withExtendedLifetime(storage) { body(storage.address.assumingMemoryBound(to: Float.self)) }
}
