import Foundation
import TestSupport
import Testing

@testable import Pictures

#if canImport(Glibc)
  import Glibc
#endif

/// Rows 66 to 68: WebP's Huffman tables, animations, and files that are no pictures at all.
@Suite(.serialized) struct HostileContainerTests {
  // MARK: 66: Huffman tables of WebP

  /// A lossless stream of 16 × 16 pixels of one colour: five tables of one symbol each, which take no bits per pixel.
  /// `codeLengths` makes the first table a written-out one instead, by the lengths of the codes for code lengths (in
  /// the order 17 18 0 1 2 3 4 5 16 6 7 …), with these bits after it for the symbols' lengths.
  static func losslessStream(codeLengths: [Int]? = nil, symbolBits: [UInt8] = []) -> [UInt8] {
    var bits = BitWriter()
    bits.write(0x2F, count: 8)
    bits.write(15, count: 14)
    bits.write(15, count: 14)
    bits.write(0, count: 4)  // no alpha, version 0
    bits.write(0, count: 3)  // no transform, no colour cache, one set of tables
    if let codeLengths {
      bits.write(0, count: 1)
      bits.write(codeLengths.count - 4, count: 4)
      for length in codeLengths { bits.write(length, count: 3) }
      bits.write(0, count: 1)  // as many symbols as there are
      for byte in symbolBits { bits.write(Int(byte), count: 8) }
    }
    for _ in 0..<(codeLengths == nil ? 5 : 4) {
      bits.write(1, count: 3)  // a simple table of one symbol, of one bit
      bits.write(1, count: 1)
    }
    return bits.bytes + [UInt8](repeating: 0, count: 64)
  }

  @Test func theStreamWithoutCraftedTablesIsSound() throws {
    let picture = try Picture(encoded: webp([("VP8L", HostileContainerTests.losslessStream())]), name: "sound")
    #expect((picture.width, picture.height) == (16, 16))
    #expect(picture.pixels.allSatisfy { $0 == 1 })
  }

  static let tables: [(String, [Int], [UInt8])] = [
    ("over-subscribed code lengths", [Int](repeating: 1, count: 19), []),
    ("all code lengths of 7 bits", [Int](repeating: 7, count: 19), []),
    ("no code length", [0, 0, 0, 0], []),
    // Codes of one bit for the lengths 1 and 2; the bits choose which length each of 280 symbols gets.
    ("every symbol of length 1", [0, 0, 0, 1, 1], [UInt8](repeating: 0, count: 36)),
    ("every symbol of length 2", [0, 0, 0, 1, 1], [UInt8](repeating: 0xFF, count: 36)),
    ("mixed lengths", [0, 0, 0, 1, 1], [UInt8](repeating: 0x5A, count: 36)),
    // 17 and 18 repeat zeros: beyond the last symbol.
    ("endless zeros", [1, 1, 0, 0], [UInt8](repeating: 0xFF, count: 36)),
    // 16 repeats the length before it.
    ("endless repeats", [0, 0, 0, 1, 0, 0, 0, 0, 1], [UInt8](repeating: 0xFE, count: 36)),
  ]

  @Test(arguments: tables.indices) func craftedTablesAreRefused(index: Int) throws {
    let (_, lengths, bits) = HostileContainerTests.tables[index]
    let stream = HostileContainerTests.losslessStream(codeLengths: lengths, symbolBits: bits)
    try HostilePictureTests.expectRefusal(webp([("VP8L", stream)]), name: "table-\(index).webp", mentions: ["WebP"])
  }

  // MARK: 67: animations

  @Test(arguments: [("animated.webp", "WebP"), ("animated.gif", "GIF"), ("animated.png", "PNG")])
  func animationsGiveTheirFirstFrame(name: String, format: String) throws {
    let result = try HostilePictureTests.decode(try Golden.bytes(name), name: name)
    #expect(result.text == "40x27 \(format)\n", "\(result.errorOutput)")
  }

  /// A small frame on a larger canvas, as animations have it.
  @Test func aFrameWithinTheCanvasLoads() throws {
    let chunks: [(String, [UInt8])] = [
      ("VP8X", [2, 0, 0, 0, 39, 0, 0, 19, 0, 0]), ("ANIM", [0, 0, 0, 0, 0, 0]), HostileContainerTests.frame(x: 4, y: 0),
    ]
    let picture = try Picture(encoded: webp(chunks), name: "frame")
    #expect((picture.width, picture.height) == (40, 20))
    #expect(picture.pixels[3 * 8] == 1)
  }

