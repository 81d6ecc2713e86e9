import Foundation
import Pictures

/// What happened to a picture on its way to us: blur, noise, JPEG. Most pictures are as they were drawn.
struct Degradation {
  /// The standard deviation of the blur in pixels, 0 for none.
  private var blur = 0.0
  /// The greatest change of a sample by noise, 0 for none.
  private var noise = 0
  /// The quality of the JPEG, if it went through one.
  private var quality: Int?
  private let seed: UInt64

  /// Chooses what happens; the less the smaller the smallest object is (its longer side in pixels).
  init(seed: UInt64, smallestObject: Double) {
    self.seed = seed
    var random = SceneRandom(seed: seed, stream: .degradation)
    let (isBlurred, isNoisy, isCompressed) = (random.chance(0.12), random.chance(0.12), random.chance(0.22))
    let (blur, noise, quality) = (random.uniform(0.4...1.6), random.uniform(4...24), random.integer(30...90))
    if isBlurred { self.blur = min(blur, smallestObject / 40) }
    if isNoisy { self.noise = Int(smallestObject < 30 ? noise / 2 : noise) }
    if isCompressed { self.quality = smallestObject < 40 ? max(quality, 65) : quality }
  }

  /// The picture as it arrives.
  func applied(to canvas: Canvas) -> Picture {
    var canvas = canvas
    if blur >= 0.3 { canvas.blur(deviation: blur) }
    if noise > 0 { addNoise(&canvas) }
    let picture = canvas.picture
    guard let quality, let bytes = try? picture.encodedJPEG(quality: quality),
      let decoded = try? Picture(encoded: bytes, name: "JPEG")
    else { return picture }
    return Picture(width: decoded.width, height: decoded.height, pixels: decoded.pixels)
  }

  private func addNoise(_ canvas: inout Canvas) {
    var random = SceneRandom(seed: seed, stream: .degradation, index: 1)
    canvas.pixels.withUnsafeMutableBufferPointer { pixels in
      var bits: UInt64 = 0
      for index in pixels.indices {
        if index & 3 == 0 { bits = random.next() }
        // The sum of two bytes is spread as a triangle.
        let change = (Int(bits & 255) + Int(bits >> 8 & 255) - 255) * noise / 255
        bits >>= 16
        pixels[index] = UInt8(max(0, min(255, Int(pixels[index]) + change)))
      }
    }
  }
}

extension Canvas {
  /// Blurs with a Gaussian of this standard deviation, in pixels; beyond the edge is the edge's pixel repeated.
  mutating func blur(deviation: Double) {
    let radius = Int((2.5 * deviation).rounded(.up))
    var weights = (-radius...radius).map { Float(exp(-Double($0 * $0) / (2 * deviation * deviation))) }
    let sum = weights.reduce(0, +)
    for index in weights.indices { weights[index] /= sum }
    let original = pixels
    let (rowCount, rowBytes) = (height, 3 * width)
    var padded = [Float](repeating: 0, count: rowBytes + 6 * radius)
    var sums = [Float](repeating: 0, count: rowBytes)
    original.withUnsafeBufferPointer { source in
      pixels.withUnsafeMutableBufferPointer { target in
        for row in 0..<rowCount {
          // Down the columns into a row with room at both ends, then along it.
          for index in 0..<rowBytes { sums[index] = 0 }
          for (tap, weight) in weights.enumerated() {
            let from = max(0, min(row + tap - radius, rowCount - 1)) * rowBytes
            for index in 0..<rowBytes { sums[index] += weight * Float(source[from + index]) }
          }
          for index in padded.indices {
            let inside = index - 3 * radius
            let nearest = inside < 0 ? index % 3 : inside >= rowBytes ? rowBytes - 3 + index % 3 : inside
            padded[index] = sums[nearest]
          }
          for index in 0..<rowBytes { sums[index] = 0.5 }
          for (tap, weight) in weights.enumerated() {
            for index in 0..<rowBytes { sums[index] += weight * padded[index + 3 * tap] }
          }
          for index in 0..<rowBytes { target[row * rowBytes + index] = UInt8(min(sums[index], 255)) }
        }
      }
    }
  }
}
