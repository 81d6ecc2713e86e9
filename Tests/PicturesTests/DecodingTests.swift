import Foundation
import TestSupport
import Testing

@testable import Pictures

/// What Pillow makes of the committed pictures; `Tests/Fixtures/pictures/make.py` wrote it.
struct Golden: Decodable, Sendable {
  let width: Int
  let height: Int
  let orientation: Int

  static let all: [String: Golden] = {
    let data = FileManager.default.contents(atPath: Fixtures.path("pictures/index.json")) ?? Data()
    return (try? JSONDecoder().decode([String: Golden].self, from: data)) ?? [:]
  }()

  static func bytes(_ name: String) throws -> [UInt8] {
    try Array(Data(contentsOf: URL(fileURLWithPath: Fixtures.path("pictures/\(name)"))))
  }
}

/// The greatest difference of two lists of levels; 256 if their lengths differ.
func greatestDifference(_ first: [UInt8], _ second: [UInt8]) -> Int {
  guard first.count == second.count else { return 256 }
  return zip(first, second).map { abs(Int($0) - Int($1)) }.max() ?? 256
}

@Suite struct DecodingTests {
  @Test func everyGoldenIsThere() {
    #expect(Golden.all.count == 71)
  }

  @Test(arguments: Golden.all.keys.sorted())
  func decodesAsPillow(name: String) throws {
    let golden = try #require(Golden.all[name])
    let picture = try Picture(contentsOf: Fixtures.path("pictures/\(name)"))
    #expect(picture.width == golden.width)
    #expect(picture.height == golden.height)
    #expect(picture.orientation == golden.orientation)
    // Other versions of libjpeg-turbo may round otherwise; four-component colours also pass a conversion of ours.
    let isJPEG = name.hasSuffix(".jpg")
    let tolerance = isJPEG ? (name == "cmyk.jpg" || name == "ycck.jpg" ? 3 : 1) : 0
    #expect(greatestDifference(picture.pixels, try Golden.bytes(name + ".rgb")) <= tolerance)
  }

  /// MALFORMED_INPUTS 62: all eight look like the first.
  @Test(arguments: 1...8)
  func orientationsEqualUpright(orientation: Int) throws {
    for (kind, tolerance) in [("jpg", 12), ("webp", 0), ("tiff", 0)] {
      let upright = try Picture(contentsOf: Fixtures.path("pictures/orientation1.\(kind)"))
      let turned = try Picture(contentsOf: Fixtures.path("pictures/orientation\(orientation).\(kind)"))
      #expect(turned.format?.loaderName == (kind == "jpg" ? "jpeg" : kind))
      #expect(turned.orientation == orientation)
      #expect((turned.width, turned.height) == (upright.width, upright.height))
      #expect(greatestDifference(turned.pixels, upright.pixels) <= tolerance)
    }
  }

  /// Where Pillow saturates 16-bit grey at 255, we keep the upper byte, as for 16-bit colour.
  @Test func grey16KeepsTheUpperByte() throws {
    let raw: [UInt8] = [0, 0x12, 0xFF, 0xFE, 0x01]
    let bytes = PNGBuilder(width: 2, height: 1, depth: 16, colorType: 0, raw: raw).bytes
    #expect(try Picture(encoded: bytes, name: "grey").pixels == [0x12, 0x12, 0x12, 0xFE, 0xFE, 0xFE])
  }

  @Test func colourUnderTransparencyStays() throws {
    let bytes = PNGBuilder(width: 2, height: 1, depth: 8, colorType: 6, raw: [0, 9, 8, 7, 0, 200, 100, 50, 1]).bytes
    #expect(try Picture(encoded: bytes, name: "alpha").pixels == [9, 8, 7, 200, 100, 50])
  }

  @Test func pngRoundTrip() throws {
    let picture = Picture(width: 5, height: 3, pixels: (0..<45).map { UInt8($0 * 5) })
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).png").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try picture.writePNG(to: path)
    let again = try Picture(contentsOf: path)
    #expect(again.pixels == picture.pixels)
    #expect((again.width, again.height) == (5, 3))
    #expect(throws: (any Error).self) { try picture.writePNG(to: "/nonexistent/folder/picture.png") }
  }

  @Test func readsADescriptorUpToALimit() throws {
    let path = Fixtures.path("pictures/source.png")
    let whole = try Golden.bytes("source.png")
    let first = try #require(FileHandle(forReadingAtPath: path))
    #expect(try Picture.readAll(fileDescriptor: first.fileDescriptor) == whole)
    let second = try #require(FileHandle(forReadingAtPath: path))
    #expect(throws: (any Error).self) {
      try Picture.readAll(fileDescriptor: second.fileDescriptor, limit: whole.count - 1)
    }
  }

  /// No prefix of a picture is a picture, and none traps.
  @Test(arguments: Golden.all.keys.filter { !$0.hasSuffix("tiff") && !$0.hasPrefix("type") }.sorted())
  func everyTruncationIsRefused(name: String) throws {
    let bytes = try Golden.bytes(name)
    // An animation is whole when its first frame is; an APNG is not, since its chunks follow.
    let length = name == "animated.gif" ? 500 : bytes.count
    for count in 0..<length {
      #expect(throws: (any Error).self, "\(count) bytes") { try Picture(encoded: Array(bytes[0..<count]), name: name) }
    }
  }

  /// Damage anywhere gives a picture or an error, never a trap.
  @Test(arguments: Golden.all.keys.filter { !$0.hasPrefix("type") }.sorted())
  func damageNeverTraps(name: String) throws {
    let bytes = try Golden.bytes(name)
    var state: UInt64 = 88_172_645_463_325_252
    var outcomes = 0
    for _ in 0..<150 {
      var damaged = bytes
      for _ in 0..<3 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        // Headers are where the lengths are: aim at them half of the time.
        let reach = state & 1 == 0 ? min(64, damaged.count) : damaged.count
        damaged[Int(state >> 8) % reach] = UInt8(truncatingIfNeeded: state >> 3)
      }
      if let picture = try? Picture(encoded: damaged, name: name) {
        #expect(picture.pixels.count == 3 * picture.width * picture.height)
      }
      outcomes += 1
    }
    #expect(outcomes == 150)
  }
}
