import Diagnostics

extension CheckedEncoding {
  /// Walks the markers of a JPEG (ITU T.81 annex B) up to the end marker. Applications' segments are left out except
  /// JFIF's and Adobe's, which say what the colour components mean; EXIF's orientation is read on the way.
  init(jpeg data: EncodedBytes) throws(InputError) {
    var walk = JPEGWalk(data: data)
    try walk.run()
    guard let frame = walk.frame else {
      throw data.fault("SOF", at: 2, expected: "a frame header", found: "none")
    }
    guard walk.scans > 0 else {
      throw data.fault("SOS", at: 2, expected: "a scan", found: "none")
    }
    // A block of 8×8 samples takes at least one bit, its DC coefficient's code.
    guard walk.entropyCodedBytes >= frame.blocks / 8 else {
      throw data.fault(
        "SOF", at: frame.offset, expected: "a size that \(walk.entropyCodedBytes) bytes of picture data can hold",
        found: "\(frame.width) × \(frame.height) pixels")
    }
    self.init(
      format: .jpeg, width: frame.width, height: frame.height, orientation: walk.orientation, bytes: walk.essential)
  }
}

private struct JPEGFrame {
  let offset: Int
  let width: Int
  let height: Int
  /// 8×8 blocks of all components together.
  let blocks: Int
}

private struct JPEGWalk {
  let data: EncodedBytes
  var essential: [UInt8] = [0xFF, 0xD8]
  var frame: JPEGFrame?
  var orientation = 1
  var scans = 0
  var entropyCodedBytes = 0
  private var offset = 2

  /// Real encoders write up to some 60 scans (ten in the usual progressive file).
  private static let maximumScans = 100
  /// Each scan of a progressive file is a pass over all of the picture; this allows the usual ten at the maximum size.
  private static let maximumWork = 2_000_000_000

  init(data: EncodedBytes) { self.data = data }

  mutating func run() throws(InputError) {
    while true {
      guard let first = data.byte(at: offset), let second = data.byte(at: offset + 1) else {
        throw data.truncated("marker", at: offset, expected: "an end marker (EOI)")
      }
      guard first == 0xFF else {
        throw data.fault("marker", at: offset, expected: "ff", found: String(first, radix: 16))
      }
      switch second {
      case 0xFF: offset += 1  // a fill byte
      case 0xD9:
        essential += [0xFF, 0xD9]
        return
      case 0x01, 0xD0...0xD7: offset += 2
      case 0xC0...0xFE: try segment(marker: second)
      default:
        throw data.fault("marker", at: offset, expected: "a marker", found: "ff \(String(second, radix: 16))")
      }
    }
  }

  /// One marker with a length and a body, and after a scan header the scan's data.
  private mutating func segment(marker: Int) throws(InputError) {
    let name = "marker ff \(String(marker, radix: 16))"
    guard let length = data.integer(at: offset + 2, width: 2, bigEndian: true) else {
      throw data.truncated(name, at: offset, expected: "its length")
    }
    guard length >= 2 else {
      throw data.fault(name, at: offset + 2, expected: "a length of at least 2", found: "\(length)")
    }
    let end = offset + 2 + length
    guard end <= data.count else {
      throw data.truncated(name, at: offset, expected: "\(length) bytes")
    }
    let body = offset + 4
    var kept = offset..<end
    switch marker {
    case 0xC4, 0xDB, 0xDD: break  // Huffman tables, quantisation tables, restart interval
    case 0xC0...0xC2: try frameHeader(at: body, end: end)
    case 0xC3, 0xC5...0xCF:
      throw data.fault(
        "SOF", at: offset, expected: "baseline or progressive JPEG with Huffman codes",
        found: "process \(marker - 0xC0) (lossless, hierarchical or arithmetic)")
    case 0xDA: kept = try offset..<scan(headerEnd: end)
    case 0xE0 where data.starts(with: "JFIF", at: body): break
    case 0xEE where data.starts(with: "Adobe", at: body): break
    case 0xE1 where data.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0], at: body):
      if orientation == 1 {
        orientation = exifOrientation(EncodedBytes(name: data.name, bytes: Array(data.bytes[body..<end])))
      }
      kept = offset..<offset
    case 0xE0...0xEF, 0xFE: kept = offset..<offset
    default:
      throw data.fault("marker", at: offset, expected: "a marker of baseline or progressive JPEG", found: name)
    }
    essential += data.bytes[kept]
    offset = max(end, kept.upperBound)
  }

  private mutating func frameHeader(at body: Int, end: Int) throws(InputError) {
    guard frame == nil else { throw data.fault("SOF", at: body, expected: "one frame header", found: "a second one") }
    guard end - body >= 6, let precision = data.byte(at: body),
      let height = data.integer(at: body + 1, width: 2, bigEndian: true),
      let width = data.integer(at: body + 3, width: 2, bigEndian: true), let components = data.byte(at: body + 5),
      (1...4).contains(components), components != 2, end - body == 6 + 3 * components
    else {
      throw data.fault(
        "SOF", at: body, expected: "a header of 1, 3 or 4 components", found: "\(end - body) bytes of another shape")
    }
    guard precision == 8 else {
      throw data.fault("SOF", at: body, expected: "8 bits a sample", found: "\(precision)")
    }
    try CheckedEncoding.checkSize(width: width, height: height, of: data, field: "SOF", at: body + 1)
    let sampling = (0..<components).map { data.byte(at: body + 7 + 3 * $0) ?? 0 }.map { ($0 >> 4, $0 & 15) }
    guard sampling.allSatisfy({ (1...4).contains($0.0) && (1...4).contains($0.1) }) else {
      throw data.fault("SOF", at: body + 7, expected: "sampling factors of 1 to 4", found: "\(sampling)")
    }
    let widest = sampling.map { $0.0 }.max() ?? 1
    let tallest = sampling.map { $0.1 }.max() ?? 1
    let blocks = sampling.reduce(0) { sum, factors in
      let columns = (width * factors.0 + 8 * widest - 1) / (8 * widest)
      let rows = (height * factors.1 + 8 * tallest - 1) / (8 * tallest)
      return sum + columns * rows
    }
    frame = JPEGFrame(offset: body, width: width, height: height, blocks: blocks)
  }

  /// Skips a scan's entropy-coded data, in which ff is followed by 0 or is a restart marker. Returns where it ends.
  private mutating func scan(headerEnd: Int) throws(InputError) -> Int {
    guard let frame else { throw data.fault("SOS", at: offset, expected: "a frame header before it", found: "none") }
    scans += 1
    guard scans <= JPEGWalk.maximumScans, scans * frame.width * frame.height <= JPEGWalk.maximumWork else {
      throw data.fault(
        "SOS", at: offset, expected: "no more scans than an encoder makes for this size",
        found: "scan \(scans) of \(frame.width) × \(frame.height) pixels")
    }
    var position = headerEnd
    data.bytes.withUnsafeBufferPointer { bytes in
      while position + 1 < bytes.count {
        if bytes[position] == 0xFF {
          let next = bytes[position + 1]
          if next != 0 && !(0xD0...0xD7).contains(next) { return }
          position += 1
        }
        position += 1
      }
    }
    guard position + 1 < data.count else {
      throw data.truncated("SOS", at: offset, expected: "a marker after the scan")
    }
    entropyCodedBytes += position - headerEnd
    return position
  }
}
