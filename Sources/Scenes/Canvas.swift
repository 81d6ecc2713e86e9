import Foundation
import Pictures

/// What is being drawn.
struct Canvas {
  let width, height: Int
  /// Red, green and blue from 0 to 255, row by row.
  var pixels: [UInt8]

  /// The finished picture.
  var picture: Picture { Picture(width: width, height: height, pixels: pixels) }

  /// Fills what a mask covers with a colour that changes along a direction.
  mutating func fill(_ mask: CoverageMask, with paint: Paint) {
    pixels.withUnsafeMutableBufferPointer { pixels in
      mask.values.withUnsafeBufferPointer { values in
        for row in 0..<mask.height {
          var target = 3 * ((mask.top + row) * width + mask.left)
          for column in 0..<mask.width {
            let coverage = values[row * mask.width + column]
            if coverage > 0 {
              let colour = paint.colour(x: Float(mask.left + column), y: Float(mask.top + row))
              Canvas.blend(pixels, target, colour * coverage, 1 - coverage)
            }
            target += 3
          }
        }
      }
    }
  }

  /// Draws an icon so that the turned outline of its opaque part fills a box.
  mutating func draw(_ icon: Icon, in box: Extent, rotation: Double, isMirrored: Bool) {
    let (cosine, sine) = (cos(rotation), sin(rotation))
    let extent = Extent(icon.outline(cosine: cosine, sine: sine, isMirrored: isMirrored))
    // Pixels of the icon at full size in a pixel of the canvas.
    let shrinkage = extent.size / box.size
    let ratio = (shrinkage.x * shrinkage.y).squareRoot()
    var levelIndex = 0
    while Double(1 << levelIndex) * 1.5 < ratio, levelIndex + 1 < icon.levels.count { levelIndex += 1 }
    let level = icon.levels[levelIndex]
    let sampler = IconSampler(level: level)
    let levelScale = 1 / Double(1 << levelIndex)
    // Without this, an enlarged edge would be as wide as the icon's pixels have become.
    let samplesPerSide = max(shrinkage.x, shrinkage.y) * levelScale > 0.8 ? 2 : 1
    let middle = Point(Double(icon.levels[0].width), Double(icon.levels[0].height)) / 2
    /// From the canvas to the level.
    func source(_ point: Point) -> Point {
      let turned = extent.low + (point - box.low) * shrinkage
      let upright = turned.turned(cosine: cosine, sine: -sine)
      return (Point(isMirrored ? -upright.x : upright.x, upright.y) + middle) * levelScale
    }
    let origin = source(.zero)
    let (right, down) = (source(Point(1, 0)) - origin, source(Point(0, 1)) - origin)
    let margin = Point(3, 3) / pointwiseMin(shrinkage, Point(1, 1)) + 1
    let (low, high) = (box.low - margin, box.high + margin)
    let columns = max(0, Int(low.x))..<max(0, min(width, Int(high.x.rounded(.up))))
    let rows = max(0, Int(low.y))..<max(0, min(height, Int(high.y.rounded(.up))))
    guard columns.lowerBound < columns.upperBound, rows.lowerBound < rows.upperBound else { return }
    let step = 1 / Double(samplesPerSide)
    let weight = Float(step * step)
    pixels.withUnsafeMutableBufferPointer { pixels in
      for row in rows {
        for column in columns {
          var colour = SIMD4<Float>.zero
          for vertical in 0..<samplesPerSide {
            for horizontal in 0..<samplesPerSide {
              let offset = Point((Double(horizontal) + 0.5) * step, (Double(vertical) + 0.5) * step)
              let position = Point(Double(column), Double(row)) + offset
              colour += sampler.sample(origin + right * position.x + down * position.y)
            }
          }
          colour *= weight
          if colour.w <= 0 { continue }
          Canvas.blend(
            pixels, 3 * (row * width + column), SIMD3(colour.x, colour.y, colour.z) * 255, 1 - colour.w)
        }
      }
    }
  }

  @inline(__always)
  private static func blend(
    _ pixels: UnsafeMutableBufferPointer<UInt8>, _ index: Int, _ colour: SIMD3<Float>, _ kept: Float
  ) {
    pixels[index] = UInt8(max(0, min(255, colour.x + Float(pixels[index]) * kept + 0.5)))
    pixels[index + 1] = UInt8(max(0, min(255, colour.y + Float(pixels[index + 1]) * kept + 0.5)))
    pixels[index + 2] = UInt8(max(0, min(255, colour.z + Float(pixels[index + 2]) * kept + 0.5)))
  }
}

/// A colour that may change along a direction.
struct Paint {
  /// Red, green and blue from 0 to 255 at the beginning, and by how much they change until the end.
  private let start, change: SIMD3<Float>
  /// How far along a pixel is: 0 at the beginning, 1 at the end.
  private let offset, alongX, alongY: Float

  init(_ shade: Shade) {
    (start, change) = (shade.rgb, .zero)
    (offset, alongX, alongY) = (0, 0, 0)
  }

  /// From one colour to another across a box, in a direction given as an angle.
  init(from: Shade, to: Shade, across box: Extent, angle: Double) {
    start = from.rgb
    change = to.rgb - start
    let direction = Point(cos(angle), sin(angle))
    let reach = abs(direction.x) * box.size.x / 2 + abs(direction.y) * box.size.y / 2
    let middle = (box.low + box.high) / 2
    let scaled = direction / (2 * max(reach, 0.5))
    (alongX, alongY) = (Float(scaled.x), Float(scaled.y))
    offset = Float(0.5 - (middle * scaled).sum())
  }

  @inline(__always)
  func colour(x: Float, y: Float) -> SIMD3<Float> {
    start + change * max(0, min(offset + alongX * x + alongY * y, 1))
  }
}

/// Reads between the pixels of an icon.
private struct IconSampler {
  let level: IconLevel

  /// The bilinear mean of the pixels around a position; transparent outside.
  @inline(__always)
  func sample(_ position: Point) -> SIMD4<Float> {
    let (x, y) = (position.x - 0.5, position.y - 0.5)
    guard x > -1, y > -1, x < Double(level.width), y < Double(level.height) else { return .zero }
    let (column, row) = (Int(x.rounded(.down)), Int(y.rounded(.down)))
    let (partX, partY) = (Float(x - Double(column)), Float(y - Double(row)))
    let upper = pixel(column, row) * (1 - partX) + pixel(column + 1, row) * partX
    let lower = pixel(column, row + 1) * (1 - partX) + pixel(column + 1, row + 1) * partX
    return upper * (1 - partY) + lower * partY
  }

  @inline(__always)
  private func pixel(_ x: Int, _ y: Int) -> SIMD4<Float> {
    x >= 0 && y >= 0 && x < level.width && y < level.height ? level.pixels[y * level.width + x] : .zero
  }
}
