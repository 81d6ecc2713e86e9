import CKernels

#if canImport(Glibc)
  import Glibc
#endif

extension Tensor {
  /// self + factor · other, of equal shapes.
  public func plus(_ other: Tensor, times factor: Float = 1) -> Tensor {
    precondition(shape == other.shape, "plus: \(shape) and \(other.shape)")
    let result = Tensor(uninitialized: shape)
    ThreadPool.shared.forEachRange(of: count, grain: 65536) { range in
      memcpy(result.floats + range.lowerBound, floats + range.lowerBound, range.count * 4)
      kernels.add_scaled(result.floats + range.lowerBound, other.floats + range.lowerBound, factor, range.count)
    }
    let x = self
    return result.recorded(from: x, other) { gradient, gradients in
      gradients.add(gradient, to: x)
      gradients.add(factor == 1 ? gradient : gradient.scaled(by: factor), to: other)
    }
  }

  /// factor · self.
  public func scaled(by factor: Float) -> Tensor {
    let result = Tensor(repeating: 0, shape: shape)
    ThreadPool.shared.forEachRange(of: count, grain: 65536) { range in
      kernels.add_scaled(result.floats + range.lowerBound, floats + range.lowerBound, factor, range.count)
    }
    let x = self
    return result.recorded(from: x) { gradient, gradients in gradients.add(gradient.scaled(by: factor), to: x) }
  }

  /// The sum of all elements, as a scalar.
  public func total() -> Tensor {
    let result = Tensor([kernels.sum(floats, count)], shape: [])
    let x = self
    return result.recorded(from: x) { gradient, gradients in
      gradients.add(Tensor(repeating: gradient.floats[0], shape: x.shape), to: x)
    }
  }

  /// The same elements under another shape of the same count. Nothing is copied.
  public func reshaped(_ shape: [Int]) -> Tensor {
    precondition(shape.reduce(1, *) == count, "reshaped: \(self.shape) to \(shape)")
    let view = Tensor(shape: shape, type: type, storage: storage, byteOffset: byteOffset)
    let x = self
    return view.recorded(from: x) { gradient, gradients in gradients.add(gradient.reshaped(x.shape), to: x) }
  }

  /// Some rows of a matrix [T, C] of any type, or some elements of a vector. Nothing is copied.
  public func rows(_ range: Range<Int>) -> Tensor {
    precondition(!shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0], "rows \(range) of \(shape)")
    let bytesPerEntry = shape[0] == 0 ? 0 : byteCount / shape[0]
    let view = Tensor(
      shape: [range.count] + shape.dropFirst(), type: type, storage: storage,
      byteOffset: byteOffset + range.lowerBound * bytesPerEntry)
    let x = self
    return view.recorded(from: x) { gradient, gradients in
      let perEntry = x.count / max(x.shape[0], 1)
      gradients.addPart(of: x) { whole in
        kernels.add_scaled(whole.floats + range.lowerBound * perEntry, gradient.floats, 1, gradient.count)
      }
    }
  }

  /// Some columns of a matrix [T, C], copied.
  public func columns(_ range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= width, "columns \(range) of \(shape)")
    let result = Tensor(uninitialized: shape.dropLast() + [range.count])
    let (source, target, width) = (floats + range.lowerBound, result.floats, width)
    ThreadPool.shared.forEachRange(of: rows, grain: result.rowGrain) { some in
      for t in some { memcpy(target + t * range.count, source + t * width, range.count * 4) }
    }
    let x = self
    return result.recorded(from: x) { gradient, gradients in
      gradients.addPart(of: x) { whole in
        for t in 0..<x.rows {
          kernels.add_scaled(
            whole.floats + t * x.width + range.lowerBound, gradient.floats + t * range.count, 1, range.count)
        }
      }
    }
  }

  /// Matrices of one width under one another: [T₁, C], [T₂, C], … → [ΣT, C].
  public static func concatenatingRows(_ parts: [Tensor]) -> Tensor {
    precondition(!parts.isEmpty && parts.allSatisfy { $0.width == parts[0].width }, "parts of different widths")
    let width = parts[0].width
    let result = Tensor(uninitialized: [parts.reduce(0) { $0 + $1.rows }, width])
    var start = 0
    for part in parts {
      memcpy(result.floats + start * width, part.floats, part.count * 4)
      start += part.rows
    }
    return result.recorded(from: parts) { gradient, gradients in
      var start = 0
      for part in parts {
        gradients.add(gradient.rows(start..<start + part.rows).reshaped(part.shape), to: part)
        start += part.rows
      }
    }
  }

  /// The rows of this table [V, C] (any type) at these indexes: [T, C] f32.
  public func gatheringRows(_ indexes: [Int]) -> Tensor {
    precondition(shape.count == 2 && indexes.allSatisfy { (0..<shape[0]).contains($0) }, "index outside \(shape)")
    let result = Tensor(uninitialized: [indexes.count, width])
    for (t, index) in indexes.enumerated() {
      type.decode(address + index * bytesPerRow, into: result.floats + t * width, count: width)
    }
    let table = self
    return result.recorded(from: table) { gradient, gradients in
      gradients.addPart(of: table) { whole in
        for (t, index) in indexes.enumerated() {
          kernels.add_scaled(whole.floats + index * table.width, gradient.floats + t * table.width, 1, table.width)
        }
      }
    }
  }

  /// Tensors of one type and row width under one another, whatever the type. No gradient passes.
  public static func stackingRows(_ parts: [Tensor]) -> Tensor {
    precondition(!parts.isEmpty && parts.allSatisfy { $0.type == parts[0].type }, "parts of different types")
    precondition(parts.allSatisfy { $0.shape.dropFirst() == parts[0].shape.dropFirst() }, "parts of different widths")
    let result = Tensor(
      uninitialized: [parts.reduce(0) { $0 + $1.shape[0] }] + parts[0].shape.dropFirst(), type: parts[0].type)
    var target = result.address
    for part in parts {
      memcpy(target, part.address, part.byteCount)
      target += part.byteCount
    }
    return result
  }

  /// Whether no element is NaN or infinite. f32 only.
  public var isFinite: Bool {
    // A sum is finite only if every addend is; it can overflow without one being infinite, hence the second look.
    kernels.sum(floats, count).isFinite || UnsafeBufferPointer(start: floats, count: count).allSatisfy(\.isFinite)
  }
}
