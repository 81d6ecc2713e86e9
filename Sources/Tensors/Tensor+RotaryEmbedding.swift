import Foundation

/// The angles of rotary position embeddings (Su et al. 2021) for a head whose first `dimensions` values turn, in
/// rotate-half form: value i pairs with value i + dimensions/2 and turns by position · base^(−2i/dimensions).
public struct RotaryEmbedding: Sendable {
  /// How many of a head's values turn; even.
  public let dimensions: Int
  /// Positions from 0 to below this one have angles.
  public let positions: Int
  private let cosines: [Float]
  private let sines: [Float]

  /// Precomputes the angles for positions below `positions`.
  public init(dimensions: Int, base: Float, positions: Int) {
    precondition(dimensions % 2 == 0, "an odd number of rotary dimensions")
    self.dimensions = dimensions
    self.positions = positions
    let half = dimensions / 2
    var cosines = [Float](repeating: 0, count: positions * half)
    var sines = cosines
    for i in 0..<half {
      // The reference keeps frequencies and angles in f32; so does this.
      let frequency = 1 / powf(base, Float(2 * i) / Float(dimensions))
      for position in 0..<positions {
        cosines[position * half + i] = cosf(Float(position) * frequency)
        sines[position * half + i] = sinf(Float(position) * frequency)
      }
    }
    self.cosines = cosines
    self.sines = sines
  }

  /// Turns one head's values in place; `direction` −1 turns back.
  func rotate(_ x: UnsafeMutablePointer<Float>, position: Int, direction: Float = 1) {
    let half = dimensions / 2
    for i in 0..<half {
      let (cosine, sine) = (cosines[position * half + i], direction * sines[position * half + i])
      let (first, second) = (x[i], x[i + half])
      x[i] = first * cosine - second * sine
      x[i + half] = second * cosine + first * sine
    }
  }
}

extension Tensor {
  /// Turns the queries or keys [T, H·D] of `heads` heads by their positions, which start at `position`.
  public func rotated(_ embedding: RotaryEmbedding, heads: Int, position: Int) -> Tensor {
    rotated(embedding, heads: heads, positions: Array(position..<position + rows))
  }

  /// Turns the queries or keys [T, H·D] of `heads` heads by their positions, one a row: sequences that are packed into
  /// one matrix each count from their own start.
  public func rotated(_ embedding: RotaryEmbedding, heads: Int, positions: [Int]) -> Tensor {
    let x = self
    return turned(embedding, heads: heads, positions: positions, direction: 1).recorded(from: x) {
      gradient, gradients in
      // A rotation's transpose is the rotation back.
      gradients.add(gradient.turned(embedding, heads: heads, positions: positions, direction: -1), to: x)
    }
  }

  private func turned(_ embedding: RotaryEmbedding, heads: Int, positions: [Int], direction: Float) -> Tensor {
    let width = width
    precondition(width % heads == 0 && width / heads >= embedding.dimensions, "rotated: \(shape), \(heads) heads")
    precondition(positions.count == rows, "\(positions.count) positions for \(shape)")
    precondition(
      positions.allSatisfy { (0..<embedding.positions).contains($0) }, "a position outside 0..<\(embedding.positions)")
    let result = Tensor(uninitialized: shape)
    memcpy(result.floats, floats, count * 4)
    ThreadPool.shared.forEachRange(of: rows, grain: rowGrain) { range in
      for t in range {
        for head in 0..<heads {
          let start = result.floats + t * width + head * (width / heads)
          embedding.rotate(start, position: positions[t], direction: direction)
        }
      }
    }
    return result
  }
}
