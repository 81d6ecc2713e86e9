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
    func grey(_ position: Int) -> Double {
      let (red, green, blue) = (pixels[position], pixels[position + 1], pixels[position + 2])
      return 0.299 * Double(red) + 0.587 * Double(green) + 0.114 * Double(blue)
    }
    let positions = stride(from: 0, to: pixels.count, by: 3)
    let mean = brightness * positions.reduce(0) { $0 + grey($1) } / Double(width * height)
    var result = pixels
    for position in positions {
      let own = grey(position)
      for channel in position..<position + 3 {
        let saturated = own + saturation * (Double(pixels[channel]) - own)
        let value = mean + contrast * (brightness * saturated - mean)
        result[channel] = UInt8(min(max(value, 0), 255).rounded())
      }
    }
    return Picture(width: width, height: height, pixels: result)
  }
}
