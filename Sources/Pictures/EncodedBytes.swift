import Diagnostics

/// Untrusted bytes of a picture. Every access says whether the bytes are there, so that no caller can trap.
struct EncodedBytes {
  /// What errors call the file.
  let name: String
  let bytes: [UInt8]

  var count: Int { bytes.count }

  func starts(with magic: [UInt8], at offset: Int = 0) -> Bool {
    guard offset <= count, count - offset >= magic.count else { return false }
    return bytes[offset..<offset + magic.count].elementsEqual(magic)
  }

  func starts(with magic: String, at offset: Int = 0) -> Bool {
    starts(with: Array(magic.utf8), at: offset)
  }

  /// The byte at `offset`, nil beyond the end.
  func byte(at offset: Int) -> Int? {
    offset >= 0 && offset < count ? Int(bytes[offset]) : nil
  }

  /// The unsigned integer of `width` (1 to 4) bytes at `offset`, nil where it does not lie within the bytes.
  func integer(at offset: Int, width: Int, bigEndian: Bool) -> Int? {
    guard offset >= 0, offset <= count, count - offset >= width else { return nil }
    var value = 0
    for index in 0..<width {
      value = value << 8 | Int(bytes[offset + (bigEndian ? index : width - 1 - index)])
    }
    return value
  }

  /// The bytes from `offset` on, as many as there are up to `length`; empty beyond the end.
  func slice(from offset: Int, length: Int) -> ArraySlice<UInt8> {
    guard offset >= 0, offset <= count, length > 0 else { return [] }
    return bytes[offset..<offset + min(length, count - offset)]
  }

  /// A four-character code as text, for error messages.
  func code(at offset: Int) -> String {
    String(decoding: slice(from: offset, length: 4), as: UTF8.self)
  }

  func fault(_ field: String, at offset: Int, expected: String, found: String) -> InputError {
    InputError(file: name, field: field, offset: UInt64(max(0, offset)), expected: expected, found: found)
  }

  func truncated(_ field: String, at offset: Int, expected: String) -> InputError {
    var error = fault(field, at: offset, expected: expected, found: "the end of the file at byte \(count)")
    error.remedy = "The file seems cut short: fetch it again."
    return error
  }
}

/// An encoded picture whose structure was walked to the end and found sound, reduced to what the decoder needs for the
/// pixels: no profiles, texts or later frames reach it.
struct CheckedEncoding {
  let format: PictureFormat
  /// As stored, before ``orientation`` is applied.
  let width: Int
  let height: Int
  /// 1 to 8 from the EXIF data; 1 where there is none or it is corrupt.
  var orientation = 1
  let bytes: [UInt8]

  /// Walks the encoding in the manner of its format.
  init(_ data: EncodedBytes) throws(InputError) {
    switch try PictureFormat(data) {
    case .png: self = try CheckedEncoding(png: data)
    case .jpeg: self = try CheckedEncoding(jpeg: data)
    case .webp: self = try CheckedEncoding(webp: data)
    case .gif: self = try CheckedEncoding(gif: data)
    case .bmp: self = try CheckedEncoding(bmp: data)
    case .tiff: self = try CheckedEncoding(tiff: data)
    }
  }

  init(format: PictureFormat, width: Int, height: Int, orientation: Int = 1, bytes: [UInt8]) {
    self.format = format
    self.width = width
    self.height = height
    self.orientation = orientation
    self.bytes = bytes
  }

  /// Refuses sizes of zero, and those above ``Picture/maximumPixels``.
  static func checkSize(
    width: Int, height: Int, of data: EncodedBytes, field: String, at offset: Int
  ) throws(InputError) {
    guard width > 0, height > 0 else {
      throw data.fault(
        field, at: offset, expected: "a width and height of at least 1", found: "\(width) × \(height) pixels")
    }
    let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, pixels <= Picture.maximumPixels else {
      throw data.fault(
        field, at: offset, expected: "at most \(Picture.maximumPixels) pixels", found: "\(width) × \(height) pixels")
    }
  }

  /// Refuses a size that `dataBytes` cannot hold, at no more than `pixelsPerByte`. What needs under 64 MiB decoded
  /// (4 bytes a pixel) is left to the decoder.
  static func checkPlausible(
    width: Int, height: Int, dataBytes: Int, pixelsPerByte: Int, of data: EncodedBytes, field: String, at offset: Int
  ) throws(InputError) {
    let (possible, overflow) = dataBytes.multipliedReportingOverflow(by: pixelsPerByte)
    guard !overflow, width * height > max(possible, 16 << 20) else { return }
    throw data.fault(
      field, at: offset, expected: "a size that \(dataBytes) bytes of picture data can hold",
      found: "\(width) × \(height) pixels")
  }
}
