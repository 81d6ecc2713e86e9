import Diagnostics
import Foundation
import Tensors

/// A matrix whose rows are computed or read when they are asked for, so that a model of any size can be converted in
/// little memory.
struct RowSource: Sendable {
  /// The dimensions of the result; the last one is the row.
  let shape: [Int]
  /// Writes some rows as f32.
  let decode: @Sendable (Range<Int>, UnsafeMutableBufferPointer<Float>) -> Void
  /// Lets go of the file pages that were read.
  let discard: @Sendable () -> Void
  /// The tensor that has exactly these rows, if there is one.
  let stored: Tensor?

  var rows: Int { shape.dropLast().reduce(1, *) }
  var width: Int { shape.last ?? 1 }

  init(
    shape: [Int], stored: Tensor? = nil, discard: @escaping @Sendable () -> Void = {},
    decode: @escaping @Sendable (Range<Int>, UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    self.shape = shape
    self.stored = stored
    self.decode = decode
    self.discard = discard
  }

  /// A tensor's own rows, under another shape of as many elements if one is given.
  init(_ tensor: Tensor, shape: [Int]? = nil) {
    let view = tensor.detached().reshaped(shape ?? tensor.shape)
    self.init(shape: view.shape, stored: view, discard: { view.discardPages() }) { view.decodeRows($0, into: $1) }
  }

  /// Rows in another order: row r of the result is row `order(r)` of this.
  func permuted(_ order: @escaping @Sendable (Int) -> Int) -> RowSource {
    let (decode, width) = (decode, width)
    return RowSource(shape: shape, discard: discard) { range, target in
      for (i, row) in range.enumerated() {
        let source = order(row)
        decode(source..<source + 1, UnsafeMutableBufferPointer(rebasing: target[i * width..<(i + 1) * width]))
      }
    }
  }

  /// Matrices of one width, or vectors, under one another.
  static func stacked(_ parts: [RowSource]) -> RowSource {
    let isVector = parts[0].shape.count == 1
    let shape = [parts.reduce(0) { $0 + $1.shape[0] }] + parts[0].shape.dropFirst()
    return RowSource(shape: shape, discard: { parts.forEach { $0.discard() } }) { range, target in
      var start = 0
      for part in parts {
        // A vector is one row; its parts stand side by side in it.
        let length = isVector ? part.width : part.rows
        let overlap = isVector ? start..<start + length : range.clamped(to: start..<start + length)
        if !overlap.isEmpty {
          let width = isVector ? 1 : part.width
          let first = isVector ? start : overlap.lowerBound - range.lowerBound
          let piece = UnsafeMutableBufferPointer(rebasing: target[first * width..<(first + overlap.count) * width])
          part.decode(isVector ? 0..<1 : overlap.lowerBound - start..<overlap.upperBound - start, piece)
        }
        start += length
      }
    }
  }

  /// This matrix [out, in] plus an adapter's scale·B·A.
  func merged(_ pair: LowRankPair) -> RowSource {
    let (decode, width) = (decode, width)
    let (a, b, rank) = (pair.a.floatArray(), pair.b.floatArray(), pair.a.shape[0])
    return RowSource(shape: shape, discard: discard) { range, target in
      decode(range, target)
      for (i, row) in range.enumerated() {
        for r in 0..<rank {
          let factor = pair.scale * b[row * rank + r]
          for column in 0..<width { target[i * width + column] += factor * a[r * width + column] }
        }
      }
    }
  }

  /// All of it in memory.
  func tensor() -> Tensor {
    var values = [Float](repeating: 0, count: rows * width)
    values.withUnsafeMutableBufferPointer { decode(0..<rows, $0) }
    return Tensor(values, shape: shape)
  }
}

extension Tensor {
  /// Learned positions [1 + g², width] for a grid of another side: the first row, the class token's, is kept; the others
  /// are resized by PyTorch's bicubic interpolation (a = −0.75, `align_corners=False`, borders clamped, no antialias).
  func positionsResized(to side: Int) -> Tensor {
    let (width, count) = (self.width, rows - 1)
    let oldSide = Int(Double(count).squareRoot().rounded())
    guard oldSide != side else { return self }
    let source = floatArray()
    let taps = (0..<side).map { CubicTaps(position: $0, from: oldSide, to: side) }
    var result = [Float](repeating: 0, count: (1 + side * side) * width)
    result.replaceSubrange(0..<width, with: source[0..<width])
    for y in 0..<side {
      for x in 0..<side {
        let target = (1 + y * side + x) * width
        for channel in 0..<width {
          var sum: Float = 0
          for i in 0..<4 {
            var line: Float = 0
            for j in 0..<4 {
              let row = 1 + taps[y].indexes[i] * oldSide + taps[x].indexes[j]
              line += taps[x].weights[j] * source[row * width + channel]
            }
            sum += taps[y].weights[i] * line
          }
          result[target + channel] = sum
        }
      }
    }
    return Tensor(result, shape: [1 + side * side, width])
  }
}

/// The four old positions, and their weights, that make one new position of a line.
private struct CubicTaps {
  var indexes: [Int] = []
  var weights: [Float] = []

  init(position: Int, from old: Int, to new: Int) {
    let center = (Float(position) + 0.5) * (Float(old) / Float(new)) - 0.5
    let first = center.rounded(.down)
    let t = center - first
    let a: Float = -0.75
    func near(_ x: Float) -> Float { ((a + 2) * x - (a + 3)) * x * x + 1 }
    func far(_ x: Float) -> Float { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
    weights = [far(t + 1), near(t), near(1 - t), far(2 - t)]
    indexes = (-1...2).map { min(max(Int(first) + $0, 0), old - 1) }
  }
}
