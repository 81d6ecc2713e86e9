extension Picture {
  /// CLIP's mean of red, green and blue, on a scale of 0 to 1.
  public static let mean: [Float] = [0.48145466, 0.4578275, 0.40821073]
  /// CLIP's standard deviation of red, green and blue, on a scale of 0 to 1.
  public static let standardDeviation: [Float] = [0.26862954, 0.26130258, 0.27577711]

  /// What the vision model takes: the picture resized to `size` × `size` without regard to its aspect ratio, then
  /// `(value / 255 − mean) / standardDeviation` in single precision, as [3, size, size] (all of red first).
  public func normalized(size: Int) -> [Float] {
    let square = resized(width: size, height: size)
    let area = size * size
    return [Float](unsafeUninitializedCapacity: 3 * area) { target, initializedCount in
      for channel in 0..<3 {
        let levels = (0..<256).map {
          (Float($0) / 255 - Picture.mean[channel]) / Picture.standardDeviation[channel]
        }
        square.pixels.withUnsafeBufferPointer { source in
          for index in 0..<area { target[channel * area + index] = levels[Int(source[3 * index + channel])] }
        }
      }
      initializedCount = 3 * area
    }
  }
}
