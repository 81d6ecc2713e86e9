extension Tensor {
  /// Cuts a picture [C, S, S] into square patches, row by row: [(S/side)², C·side²], each patch channel by channel as a
  /// convolution's weight [out, C, side, side] is laid out. No gradient passes.
  public func patches(side: Int) -> Tensor {
    precondition(shape.count == 3 && shape[1] == shape[2] && shape[1] % side == 0, "patches of \(shape)")
    let (channels, size) = (shape[0], shape[1])
    let grid = size / side
    let result = Tensor(uninitialized: [grid * grid, channels * side * side])
    for row in 0..<grid {
      for column in 0..<grid {
        var target = result.floats + (row * grid + column) * result.width
        for channel in 0..<channels {
          for y in 0..<side {
            let source = floats + (channel * size + row * side + y) * size + column * side
            target.update(from: source, count: side)
            target += side
          }
        }
      }
    }
    return result
  }
}
