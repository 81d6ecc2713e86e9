extension Picture {
  /// The picture at another size, without regard to its aspect ratio, bit for bit as Pillow 13's
  /// `resize((width, height), BICUBIC)`: bicubic with a = −0.5, antialiased (the support grows with the reduction), in
  /// two passes, each rounded to 8 bits; a pass whose size stays is left out.
  ///
  /// The rounding makes the order of the passes matter. It is along the rows first, unless the height loses more than
  /// twice as many pixels as the width (until version 12 Pillow did not make this exception).
  public func resized(width newWidth: Int, height newHeight: Int) -> Picture {
    precondition(newWidth > 0 && newHeight > 0, "a picture has at least one pixel")
    let columnsFirst = newHeight < height && 2 * (width - newWidth) < height - newHeight
    var result = pixels
    if columnsFirst { result = Picture.resampledColumns(result, width: width, from: height, to: newHeight) }
    if newWidth != width {
      let rows = columnsFirst ? newHeight : height
      result = Picture.resampledRows(result, height: rows, from: width, to: newWidth)
    }
    if !columnsFirst && newHeight != height {
      result = Picture.resampledColumns(result, width: newWidth, from: height, to: newHeight)
    }
    return Picture(width: newWidth, height: newHeight, pixels: result, format: format, orientation: orientation)
  }

  private static func resampledRows(
    _ pixels: [UInt8], height: Int, from width: Int, to newWidth: Int
  ) -> [UInt8] {
    let weights = ResamplingWeights(from: width, to: newWidth)
    let count = 3 * weights.outputSize * height
    return [UInt8](unsafeUninitializedCapacity: count) { target, initializedCount in
      pixels.withUnsafeBufferPointer { source in
        weights.values.withUnsafeBufferPointer { values in
          var position = 0
          for row in 0..<height {
            for output in 0..<weights.outputSize {
              var from = 3 * (row * width + weights.starts[output])
              var (red, green, blue) = (ResamplingWeights.half, ResamplingWeights.half, ResamplingWeights.half)
              let first = output * weights.stride
              for index in first..<first + weights.counts[output] {
                let weight = values[index]
                red &+= Int32(source[from]) &* weight
                green &+= Int32(source[from + 1]) &* weight
                blue &+= Int32(source[from + 2]) &* weight
                from += 3
              }
              target[position] = ResamplingWeights.clipped(red)
              target[position + 1] = ResamplingWeights.clipped(green)
              target[position + 2] = ResamplingWeights.clipped(blue)
              position += 3
            }
          }
        }
      }
      initializedCount = count
    }
  }

  private static func resampledColumns(
    _ pixels: [UInt8], width: Int, from height: Int, to newHeight: Int
  ) -> [UInt8] {
    let weights = ResamplingWeights(from: height, to: newHeight)
    let rowBytes = 3 * width
    let count = rowBytes * weights.outputSize
    // One row of sums at a time, so that memory is read along the rows.
    var sums = [Int32](repeating: 0, count: rowBytes)
    return [UInt8](unsafeUninitializedCapacity: count) { target, initializedCount in
      pixels.withUnsafeBufferPointer { source in
        sums.withUnsafeMutableBufferPointer { sums in
          for output in 0..<weights.outputSize {
            sums.update(repeating: ResamplingWeights.half)
            for index in 0..<weights.counts[output] {
              let weight = weights.values[output * weights.stride + index]
              let from = (weights.starts[output] + index) * rowBytes
              for column in 0..<rowBytes { sums[column] &+= Int32(source[from + column]) &* weight }
            }
            let to = output * rowBytes
            for column in 0..<rowBytes { target[to + column] = ResamplingWeights.clipped(sums[column]) }
          }
        }
      }
      initializedCount = count
    }
  }
}

/// Which inputs, with which weights, make each output along one axis.
private struct ResamplingWeights {
  let outputSize: Int
  /// The room for one output's weights in ``values``.
  let stride: Int
  /// The first input of each output, and how many there are.
  var starts: [Int] = []
  var counts: [Int] = []
  /// Fixed-point weights, ``fractionBits`` bits after the point.
  var values: [Int32]

  /// 8 bits for the pixel and 2 for the overshoot of negative weights leave 22 of 32 for the fraction.
  static let fractionBits: Int32 = 32 - 8 - 2
  /// A half, with which the sums start, so that dropping the fraction rounds.
  static let half: Int32 = 1 << (fractionBits - 1)

  init(from inputSize: Int, to outputSize: Int) {
    let scale = Double(inputSize) / Double(outputSize)
    let filterScale = max(scale, 1)
    let support = 2 * filterScale
    self.outputSize = outputSize
    stride = Int(support.rounded(.up)) * 2 + 1
    values = [Int32](repeating: 0, count: outputSize * stride)
    starts.reserveCapacity(outputSize)
    counts.reserveCapacity(outputSize)
    for output in 0..<outputSize {
      let center = (Double(output) + 0.5) * scale
      let inverse = 1 / filterScale
      let start = max(0, Int(center - support + 0.5))
      let count = min(inputSize, Int(center + support + 0.5)) - start
      let weights = (0..<count).map { ResamplingWeights.bicubic((Double($0 + start) - center + 0.5) * inverse) }
      let sum = weights.reduce(0, +)
      for (index, weight) in weights.enumerated() {
        let scaled = (sum == 0 ? weight : weight / sum) * Double(1 << ResamplingWeights.fractionBits)
        values[output * stride + index] = Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
      }
      starts.append(start)
      counts.append(count)
    }
  }

  /// The pixel value of a sum in fixed point.
  static func clipped(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: max(0, min(255, sum >> fractionBits)))
  }

  /// Keys' cubic convolution kernel with a = −0.5.
  private static func bicubic(_ position: Double) -> Double {
    let a = -0.5
    let x = abs(position)
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
    return 0
  }
}
