import Diagnostics

extension CheckedEncoding {
  /// Checks a BMP's header, and that an uncompressed one is long enough for its size.
  init(bmp data: EncodedBytes) throws(InputError) {
    guard let headerSize = data.integer(at: 14, width: 4, bigEndian: false), data.count >= 54 || headerSize == 12,
      data.count >= 26
    else { throw data.truncated("header", at: 14, expected: "a bitmap header") }
    let width: Int
    var height: Int
    let bits: Int
    var compression = 0
    if headerSize == 12 {
      width = data.integer(at: 18, width: 2, bigEndian: false) ?? 0
      height = data.integer(at: 20, width: 2, bigEndian: false) ?? 0
      bits = data.integer(at: 24, width: 2, bigEndian: false) ?? 0
    } else {
      width = data.integer(at: 18, width: 4, bigEndian: false) ?? 0
      height = data.integer(at: 22, width: 4, bigEndian: false) ?? 0
      // A negative height says that the rows run from the top.
      if height >= 1 << 31 { height = (1 << 32) - height }
      bits = data.integer(at: 28, width: 2, bigEndian: false) ?? 0
      compression = data.integer(at: 30, width: 4, bigEndian: false) ?? 0
    }
    try CheckedEncoding.checkSize(width: width, height: height, of: data, field: "header", at: 18)
    guard [1, 4, 8, 16, 24, 32].contains(bits) else {
      throw data.fault("header", at: 28, expected: "1, 4, 8, 16, 24 or 32 bits a pixel", found: "\(bits)")
    }
    if compression == 1 || compression == 2 {
      // Run-length coded: two bytes stand for at most 255 pixels.
      try CheckedEncoding.checkPlausible(
        width: width, height: height, dataBytes: data.count, pixelsPerByte: 128, of: data, field: "header", at: 18)
    } else {
      let needed = (width * bits + 31) / 32 * 4 * height
      guard let start = data.integer(at: 10, width: 4, bigEndian: false), start <= data.count,
        needed <= data.count - start
      else { throw data.truncated("pixels", at: 10, expected: "\(needed) bytes of pixels") }
    }
    self.init(format: .bmp, width: width, height: height, bytes: data.bytes)
  }
}
