import Diagnostics
import Foundation
import Pictures

/// The picture of an icon, ready to be drawn at any size.
struct Icon: Sendable {
  /// The picture at full size, then at half, a quarter …
  let levels: [IconLevel]
  /// Points on the outline of what is opaque, around the middle of the picture, in its pixels.
  let outline: [Point]
  /// The part of its extent that is opaque.
  let filledPart: Double
  /// The mean colour of what is near the outline: what must differ from the background.
  let rim: Shade

  /// The outline turned by an angle, after mirroring left and right if so wished.
  func outline(cosine: Double, sine: Double, isMirrored: Bool) -> [Point] {
    outline.map { Point(isMirrored ? -$0.x : $0.x, $0.y).turned(cosine: cosine, sine: sine) }
  }

  /// Reads an encoded picture with alpha.
  init(encoded bytes: [UInt8], name: String) throws(InputError) {
    let picture = try Picture(encoded: bytes, name: name)
    let alpha = try Picture.alpha(encoded: bytes, name: name)
    let level = IconLevel(picture: picture, alpha: alpha)
    var levels = [level]
    while let last = levels.last, min(last.width, last.height) > 8 { levels.append(last.halved()) }
    self.levels = levels
    outline = level.outline()
    guard outline.count > 2 else {
      throw InputError(file: name, expected: "a picture with opaque pixels", found: "none")
    }
    let size = Extent(outline).size
    filledPart = level.pixels.reduce(0) { $0 + Double($1.w) } / (size.x * size.y)
    rim = level.rim()
  }
}

/// An icon at one size.
struct IconLevel: Sendable {
  let width: Int
  let height: Int
  /// Red, green, blue times alpha, and alpha; all from 0 to 1.
  let pixels: [SIMD4<Float>]

  init(picture: Picture, alpha: [UInt8]) {
    (width, height) = (picture.width, picture.height)
    pixels = alpha.enumerated().map { index, alpha in
      let colour = SIMD3(picture.pixels[3 * index], picture.pixels[3 * index + 1], picture.pixels[3 * index + 2])
      return SIMD4(SIMD3<Float>(colour) / 255, 1) * (Float(alpha) / 255)
    }
  }

  private init(width: Int, height: Int, pixels: [SIMD4<Float>]) {
    (self.width, self.height, self.pixels) = (width, height, pixels)
  }

  /// The same at half the size; each pixel is the mean of four.
  func halved() -> IconLevel {
    let (newWidth, newHeight) = ((width + 1) / 2, (height + 1) / 2)
    var means: [SIMD4<Float>] = []
    means.reserveCapacity(newWidth * newHeight)
    for row in 0..<newHeight {
      for column in 0..<newWidth {
        let (x, y) = (2 * column, 2 * row)
        means.append((self[x, y] + self[x + 1, y] + self[x, y + 1] + self[x + 1, y + 1]) / 4)
      }
    }
    return IconLevel(width: newWidth, height: newHeight, pixels: means)
  }

  /// A pixel; transparent outside.
  private subscript(x: Int, y: Int) -> SIMD4<Float> {
    x >= 0 && x < width && y >= 0 && y < height ? pixels[y * width + x] : .zero
  }

  /// Where alpha passes a half between the middles of pixels, along every row and column from all four sides.
  func outline() -> [Point] {
    var points: [Point] = []
    let middle = Point(Double(width), Double(height)) / 2
    /// Goes along a line of pixels and notes where the first opaque one begins.
    func scan(count: Int, pixel: (Int) -> SIMD4<Float>, point: (Double) -> Point) {
      for position in 0..<count {
        let alpha = pixel(position).w
        guard alpha >= 0.5 else { continue }
        let before = pixel(position - 1).w
        let part = Double((alpha - 0.5) / (alpha - before))
        points.append(point(Double(position) + 0.5 - part) - middle)
        return
      }
    }
    for row in 0..<height {
      let y = Double(row) + 0.5
      scan(count: width, pixel: { self[$0, row] }, point: { Point($0, y) })
      scan(count: width, pixel: { self[width - 1 - $0, row] }, point: { Point(Double(width) - $0, y) })
    }
    for column in 0..<width {
      let x = Double(column) + 0.5
      scan(count: height, pixel: { self[column, $0] }, point: { Point(x, $0) })
      scan(count: height, pixel: { self[column, height - 1 - $0] }, point: { Point(x, Double(height) - $0) })
    }
    return points
  }

  /// The mean colour of opaque pixels within four pixels of transparent ones.
  func rim() -> Shade {
    var (sum, count) = (SIMD3<Float>.zero, Float(0))
    for y in 0..<height {
      for x in 0..<width where self[x, y].w > 0.9 {
        let isNear = [(-4, 0), (4, 0), (0, -4), (0, 4)].contains { self[x + $0.0, y + $0.1].w < 0.5 }
        guard isNear else { continue }
        let pixel = self[x, y]
        sum += Shade(red: pixel.x / pixel.w, green: pixel.y / pixel.w, blue: pixel.z / pixel.w).vector
        count += 1
      }
    }
    return Shade(vector: count > 0 ? sum / count : SIMD3(0.5, 0, 0))
  }
}
