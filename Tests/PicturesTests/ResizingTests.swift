import Foundation
import TestSupport
import Testing

@testable import Pictures

@Suite struct ResizingTests {
  @Test(arguments: [
    [61, 47], [30, 20], [7, 5], [1, 1], [90, 70], [61, 20], [20, 47], [64, 3], [60, 48], [3, 64], [122, 94],
    [51, 27], [52, 27],
  ])
  func resizesAsPillow(size: [Int]) throws {
    let source = try Picture(contentsOf: Fixtures.path("pictures/source.png"))
    let resized = source.resized(width: size[0], height: size[1])
    #expect((resized.width, resized.height) == (size[0], size[1]))
    #expect(greatestDifference(resized.pixels, try Golden.bytes("resized/\(size[0])x\(size[1]).rgb")) == 0)
  }

  @Test func reducesALargePictureAsPillow() throws {
    let (width, height) = (1201, 803)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * width * height)
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<3 {
          pixels.append(UInt8(truncatingIfNeeded: 7 * x * x + 13 * y + 31 * x * y + 50 * channel))
        }
      }
    }
    let reduced = Picture(width: width, height: height, pixels: pixels).resized(width: 56, height: 56)
    #expect(greatestDifference(reduced.pixels, try Golden.bytes("resized/large-56x56.rgb")) == 0)
  }

  /// The reference's pixels, in single precision: bit for bit for PNG and WebP, within one 8-bit level for JPEG.
  @Test(arguments: ["tiny-a", "tiny-b", "tiny-q"])
  func normalizesAsTheReference(fixture: String) throws {
    let expected = try TensorFile(Fixtures.path("\(fixture)/expected.safetensors"))
    for name in ["alpha.png", "gray.jpg", "lossless.webp", "palette.png", "tall.png", "wide.jpg"] {
      let (shape, values) = try expected.floats("\(name.replacingOccurrences(of: ".", with: "_"))/pixels")
      let pixels = try Picture(contentsOf: Fixtures.path("\(fixture)/images/\(name)")).normalized(size: shape[2])
      #expect(shape == [3, shape[2], shape[2]] && pixels.count == values.count)
      if name.hasSuffix(".jpg") {
        let area = shape[1] * shape[2]
        for channel in 0..<3 {
          let level = 1 / 255 / Picture.standardDeviation[channel]
          let range = channel * area..<(channel + 1) * area
          let difference = zip(pixels[range], values[range]).map { abs($0 - $1) }.max() ?? .infinity
          #expect(difference <= 1.001 * level, "\(name), channel \(channel)")
        }
      } else {
        let isEqual = pixels == values
        #expect(isEqual, "\(name)")
      }
    }
  }

  /// Twelve megapixels, as a phone takes them. Far below a second in a release build; the limit is for busy machines.
  @Test func largePicturesAreQuick() throws {
    let picture = Picture(width: 4000, height: 3000, pixels: [UInt8](repeating: 77, count: 36_000_000))
    let start = Date()
    let resized = picture.resized(width: 448, height: 448)
    let seconds = Date().timeIntervalSince(start)
    #expect(resized.pixels.allSatisfy { $0 == 77 })
    #if DEBUG
      let limit = 60.0
    #else
      let limit = 1.0
    #endif
    #expect(seconds < limit)
  }
}

/// Just enough of safetensors to read the goldens.
private struct TensorFile {
  private let data: Data
  private let header: [String: Any]
  private let start: Int

  init(_ path: String) throws {
    data = try Data(contentsOf: URL(fileURLWithPath: path))
    let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    start = 8 + length
    header = try #require(JSONSerialization.jsonObject(with: data[8..<start]) as? [String: Any])
  }

  func floats(_ key: String) throws -> (shape: [Int], values: [Float]) {
    let entry = try #require(header[key] as? [String: Any])
    let shape = try #require(entry["shape"] as? [Int])
    let offsets = try #require(entry["data_offsets"] as? [Int])
    #expect(entry["dtype"] as? String == "F32")
    let bytes = Array(data[start + offsets[0]..<start + offsets[1]])
    let values = bytes.withUnsafeBytes { raw in
      (0..<raw.count / 4).map { Float(bitPattern: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)) }
    }
    return (shape, values)
  }
}
