import Diagnostics

extension CheckedEncoding {
  /// Walks the chunks of a WebP (RFC 9649). The decoder gets the picture's chunks, or the first frame's.
  init(webp data: EncodedBytes) throws(InputError) {
    var walk = WebPWalk(data: data)
    try walk.run()
    guard let size = walk.canvas ?? walk.frame else {
      throw data.fault("RIFF", at: 12, expected: "a VP8, VP8L or ANMF chunk", found: "none")
    }
    guard walk.frame != nil else {
      throw data.fault("VP8X", at: 12, expected: "a picture", found: "none")
    }
    // A frame may be smaller than the canvas, but a few bytes must not make a decoder fill a huge one.
    guard walk.frame.map({ $0 == size }) == true || size.0 * size.1 <= 16 << 20 else {
      throw data.fault(
        "VP8X", at: 12, expected: "a canvas that the first frame covers, or one of at most 16 Mi pixels",
        found: "\(size.0) × \(size.1) pixels")
    }
    var bytes = Array("RIFF".utf8)
    let length = walk.essential.count + 4
    bytes += (0..<4).map { UInt8(length >> (8 * $0) & 0xFF) }
    bytes += Array("WEBP".utf8)
    bytes += walk.essential
    self.init(format: .webp, width: size.0, height: size.1, orientation: walk.orientation, bytes: bytes)
  }
}

private struct WebPWalk {
  let data: EncodedBytes
  var essential: [UInt8] = []
  /// The size of VP8X, nil in a simple file.
  var canvas: (Int, Int)?
  /// The size of the picture or the first frame.
  var frame: (Int, Int)?
  var orientation = 1

  init(data: EncodedBytes) { self.data = data }

  mutating func run() throws(InputError) {
    guard let declared = data.integer(at: 4, width: 4, bigEndian: false), declared <= data.count - 8, declared >= 4
    else {
      throw data.truncated(
        "RIFF", at: 4,
        expected: "\(data.integer(at: 4, width: 4, bigEndian: false) ?? 0) bytes (4 at least) after this")
    }
    let end = 8 + declared
    var offset = 12
    while offset < end {
      let type = data.code(at: offset)
      guard end - offset >= 8, let length = data.integer(at: offset + 4, width: 4, bigEndian: false),
        length <= end - offset - 8
      else { throw data.truncated(type, at: offset, expected: "a whole chunk within the file") }
      let body = offset + 8
      // Chunks have even lengths; the last one's padding may be missing.
      let next = min(end, body + length + length % 2)
      try chunk(type, offset: offset, body: body, length: length, next: next)
      offset = next
    }
  }

  private mutating func chunk(_ type: String, offset: Int, body: Int, length: Int, next: Int) throws(InputError) {
    switch type {
    case "VP8X":
      guard length >= 10, offset == 12, let flags = data.byte(at: body),
        let width = data.integer(at: body + 4, width: 3, bigEndian: false),
        let height = data.integer(at: body + 7, width: 3, bigEndian: false)
      else { throw data.fault("VP8X", at: offset, expected: "10 bytes, as the first chunk", found: "\(length) bytes") }
      canvas = (width + 1, height + 1)
      // The format could hold more, but no frame can, and no encoder writes it.
      guard width < 16384, height < 16384 else {
        throw data.fault(
          "VP8X", at: body + 4, expected: "sides of at most 16384 pixels", found: "\(width + 1) × \(height + 1) pixels")
      }
      try CheckedEncoding.checkSize(width: width + 1, height: height + 1, of: data, field: "VP8X", at: body + 4)
      essential += data.bytes[offset..<next]
      // Of the flags only animation (2) and alpha (16) stay true: EXIF, XMP and the profile are left out.
      essential[8] = UInt8(flags & 0x12)
    case "VP8 ", "VP8L":
      let size = try bitstreamSize(type, at: body, length: length)
      if frame == nil {
        guard canvas.map({ $0 == size }) ?? true else {
          throw data.fault(
            type, at: body, expected: "the size in VP8X", found: "\(size.0) × \(size.1) pixels")
        }
        frame = size
        essential += data.bytes[offset..<next]
      }
    case "ALPH", "ANIM": essential += data.bytes[offset..<next]
    case "ANMF":
      let size = try animationFrame(at: body, length: length)
      if frame == nil {
        frame = size
        essential += data.bytes[offset..<next]
      }
    case "EXIF":
      orientation = exifOrientation(EncodedBytes(name: data.name, bytes: Array(data.bytes[body..<body + length])))
    default: break
    }
  }

  /// The size in the header of a lossy (RFC 6386, 9.1) or lossless stream.
  private func bitstreamSize(_ type: String, at body: Int, length: Int) throws(InputError) -> (Int, Int) {
    var size: (Int, Int)?
    if type == "VP8L", length >= 5, data.byte(at: body) == 0x2F,
      let bits = data.integer(at: body + 1, width: 4, bigEndian: false)
    {
      size = ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    } else if type == "VP8 ", length >= 10, data.starts(with: [0x9D, 0x01, 0x2A], at: body + 3),
      let width = data.integer(at: body + 6, width: 2, bigEndian: false),
      let height = data.integer(at: body + 8, width: 2, bigEndian: false)
    {
      size = (width & 0x3FFF, height & 0x3FFF)
    }
    guard let size else {
      throw data.fault(type, at: body, expected: "a key frame's header", found: "\(length) bytes of something else")
    }
    try CheckedEncoding.checkSize(width: size.0, height: size.1, of: data, field: type, at: body)
    return size
  }

  private func animationFrame(at body: Int, length: Int) throws(InputError) -> (Int, Int) {
    let fields = [0, 3, 6, 9].compactMap { data.integer(at: body + $0, width: 3, bigEndian: false) }
    guard length >= 16 + 8, fields.count == 4, let canvas else {
      throw data.fault("ANMF", at: body, expected: "a frame after a VP8X chunk", found: "\(length) bytes")
    }
    let (x, y, width, height) = (2 * fields[0], 2 * fields[1], fields[2] + 1, fields[3] + 1)
    guard x + width <= canvas.0, y + height <= canvas.1 else {
      throw data.fault(
        "ANMF", at: body, expected: "a frame within \(canvas.0) × \(canvas.1) pixels",
        found: "\(width) × \(height) pixels at \(x), \(y)")
    }
    return (width, height)
  }
}
