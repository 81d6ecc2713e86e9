import CPixbuf
import Diagnostics

extension CheckedEncoding {
  /// Walks the chunks of a PNG (ISO/IEC 15948): every length, every CRC, and by inflating it once without keeping it,
  /// that the image data is there in full. Only the critical chunks go on to the decoder, so that no ICC profile,
  /// compressed text, gamma or animation can matter.
  init(png data: EncodedBytes) throws(InputError) {
    let header = try PNGHeader(data)
    var offset = 8
    var palette: [UInt8] = []
    var imageData: [UInt8] = []
    var orientation = 1
    var ended = false
    while !ended {
      let chunk = try PNGChunk(data, at: offset)
      switch chunk.type {
      case "IHDR" where offset != 8:
        throw data.fault("IHDR", at: offset, expected: "one header", found: "a second one")
      case "PLTE": palette = Array(data.bytes[chunk.body])
      case "IDAT": imageData += data.bytes[chunk.body]
      case "eXIf": orientation = exifOrientation(EncodedBytes(name: data.name, bytes: Array(data.bytes[chunk.body])))
      case "IEND": ended = true
      default: break
      }
      offset = chunk.end
    }
    if header.colorType == 3 {
      guard !palette.isEmpty, palette.count % 3 == 0, palette.count <= 768 else {
        throw data.fault(
          "PLTE", at: 8, expected: "a palette of 1 to 256 colours", found: "\(palette.count) bytes of palette")
      }
    }
    try header.checkImageData(imageData, of: data)

    var bytes = Array(data.bytes[0..<8])
    PNGChunk.append("IHDR", data.bytes[16..<29], to: &bytes)
    if header.colorType == 3 { PNGChunk.append("PLTE", palette[...], to: &bytes) }
    PNGChunk.append("IDAT", imageData[...], to: &bytes)
    PNGChunk.append("IEND", [], to: &bytes)
    self.init(format: .png, width: header.width, height: header.height, orientation: orientation, bytes: bytes)
  }
}

/// One chunk: a length, a type of four letters, the body and a CRC over type and body.
private struct PNGChunk {
  let type: String
  let body: Range<Int>
  /// Where the next chunk starts.
  var end: Int { body.upperBound + 4 }

  init(_ data: EncodedBytes, at offset: Int) throws(InputError) {
    guard let length = data.integer(at: offset, width: 4, bigEndian: true), data.count - offset >= 8 else {
      throw data.truncated("chunk", at: offset, expected: "a chunk (IEND ends a PNG)")
    }
    type = data.code(at: offset + 4)
    guard data.bytes[offset + 4..<offset + 8].allSatisfy({ (65...90).contains($0) || (97...122).contains($0) }) else {
      throw data.fault("chunk type", at: offset + 4, expected: "four letters", found: "'\(type)'")
    }
    let start = offset + 8
    guard data.count - start >= 4, length <= data.count - start - 4 else {
      throw data.truncated(type, at: offset, expected: "\(length) bytes and a CRC")
    }
    body = start..<start + length
    let computed = PNGChunk.checksum(data.bytes[offset + 4..<start + length])
    let stored = data.integer(at: start + length, width: 4, bigEndian: true)
    guard stored == computed else {
      throw data.fault(
        "\(type) CRC", at: start + length, expected: String(computed, radix: 16),
        found: stored.map { String($0, radix: 16) } ?? "nothing")
    }
  }

  static func checksum(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.withUnsafeBufferPointer { Int(crc32_z(0, $0.baseAddress, $0.count)) }
  }

  static func append(_ type: String, _ body: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
    let bigEndian = { (value: Int) in [24, 16, 8, 0].map { UInt8(value >> $0 & 0xFF) } }
    bytes += bigEndian(body.count)
    let start = bytes.count
    bytes += Array(type.utf8)
    bytes += body
    bytes += bigEndian(checksum(bytes[start...]))
  }
}

/// The IHDR chunk, checked.
private struct PNGHeader {
  let width: Int
  let height: Int
  let bitDepth: Int
  let colorType: Int
  let interlaced: Bool

  init(_ data: EncodedBytes) throws(InputError) {
    let chunk = try PNGChunk(data, at: 8)
    guard chunk.type == "IHDR", chunk.body.count == 13 else {
      throw data.fault(
        "IHDR", at: 8, expected: "a header chunk of 13 bytes", found: "\(chunk.type) of \(chunk.body.count) bytes")
    }
    width = data.integer(at: 16, width: 4, bigEndian: true) ?? 0
    height = data.integer(at: 20, width: 4, bigEndian: true) ?? 0
    try CheckedEncoding.checkSize(width: width, height: height, of: data, field: "IHDR", at: 16)
    bitDepth = Int(data.bytes[24])
    colorType = Int(data.bytes[25])
    let depths: [Int: [Int]] = [0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]]
    guard depths[colorType]?.contains(bitDepth) == true else {
      throw data.fault(
        "IHDR", at: 24, expected: "a colour type and depth of the standard",
        found: "colour type \(colorType) with \(bitDepth) bits")
    }
    guard data.bytes[26] == 0, data.bytes[27] == 0, data.bytes[28] <= 1 else {
      throw data.fault(
        "IHDR", at: 26, expected: "compression 0, filter 0 and interlace 0 or 1",
        found: "\(data.bytes[26]), \(data.bytes[27]) and \(data.bytes[28])")
    }
    interlaced = data.bytes[28] == 1
  }

  /// The bytes of all rows, each with its filter type in front.
  var rawSize: Int {
    let channels = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colorType] ?? 1
    // Adam7: first column, first row, column step, row step.
    let passes: [(Int, Int, Int, Int)] =
      interlaced
      ? [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
      : [(0, 0, 1, 1)]
    var size = 0
    for (column, row, columnStep, rowStep) in passes where column < width && row < height {
      let columns = (width - column + columnStep - 1) / columnStep
      let rows = (height - row + rowStep - 1) / rowStep
      size += rows * (1 + (columns * bitDepth * channels + 7) / 8)
    }
    return size
  }

  /// That the zlib stream really holds as many bytes as the header says. Nothing is allocated for it.
  func checkImageData(_ imageData: [UInt8], of data: EncodedBytes) throws(InputError) {
    let needed = rawSize
    // Deflate's best is 1032:1, so most lies need not even be inflated.
    var inflated = 0
    if imageData.count >= needed / 1032 {
      inflated = imageData.withUnsafeBufferPointer { cpixbuf_inflated_size($0.baseAddress, $0.count, needed) }
    }
    guard inflated >= needed else {
      throw data.fault(
        "IDAT", at: 33, expected: "image data for \(width) × \(height) pixels (\(needed) bytes inflated)",
        found: inflated == 0 ? "\(imageData.count) bytes, too few for it" : "\(inflated) bytes, then a fault or the end"
      )
    }
  }
}
