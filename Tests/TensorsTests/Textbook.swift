import Foundation

/// An array of Double with a shape: what the textbook computes with.
struct Values {
  var shape: [Int]
  var elements: [Double]

  init(_ shape: [Int], _ elements: [Double]) {
    self.shape = shape
    self.elements = elements
  }

  var width: Int { shape.last ?? 1 }
  var rows: Int { shape.dropLast().reduce(1, *) }

  func row(_ t: Int) -> ArraySlice<Double> { elements[t * width..<(t + 1) * width] }

  func map(_ transform: (Double) -> Double) -> Values { Values(shape, elements.map(transform)) }

  func mapRows(_ transform: ([Double]) -> [Double]) -> Values {
    Values(shape, (0..<rows).flatMap { transform(Array(row($0))) })
  }
}

/// The formulas as papers print them, in Double.
enum Textbook {
  static func linear(_ x: Values, _ weight: Values, _ bias: Values?) -> Values {
    let (k, n) = (x.width, weight.rows)
    var y = [Double](repeating: 0, count: x.rows * n)
    x.elements.withUnsafeBufferPointer { x in
      weight.elements.withUnsafeBufferPointer { weight in
        for t in 0..<y.count / max(n, 1) {
          for j in 0..<n {
            var sum = bias?.elements[j] ?? 0
            for i in 0..<k { sum += x[t * k + i] * weight[j * k + i] }
            y[t * n + j] = sum
          }
        }
      }
    }
    return Values(x.shape.dropLast() + [n], y)
  }

  static func layerNorm(_ x: Values, _ weight: Values, _ bias: Values?, epsilon: Double) -> Values {
    x.mapRows { row in
      let mean = row.reduce(0, +) / Double(row.count)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
      return row.indices.map {
        (row[$0] - mean) / (variance + epsilon).squareRoot() * weight.elements[$0] + (bias?.elements[$0] ?? 0)
      }
    }
  }

  static func rmsNorm(_ x: Values, _ weight: Values, epsilon: Double) -> Values {
    x.mapRows { row in
      let meanSquare = row.reduce(0) { $0 + $1 * $1 } / Double(row.count)
      return row.indices.map { row[$0] / (meanSquare + epsilon).squareRoot() * weight.elements[$0] }
    }
  }

  static func gelu(_ x: Double) -> Double { 0.5 * x * erfc(-x / 2.0.squareRoot()) }

  static func geluSlope(_ x: Double) -> Double {
    0.5 * erfc(-x / 2.0.squareRoot()) + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
  }

  static func geluTanh(_ x: Double) -> Double {
    // ½(1 + tanh(u)) = 1/(1 + e^{−2u}), which does not cancel for negative u.
    x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  static func geluTanhSlope(_ x: Double) -> Double {
    let factor = (2 / Double.pi).squareRoot()
    let t = tanh(factor * (x + 0.044715 * x * x * x))
    // 1 − t² is 0 long before x² overflows.
    return 0.5 * (1 + t) + (t * t == 1 ? 0 : 0.5 * x * (1 - t * t) * factor * (1 + 3 * 0.044715 * x * x))
  }

  static func rotated(_ x: Values, dimensions: Int, base: Double, heads: Int, positions: [Int]) -> Values {
    var y = x
    let (width, headWidth, half) = (x.width, x.width / heads, dimensions / 2)
    for t in 0..<x.rows {
      for head in 0..<heads {
        for i in 0..<half {
          let angle = Double(positions[t]) * pow(base, -Double(2 * i) / Double(dimensions))
          let first = t * width + head * headWidth + i
          let (a, b) = (x.elements[first], x.elements[first + half])
          y.elements[first] = a * cos(angle) - b * sin(angle)
          y.elements[first + half] = a * sin(angle) + b * cos(angle)
        }
      }
    }
    return y
  }

  static func softmax(_ x: [Double]) -> [Double] {
    let largest = x.max() ?? 0
    let powers = x.map { exp($0 - largest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  static func attention(_ queries: Values, _ keys: Values, _ values: Values, heads: Int, causal: Bool) -> Values {
    attention(queries, keys, values, heads: heads) { $0 <= (causal ? keys.rows - queries.rows + $1 : keys.rows) }
  }

  /// With `sees(key, query)` to say who sees what.
  static func attention(
    _ queries: Values, _ keys: Values, _ values: Values, heads: Int, sees: (Int, Int) -> Bool
  ) -> Values {
    let (width, d) = (queries.width, queries.width / heads)
    var y = queries.map { _ in 0 }
    for head in 0..<heads {
      let columns = head * d..<(head + 1) * d
      for t in 0..<queries.rows {
        let seen = (0..<keys.rows).filter { sees($0, t) }
        let scores = seen.map { s in
          columns.reduce(0) { $0 + queries.elements[t * width + $1] * keys.elements[s * width + $1] }
            / Double(d).squareRoot()
        }
        for (s, probability) in zip(seen, softmax(scores)) {
          for c in columns { y.elements[t * width + c] += probability * values.elements[s * width + c] }
        }
      }
    }
    return y
  }

  static func crossEntropy(_ logits: Values, targets: [Int?]) -> Values {
    let losses = targets.enumerated().compactMap { t, target in target.map { -log(softmax(Array(logits.row(t)))[$0]) } }
    return Values([], [losses.reduce(0, +) / Double(max(1, losses.count))])
  }

  static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}