  /// A frame of 16 × 16 pixels at twice this position.
  static func frame(x: UInt8, y: UInt8) -> (String, [UInt8]) {
    let lossless = losslessStream()
    var body: [UInt8] = [x, 0, 0, y, 0, 0, 15, 0, 0, 15, 0, 0, 10, 0, 0, 0]
    body += Array("VP8L".utf8) + littleEndian(UInt32(lossless.count)) + lossless
    return ("ANMF", body)
  }

  static func gif(canvas: [UInt8], frame: [UInt8], data: [UInt8] = [2, 2, 0x44, 0x01, 0]) -> [UInt8] {
    let start: [UInt8] = Array("GIF89a".utf8) + canvas
    return start + [0x80, 0, 0, 1, 2, 3, 4, 5, 6, 0x2C] + frame + [0] + data + [0x3B]
  }

  static let animations: [HostilePictureTests.Case] = {
    let lossless = losslessStream()
    let header: (String, [UInt8]) = ("VP8X", [2, 0, 0, 0, 15, 0, 0, 15, 0, 0])
    let control: (String, [UInt8]) = ("ANIM", [0, 0, 0, 0, 0, 0])
    let zeroWide: [UInt8] = [0x10, 0, 0, 0x9D, 0x01, 0x2A, 0, 0, 5, 0]
    return [
      .init(
        name: "outside.gif", bytes: gif(canvas: [4, 0, 4, 0], frame: [3, 0, 0, 0, 2, 0, 1, 0]),
        mentions: ["image descriptor", "at byte"]),
      .init(
        name: "far-outside.gif",
        bytes: gif(canvas: [4, 0, 4, 0], frame: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        mentions: ["image descriptor"]),
      .init(
        name: "zero-frame.gif", bytes: gif(canvas: [4, 0, 4, 0], frame: [0, 0, 0, 0, 0, 0, 1, 0]),
        mentions: ["image descriptor"]),
      .init(
        name: "zero-canvas.gif", bytes: gif(canvas: [0, 0, 4, 0], frame: [0, 0, 0, 0, 1, 0, 1, 0]),
        mentions: ["logical screen"]),
      .init(
        name: "code-size.gif",
        bytes: gif(canvas: [4, 0, 4, 0], frame: [0, 0, 0, 0, 1, 0, 1, 0], data: [200, 1, 0, 0]),
        mentions: ["image data"]),
      .init(
        name: "endless.gif", bytes: Array("GIF89a".utf8) + [4, 0, 4, 0, 0, 0, 0, 0x21, 0xFE, 0xFF],
        mentions: ["extension"]),
      .init(name: "outside.webp", bytes: webp([header, control, frame(x: 1, y: 0)]), mentions: ["ANMF", "at byte"]),
      .init(name: "far-outside.webp", bytes: webp([header, control, frame(x: 255, y: 255)]), mentions: ["ANMF"]),
      .init(name: "no-frame.webp", bytes: webp([header, control]), mentions: ["VP8X"]),
      .init(
        name: "other-size.webp", bytes: webp([("VP8X", [0, 0, 0, 0, 99, 0, 0, 15, 0, 0]), ("VP8L", lossless)]),
        mentions: ["VP8L"]),
      .init(
        name: "huge.webp", bytes: webp([("VP8X", [0, 0, 0, 0, 255, 255, 255, 255, 255, 255]), ("VP8L", lossless)]),
        mentions: ["VP8X"]),
      .init(
        name: "large-canvas.webp",
        bytes: webp([("VP8X", [2, 0, 0, 0, 0xFF, 0x3F, 0, 0xFF, 0x27, 0]), control, frame(x: 0, y: 0)]),
        mentions: ["VP8X", "16384 × 10240"]),
      .init(
        name: "long-canvas.webp",
        bytes: webp([("VP8X", [2, 0, 0, 0, 0xFF, 0xFF, 0x59, 26, 0, 0]), control, frame(x: 0, y: 0)]),
        mentions: ["VP8X", "16384"]),
      .init(name: "zero.webp", bytes: webp([("VP8 ", zeroWide)]), mentions: ["VP8 "]),
      .init(name: "chunk.webp", bytes: webp([]) + [0x56, 0x50], mentions: ["RIFF"]),
      .init(
        name: "length.webp", bytes: Array("RIFF".utf8) + [0xFF, 0xFF, 0xFF, 0xFF] + Array("WEBPVP8L".utf8),
        mentions: ["RIFF", "at byte 4"]),
      .init(name: "zero-wide.apng", bytes: PNGBuilder(width: 0, height: 1, raw: [0]).bytes, mentions: ["IHDR"]),
    ]
  }()

  @Test(arguments: animations) func brokenAnimationsAreRefused(_ item: HostilePictureTests.Case) throws {
    try HostilePictureTests.expectRefusal(item.bytes, name: item.name, mentions: item.mentions)
  }

  /// Frame controls that lie outside the canvas do not matter for the default picture.
  @Test func apngWithAFrameOutsideLoads() throws {
    let control = PNGBuilder.chunk("acTL", bigEndian(2) + bigEndian(0))
    let frame = PNGBuilder.chunk(
      "fcTL", bigEndian(0) + bigEndian(99) + bigEndian(99) + bigEndian(.max) + bigEndian(7) + [0, 1, 0, 1, 0, 0])
    let bytes = PNGBuilder(width: 1, height: 1, raw: [0, 1, 2, 3], extra: control + frame).bytes
    #expect(try HostilePictureTests.decode(bytes, name: "outside.png").text == "1x1 PNG\n")
  }

  // MARK: 68: no picture, or no file

  @Test func extensionsDoNotMatter() throws {
    let result = try HostilePictureTests.decode(try Golden.bytes("lossy.webp"), name: "picture.jpg")
    #expect(result.text == "40x27 WebP\n", "\(result.errorOutput)")
  }

  @Test(arguments: [
    ("", "an empty file"), ("%PDF-1.7", "PDF"), ("<svg xmlns=", "SVG"), ("<?xml version=", "SVG"),
    ("\0\0\0\u{18}ftypavif", "AVIF"), ("\0\0\0\u{18}ftypheic", "HEIC"), ("P6 1 1 255\n123", "PNM"), ("BM", "header"),
    ("GIF89a", "logical screen"), ("RIFF\0\0\0\0WEBP", "RIFF"), ("just text", "a text file"), ("\u{89}", "c2 89"),
  ])
  func otherFilesAreRefused(content: String, mention: String) throws {
    try HostilePictureTests.expectRefusal(Array(content.utf8), name: "some.png", mentions: [mention])
  }

  @Test func specialFilesDoNotHang() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("special-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let pipe = folder.appendingPathComponent("pipe.png").path
    #expect(mkfifo(pipe, 0o600) == 0)
    let missing = folder.appendingPathComponent("missing.png").path
    for (path, mention) in [
      (folder.path, "a directory"), (pipe, "a pipe"), ("/dev/zero", "a device"), ("/dev/null", "a device"),
      (missing, "No such file"),
    ] {
      let result = try ChildProcess.tinygptv(["picture", path], seconds: 5, dataLimit: 1 << 30)
      #expect(result.ending == .exited(65), "\(path)")
      #expect(result.errorOutput.contains(path) && result.errorOutput.contains(mention), "\(result.errorOutput)")
    }
  }

  @Test func standardInputIsRead() throws {
    let bytes = Data(try Golden.bytes("lossy.webp"))
    #expect(try ChildProcess.tinygptv(["picture", "-"], input: bytes).text == "40x27 WebP\n")
    let empty = try ChildProcess.tinygptv(["picture", "-"])
    #expect(empty.ending == .exited(65))
    #expect(empty.errorOutput.contains("standard input"))
  }

  @Test func whatTheModelSeesIsWritten() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).png").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let arguments = ["picture", Fixtures.path("pictures/lossy.webp"), "--size", "56", "--output", path]
    #expect(try ChildProcess.tinygptv(arguments).ending == .exited(0))
    #expect(try ChildProcess.tinygptv(["picture", path]).text == "56x56 PNG\n")
    #expect(try ChildProcess.tinygptv(["picture", path, "--size", "0"]).ending == .exited(64))
  }
}
