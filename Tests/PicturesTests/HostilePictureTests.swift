import Foundation
import TestSupport
import Testing

/// The rows of pictures in the catalogue of malformed inputs (57 to 68), each in a process of its own.
@Suite(.serialized) struct HostilePictureTests {
  /// A file that must be refused.
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    /// What the message must name besides the file.
    var mentions: [String] = []
    var testDescription: String { name }
  }

  /// Writes the bytes, and decodes them as a user would.
  static func decode(_ bytes: [UInt8], name: String, arguments: [String] = []) throws -> ChildProcess.Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pictures-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent(name)
    try Data(bytes).write(to: file)
    return try ChildProcess.tinygptv(["picture", file.path] + arguments, seconds: 20, dataLimit: 1 << 30)
  }

  /// The peak of a process that decodes one small picture.
  static let usualPeak: UInt64 = {
    let bytes = PNGBuilder(width: 1, height: 1, raw: [0, 1, 2, 3]).bytes
    return (try? decode(bytes, name: "small.png").peakBytes) ?? 0
  }()

  static func expectRefusal(_ bytes: [UInt8], name: String, mentions: [String] = []) throws {
    let result = try decode(bytes, name: name)
    #expect(result.ending == .exited(65), "\(result.text)\(result.errorOutput)")
    #expect(result.text.isEmpty)
    for word in [name] + mentions { #expect(result.errorOutput.contains(word), "\(result.errorOutput)") }
    #expect(result.errorOutput.split(separator: "\n").count == 1, "\(result.errorOutput)")
    #expect(result.seconds < 2)
    #expect(result.peakBytes < usualPeak + UInt64(bytes.count) + 64 << 20)
  }

  // MARK: 57 and 58: sizes and bombs

  static let sizes = [
    Case(
      name: "65535-squared.png", bytes: PNGBuilder(width: 65535, height: 65535, imageData: [0x78]).bytes,
      mentions: ["IHDR", "at byte 16", "65535"]),
    Case(
      name: "one-byte.png", bytes: PNGBuilder(width: 13000, height: 13000, imageData: [0x78]).bytes,
      mentions: ["IDAT", "13000 × 13000"]),
    Case(
      name: "wide.png", bytes: PNGBuilder(width: 0x7FFF_FFFF, height: 1, imageData: [0x78]).bytes,
      mentions: ["IHDR", "2147483647"]),
    Case(
      name: "wider.png", bytes: PNGBuilder(width: .max, height: .max, imageData: [0x78]).bytes, mentions: ["IHDR"]),
    Case(name: "zero.png", bytes: PNGBuilder(width: 0, height: 5, imageData: [0x78]).bytes, mentions: ["IHDR"]),
    Case(
      name: "half.png", bytes: PNGBuilder(width: 2, height: 2, raw: [0, 1, 2, 3, 4, 5, 6]).bytes, mentions: ["IDAT"]),
    Case(
      name: "depth.png", bytes: PNGBuilder(width: 1, height: 1, depth: 3, raw: [0, 1, 2, 3]).bytes, mentions: ["IHDR"]),
    Case(
      name: "no-palette.png", bytes: PNGBuilder(width: 1, height: 1, colorType: 3, raw: [0, 1]).bytes,
      mentions: ["PLTE"]),
    Case(
      name: "bomb-in-rows.png",
      bytes: PNGBuilder(width: 13000, height: 13000, imageData: PNGBuilder.bomb(kilobytes: 1000)).bytes,
      mentions: ["IDAT"]),
    Case(name: "size.gif", bytes: falseGIF, mentions: ["logical screen"]),
    Case(name: "size.bmp", bytes: falseBMP, mentions: ["pixels"]),
    Case(name: "size.tiff", bytes: falseTIFF, mentions: ["ImageWidth"]),
  ]

  /// 32767 × 4095 pixels with one code.
  static let falseGIF: [UInt8] =
    Array("GIF89a".utf8)
    + [0xFF, 0x7F, 0xFF, 0x0F, 0, 0, 0, 0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 0x01, 0, 0x3B]

  /// 10000 × 10000 pixels with no data.
  static let falseBMP: [UInt8] = {
    var bytes = Array("BM".utf8)
    for value: UInt32 in [58, 0, 54, 40, 10000, 10000] { bytes += littleEndian(value) }
    return bytes + [1, 0, 24, 0] + [UInt8](repeating: 0, count: 28)
  }()

  /// 10000 × 10000 pixels with no data.
  static let falseTIFF: [UInt8] = [
    0x4D, 0x4D, 0, 0x2A, 0, 0, 0, 8, 0, 2,
    1, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0x27, 0x10,
    1, 1, 0, 4, 0, 0, 0, 1, 0, 0, 0x27, 0x10, 0, 0, 0, 0,
  ]

  @Test(arguments: sizes) func falseSizesAreRefused(_ item: Case) throws {
    try HostilePictureTests.expectRefusal(item.bytes, name: item.name, mentions: item.mentions)
  }

  /// A hundred megabytes of zeros in a hundred kilobytes, where no pixel needs them.
  @Test(arguments: ["iCCP", "zTXt", "iTXt"]) func bombsBesideThePixelsAreIgnored(type: String) throws {
    let bomb = PNGBuilder.bomb(kilobytes: 100_000)
    let chunk = PNGBuilder.chunk(type, Array("name\0\0".utf8) + bomb)
    let bytes = PNGBuilder(width: 1, height: 1, raw: [0, 1, 2, 3], extra: chunk).bytes
    let result = try HostilePictureTests.decode(bytes, name: "bomb.png")
    #expect(result.ending == .exited(0), "\(result.errorOutput)")
    #expect(result.text == "1x1 PNG\n")
    #expect(result.seconds < 2)
    #expect(result.peakBytes < HostilePictureTests.usualPeak + 16 << 20)
  }

  /// That the bomb is one: as image data it inflates to the size that its picture needs.
  @Test func theBombIsReal() throws {
    let bytes = PNGBuilder(width: 1031, height: 1000, colorType: 0, imageData: PNGBuilder.bomb(kilobytes: 1000)).bytes
    let result = try HostilePictureTests.decode(bytes, name: "zeros.png")
    #expect(result.text == "1031x1000 PNG\n", "\(result.errorOutput)")
  }

  // MARK: 59 and 60: kinds of PNG, damaged PNG

  @Test(arguments: ["type2-16bit-interlaced.png", "type6-16bit-interlaced.png", "type3-8bit-interlaced.png"])
  func unusualPNGLoads(name: String) throws {
    let result = try HostilePictureTests.decode(try Golden.bytes(name), name: name)
    #expect(result.ending == .exited(0), "\(result.errorOutput)")
    #expect(result.text == "13x11 PNG\n")
  }

  @Test(arguments: [1, 4, 10, 12, 13, 14, 40]) func cutPNGIsRefused(count: Int) throws {
    try HostilePictureTests.expectRefusal(
      try Golden.bytes("source.png").dropLast(count), name: "cut.png", mentions: ["at byte", "cut short"])
  }

  @Test func badChecksumsAreRefused() throws {
    var header = try Golden.bytes("source.png")
    header[29] ^= 1
    try HostilePictureTests.expectRefusal(header, name: "header.png", mentions: ["IHDR CRC", "at byte 29"])
    var text = PNGBuilder.chunk("tEXt", Array("Comment\0hello".utf8))
    text[text.count - 1] ^= 1
    let bytes = PNGBuilder(width: 1, height: 1, raw: [0, 1, 2, 3], extra: text).bytes
    try HostilePictureTests.expectRefusal(bytes, name: "text.png", mentions: ["tEXt CRC", "at byte 54"])
  }

  // MARK: 61, 64, 65: JPEG

  @Test(arguments: ["sampling2.jpg", "progressive.jpg"], [1, 2, 20, 200, 600])
  func cutJPEGIsRefused(name: String, count: Int) throws {
    try HostilePictureTests.expectRefusal(
      try Golden.bytes(name).dropLast(count), name: "cut.jpg", mentions: ["at byte", "cut short"])
  }

  @Test(arguments: ["cmyk.jpg", "ycck.jpg"]) func fourComponentsLoad(name: String) throws {
    let result = try HostilePictureTests.decode(try Golden.bytes(name), name: name)
    #expect(result.text == "40x27 JPEG\n", "\(result.errorOutput)")
  }

  /// Where the frame header's height starts.
  static func sizeOffset(_ bytes: [UInt8]) -> Int {
    (0..<bytes.count - 1).first { bytes[$0] == 0xFF && (0xC0...0xC2).contains(bytes[$0 + 1]) }.map { $0 + 5 } ?? 0
  }

  @Test(
    arguments: ["sampling2.jpg", "progressive.jpg"],
    [[0xFF, 0xDC, 0xFF, 0xDC], [0x1F, 0xFF, 0x1F, 0xFF], [0, 0, 0, 9]])
  func falseJPEGSizesAreRefused(name: String, size: [UInt8]) throws {
    var bytes = try Golden.bytes(name)
    bytes.replaceSubrange(HostilePictureTests.sizeOffset(bytes)..<HostilePictureTests.sizeOffset(bytes) + 4, with: size)
    try HostilePictureTests.expectRefusal(bytes, name: "size.jpg", mentions: ["SOF", "at byte"])
  }

  @Test func thousandsOfScansAreRefused() throws {
    var bytes = Array(try Golden.bytes("progressive.jpg").dropLast(2))
    // An AC scan of the first component that says "end of bands" at once.
    let scan: [UInt8] = [0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 63, 0, 0, 0, 0]
    for _ in 0..<5000 { bytes += scan }
    try HostilePictureTests.expectRefusal(bytes + [0xFF, 0xD9], name: "scans.jpg", mentions: ["SOS", "scan 101"])
  }

  // MARK: 62, 63: EXIF

  @Test(arguments: 1...8) func orientationsLoad(orientation: Int) throws {
    for (kind, name) in [("jpg", "JPEG"), ("webp", "WebP")] {
      let bytes = try Golden.bytes("orientation\(orientation).\(kind)")
      let result = try HostilePictureTests.decode(bytes, name: "turned.\(kind)")
      let turned = orientation == 1 ? "" : " EXIF orientation \(orientation)"
      #expect(result.text == "20x13 \(name)\(turned)\n", "\(result.errorOutput)")
    }
  }

  static let rotated: [UInt8] = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]
  static let corruptEXIF: [(String, [UInt8])] = [
    ("empty", Array("Exif\0\0".utf8)),
    ("cut in the header", Array("Exif\0\0MM".utf8)),
    ("cut in an entry", Array(exif(entries: [rotated]).dropLast(8))),
    ("more entries than there are", exif(entries: [rotated], count: 255)),
    ("a directory beyond the end", exif(entries: [rotated], directory: 255)),
    ("a directory in the header", exif(entries: [rotated], directory: 0)),
    ("a rational that divides by zero", exif(entries: [[0x01, 0x12, 0, 5, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0]])),
    ("text instead of a number", exif(entries: [[0x01, 0x12, 0, 2, 0, 0, 0, 4, 0x36, 0, 0, 0]])),
    ("a long", exif(entries: [[0x01, 0x12, 0, 4, 0, 0, 0, 1, 0, 0, 0, 6]])),
    ("four thousand million numbers", exif(entries: [[0x01, 0x12, 0, 3, 0xFF, 0xFF, 0xFF, 0xFF, 0, 6, 0, 0]])),
    ("orientation 0", exif(entries: [[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0]])),
    ("orientation 9", exif(entries: [[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 9, 0, 0]])),
    ("two orientations", exif(entries: [rotated, [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 3, 0, 0]])),
    ("no TIFF", Array("Exif\0\0GIF89a----------------".utf8)),
  ]

  @Test(arguments: corruptEXIF.indices) func corruptEXIFIsIgnored(index: Int) throws {
    let (what, data) = HostilePictureTests.corruptEXIF[index]
    let files: [(String, [UInt8], String)] = [
      ("x.jpg", jpeg(try Golden.bytes("sampling0.jpg"), inserting: data), "40x27 JPEG\n"),
      ("x.webp", webp(try HostilePictureTests.webpChunks("orientation1.webp", exif: data)), "20x13 WebP\n"),
      (
        "x.png", PNGBuilder(width: 1, height: 1, raw: [0, 1, 2, 3], extra: PNGBuilder.chunk("eXIf", data)).bytes,
        "1x1 PNG\n"
      ),
    ]
    for (name, bytes, expected) in files {
      let result = try HostilePictureTests.decode(bytes, name: name)
      #expect(result.text == expected, "\(what): \(result.errorOutput)")
    }
  }

  /// That the builder's EXIF would count if it were sound.
  @Test func soundEXIFCounts() throws {
    let bytes = jpeg(try Golden.bytes("sampling0.jpg"), inserting: exif(entries: [HostilePictureTests.rotated]))
    #expect(try HostilePictureTests.decode(bytes, name: "x.jpg").text == "27x40 JPEG EXIF orientation 6\n")
  }

  /// The chunks of a committed WebP, with other EXIF data.
  static func webpChunks(_ name: String, exif: [UInt8]) throws -> [(String, [UInt8])] {
    let bytes = try Golden.bytes(name)
    var chunks: [(String, [UInt8])] = []
    var offset = 12
    while offset + 8 <= bytes.count {
      let type = String(decoding: bytes[offset..<offset + 4], as: UTF8.self)
      let length = (0..<4).reduce(0) { $0 | Int(bytes[offset + 4 + $1]) << (8 * $1) }
      chunks.append((type, type == "EXIF" ? exif : Array(bytes[offset + 8..<offset + 8 + length])))
      offset += 8 + length + length % 2
    }
    return chunks
  }
}
