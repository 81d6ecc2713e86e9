import Tensors

extension Tensor {
  /// For each row the column of its largest value.
  func largestColumns() -> [Int] {
    (0..<rows).map { row in
      var best = 0
      for column in 0..<width where floats[row * width + column] > floats[row * width + best] { best = column }
      return best
    }
  }
}
