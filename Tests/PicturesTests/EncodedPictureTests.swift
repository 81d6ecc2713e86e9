import Diagnostics
import Foundation
import Pictures
import TestSupport
import Testing

/// What pictures are written as, and the alpha that reading drops.
struct EncodedPictureTests {
  private static let ramp: Picture = {
    var pixels: [UInt8] = []
    for _ in 0..<32 {
      for column in 0..<48 { pixels += [UInt8(5 * column), UInt8(2 * column), UInt8(column)] }
    }
    return Picture(width: 48, height: 32, pixels: pixels)
  }()

  @Test func whatCannotBeWrittenSaysWhere() throws {
    try withTemporaryFolder { folder in
      let nowhere = #expect(throws: InputError.self) { try Self.ramp.writePNG(to: folder.path + "/no/a.png") }
      #expect(nowhere?.found == "no folder \(folder.path)/no")
      let taken = #expect(throws: InputError.self) { try Self.ramp.writePNG(to: folder.path) }
      #expect(taken?.found == "a folder")
    }
  }

  /// Text that is called a picture needs no other picture program.
  @Test(arguments: ["no picture\n", "Ein Bild über alles", String(repeating: "€", count: 300)])
  func textIsToldFromPictures(text: String) {
    let error = #expect(throws: InputError.self) { try Picture(encoded: Array(text.utf8), name: "a.png") }
    #expect(error?.found == "a text file" && error?.field == nil && error?.remedy?.contains("onvert") == false)
    let bytes = #expect(throws: InputError.self) { try Picture(encoded: [0xFF] + Array(text.utf8), name: "a.png") }
    #expect(bytes?.field == "magic number")
  }

  @Test func aJPEGIsNearAndSmallerAtLowQuality() throws {
    let (good, poor) = (try Self.ramp.encodedJPEG(quality: 95), try Self.ramp.encodedJPEG(quality: 20))
    #expect(poor.count < good.count)
    let decoded = try Picture(encoded: good, name: "good")
    #expect(decoded.format == .jpeg && decoded.width == 48 && decoded.height == 32)
    let difference = zip(decoded.pixels, Self.ramp.pixels).map { abs(Int($0) - Int($1)) }.reduce(0, +)
    #expect(Double(difference) / Double(decoded.pixels.count) < 4)
  }

  @Test func alphaIsRead() throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Fixtures.path("pictures/lossless-alpha.webp"))))
    let picture = try Picture(encoded: bytes, name: "alpha")
    let alpha = try Picture.alpha(encoded: bytes, name: "alpha")
    #expect(alpha.count == picture.width * picture.height && Set(alpha).count > 1)
    let opaque = try Picture.alpha(encoded: Self.ramp.encodedPNG(), name: "opaque")
    #expect(opaque == [UInt8](repeating: 255, count: 48 * 32))
  }
}
