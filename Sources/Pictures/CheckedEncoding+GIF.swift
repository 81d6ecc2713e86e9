import Diagnostics

extension CheckedEncoding {
  /// Walks a GIF (CompuServe 89a) to the end of its first frame, which is all that the decoder gets.
  init(gif data: EncodedBytes) throws(InputError) {
    guard let width = data.integer(at: 6, width: 2, bigEndian: false),
      let height = data.integer(at: 8, width: 2, bigEndian: false), let flags = data.byte(at: 10), data.count >= 13
    else { throw data.truncated("logical screen", at: 6, expected: "7 bytes") }
    try CheckedEncoding.checkSize(width: width, height: height, of: data, field: "logical screen", at: 6)
    var offset = 13 + CheckedEncoding.colorTableBytes(flags)
    while let introducer = data.byte(at: offset) {
      switch introducer {
      case 0x21:
        offset = try CheckedEncoding.endOfBlocks(data, from: offset + 2, field: "extension")
      case 0x2C:
        let end = try CheckedEncoding.checkFrame(data, at: offset, canvas: (width, height))
        self.init(format: .gif, width: width, height: height, bytes: Array(data.bytes[0..<end]) + [0x3B])
        return
      default:
        throw data.fault(
          "block", at: offset, expected: "an extension or a frame", found: "byte \(String(introducer, radix: 16))")
      }
    }
    throw data.truncated("block", at: offset, expected: "a frame")
  }

  /// Checks the frame whose image descriptor is at `offset`, and returns where it ends.
  private static func checkFrame(
    _ data: EncodedBytes, at offset: Int, canvas: (Int, Int)
  ) throws(InputError) -> Int {
    let fields = [1, 3, 5, 7].compactMap { data.integer(at: offset + $0, width: 2, bigEndian: false) }
    guard fields.count == 4, let flags = data.byte(at: offset + 9) else {
      throw data.truncated("image descriptor", at: offset, expected: "10 bytes")
    }
    guard fields[2] > 0, fields[3] > 0, fields[0] + fields[2] <= canvas.0, fields[1] + fields[3] <= canvas.1 else {
      throw data.fault(
        "image descriptor", at: offset, expected: "a frame within \(canvas.0) × \(canvas.1) pixels",
        found: "\(fields[2]) × \(fields[3]) pixels at \(fields[0]), \(fields[1])")
    }
    let codes = offset + 10 + colorTableBytes(flags)
    guard let codeSize = data.byte(at: codes) else {
      throw data.truncated("image data", at: codes, expected: "a code size")
    }
    guard (1...11).contains(codeSize) else {
      throw data.fault("image data", at: codes, expected: "a code size of 1 to 11", found: "\(codeSize)")
    }
    let end = try endOfBlocks(data, from: codes + 1, field: "image data")
    // An LZW code has at least 3 bits and stands for at most 4096 pixels.
    try checkPlausible(
      width: canvas.0, height: canvas.1, dataBytes: end - codes, pixelsPerByte: 8 * 4096 / 3, of: data,
      field: "logical screen", at: 6)
    return end
  }

  private static func colorTableBytes(_ flags: Int) -> Int {
    flags & 0x80 == 0 ? 0 : 3 << ((flags & 7) + 1)
  }

  /// The end of a chain of blocks, each with its length in front; a length of 0 ends it.
  private static func endOfBlocks(_ data: EncodedBytes, from start: Int, field: String) throws(InputError) -> Int {
    var offset = start
    while let length = data.byte(at: offset) {
      offset += 1 + length
      if length == 0 { return offset }
    }
    throw data.truncated(field, at: start, expected: "blocks and an empty one after them")
  }
}
