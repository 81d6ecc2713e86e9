import Foundation

/// Builds PNG files, right ones and wrong ones, by hand.
struct PNGBuilder {
  var width: UInt32
  var height: UInt32
  var depth: UInt8 = 8
  var colorType: UInt8 = 2
  var interlace: UInt8 = 0
  /// Rows with their filter types, before compression.
  var raw: [UInt8] = []
  /// Replaces the compressed rows.
  var imageData: [UInt8]?
  /// Chunks between IHDR and IDAT.
  var extra: [UInt8] = []

  var bytes: [UInt8] {
    var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    bytes += PNGBuilder.chunk("IHDR", bigEndian(width) + bigEndian(height) + [depth, colorType, 0, 0, interlace])
    bytes += extra
    bytes += PNGBuilder.chunk("IDAT", imageData ?? PNGBuilder.stored(raw))
    return bytes + PNGBuilder.chunk("IEND", [])
  }

  static func chunk(_ type: String, _ body: [UInt8]) -> [UInt8] {
    let covered = Array(type.utf8) + body
    return bigEndian(UInt32(body.count)) + covered + bigEndian(checksum(covered))
  }

  /// A zlib stream (RFC 1950) of stored blocks.
  static func stored(_ data: [UInt8]) -> [UInt8] {
    var result: [UInt8] = [0x78, 0x01]
    var position = 0
    repeat {
      let count = min(65535, data.count - position)
      let last: UInt8 = position + count == data.count ? 1 : 0
      let length = [UInt8(count & 0xFF), UInt8(count >> 8)]
      result += [last] + length + length.map { ~$0 } + data[position..<position + count]
      position += count
    } while position < data.count
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in data {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    return result + bigEndian(b << 16 | a)
  }

  /// A zlib stream of nothing but zeros, `kilobytes` × 1032 bytes long at the best ratio that deflate has: after one
  /// literal zero, matches of length 258 at distance 1, of two bits each.
  static func bomb(kilobytes: Int) -> [UInt8] {
    // A dynamic block: codes of 1 bit for length 258 (symbol 285), of 2 bits for symbols 0 and 256; distance 1.
    var bits = BitWriter()
    bits.write(1, count: 1)
    bits.write(2, count: 2)
    bits.write(29, count: 5)  // 286 literal and length codes
    bits.write(0, count: 5)  // 1 distance code
    bits.write(14, count: 4)  // 18 code length codes
    // In the order 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1: 18 → 1 bit; 1 and 2 → 2 bits.
    for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1] {
      bits.write(symbol == 18 ? 1 : symbol == 1 || symbol == 2 ? 2 : 0, count: 3)
    }
    // Canonical codes, most significant bit first: 18 = 0, 1 = 10, 2 = 11.
    func zeros(_ count: Int) {
      bits.write(0, count: 1)
      bits.write(count - 11, count: 7)
    }
    bits.writeReversed(0b11, count: 2)  // symbol 0: 2 bits
    zeros(138)
    zeros(117)
    bits.writeReversed(0b11, count: 2)  // symbol 256: 2 bits
    zeros(28)
    bits.writeReversed(0b10, count: 2)  // symbol 285: 1 bit
    bits.writeReversed(0b10, count: 2)  // distance 0: 1 bit
    // Codes: 285 = 0, 0 = 10, 256 = 11.
    bits.writeReversed(0b10, count: 2)
    for _ in 0..<kilobytes * 4 { bits.write(0, count: 2) }  // length 258, distance 1
    bits.writeReversed(0b11, count: 2)
    return [0x78, 0xDA] + bits.bytes + [0, 0, 0, 0]
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }
}

/// Bits packed from the least significant on, as deflate and WebP have them.
struct BitWriter {
  var bytes: [UInt8] = []
  private var used = 8

  mutating func write(_ value: Int, count: Int) {
    for index in 0..<count {
      if used == 8 {
        bytes.append(0)
        used = 0
      }
      bytes[bytes.count - 1] |= UInt8(value >> index & 1) << UInt8(used)
      used += 1
    }
  }

  /// Huffman codes come most significant bit first.
  mutating func writeReversed(_ value: Int, count: Int) {
    for index in (0..<count).reversed() { write(value >> index & 1, count: 1) }
  }
}

/// EXIF data with one directory of these entries (12 bytes each), after its `Exif` prefix.
func exif(entries: [[UInt8]], count: UInt8? = nil, directory: UInt8 = 8) -> [UInt8] {
  var bytes = Array("Exif\0\0".utf8)
  bytes += [0x4D, 0x4D, 0, 0x2A, 0, 0, 0, directory, 0, count ?? UInt8(entries.count)]
  for entry in entries { bytes += entry }
  return bytes + [0, 0, 0, 0]
}

/// A JPEG with one more segment after its start marker.
func jpeg(_ bytes: [UInt8], inserting body: [UInt8], marker: UInt8 = 0xE1) -> [UInt8] {
  let length = UInt16(body.count + 2)
  return Array(bytes[0..<2]) + [0xFF, marker, UInt8(length >> 8), UInt8(length & 0xFF)] + body + bytes[2...]
}

/// A WebP (RIFF) file of these chunks.
func webp(_ chunks: [(String, [UInt8])]) -> [UInt8] {
  var body = Array("WEBP".utf8)
  for (type, bytes) in chunks {
    body += Array(type.utf8) + littleEndian(UInt32(bytes.count)) + bytes + [UInt8](repeating: 0, count: bytes.count % 2)
  }
  return Array("RIFF".utf8) + littleEndian(UInt32(body.count)) + body
}

func bigEndian(_ value: UInt32) -> [UInt8] {
  [24, 16, 8, 0].map { UInt8(value >> $0 & 0xFF) }
}

func littleEndian(_ value: UInt32) -> [UInt8] {
  [0, 8, 16, 24].map { UInt8(value >> $0 & 0xFF) }
}
