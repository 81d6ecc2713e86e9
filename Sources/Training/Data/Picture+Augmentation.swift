import Pictures

extension Picture {
  /// The picture in a mirror: left and right exchanged.
  func mirrored() -> Picture {
    var result = pixels
    for row in 0..<height {
      for column in 0..<width {
        let (from, to) = (3 * (row * width + column), 3 * (row * width + width - 1 - column))
        for channel in 0..<3 { result[to + channel] = pixels[from + channel] }
      }
    }
    return Picture(width: width, height: height, pixels: result)
  }

  /// A part of the picture.
  func cropped(columns: Range<Int>, rows: Range<Int>) -> Picture {
    var result: [UInt8] = []
    result.reserveCapacity(3 * columns.count * rows.count)
    for row in rows {
      result += pixels[3 * (row * width + columns.lowerBound)..<3 * (row * width + columns.upperBound)]
    }
    return Picture(width: columns.count, height: rows.count, pixels: result)
  }

  /// The picture with other brightness, contrast and saturation, as Pillow's `ImageEnhance` has them: a factor moves a pixel
  /// away from black, from the picture's mean grey, and from its own grey. The hue stays, but for what is clipped.
  func adjusted(brightness: Double, contrast: Double, saturation: Double) -> Picture {
    // Everything is linear in a channel's value, the pixel's grey and the mean grey.
    let (b, c, s) = (Float(brightness), Float(contrast), Float(saturation))
    let (ofOwn, ofGrey) = (c * b * s, c * b * (1 - s))
    let result = [UInt8](unsafeUninitializedCapacity: pixels.count) { result, count in
      pixels.withUnsafeBufferPointer { pixels in
        func grey(_ position: Int) -> Float {
          let red = Float(pixels[position])
          let green = Float(pixels[position + 1])
          let blue = Float(pixels[position + 2])
          return 0.299 * red + 0.587 * green + 0.114 * blue
        }
        var sum = 0.0
        for position in stride(from: 0, to: pixels.count, by: 3) { sum += Double(grey(position)) }
        let offset = (1 - c) * b * Float(sum / Double(width * height))
        for position in stride(from: 0, to: pixels.count, by: 3) {
          let shift = offset + ofGrey * grey(position)
          for channel in position..<position + 3 {
            let value: Float = ofOwn * Float(pixels[channel]) + shift
            result[channel] = UInt8(min(max(value, 0), 255).rounded())
          }
        }
      }
      count = pixels.count
    }
    return Picture(width: width, height: height, pixels: result)
  }
}
