import Diagnostics

extension CheckedEncoding {
  /// Checks the size in a TIFF's first directory; the rest is left to the decoder.
  init(tiff data: EncodedBytes) throws(InputError) {
    guard let directory = TIFFDirectory(data) else {
      throw data.fault("directory", at: 4, expected: "the offset of a directory within the file", found: "none")
    }
    guard let width = directory.value(tag: 256), let height = directory.value(tag: 257) else {
      throw data.fault(
        "directory", at: directory.offset, expected: "ImageWidth and ImageLength, once each", found: "something else")
    }
    try CheckedEncoding.checkSize(width: width, height: height, of: data, field: "ImageWidth", at: directory.offset)
    // Deflate is the tightest of TIFF's codes.
    try CheckedEncoding.checkPlausible(
      width: width, height: height, dataBytes: data.count, pixelsPerByte: 8 * 1032, of: data, field: "ImageWidth",
      at: directory.offset)
    var orientation = directory.value(tag: 274, type: .short) ?? 1
    if !(1...8).contains(orientation) { orientation = 1 }
    self.init(format: .tiff, width: width, height: height, orientation: orientation, bytes: data.bytes)
  }
}

/// The first image file directory of a TIFF structure (TIFF 6.0, section 2), which EXIF data is too.
struct TIFFDirectory {
  enum FieldType: Int {
    case short = 3
    case long = 4
  }

  let data: EncodedBytes
  let bigEndian: Bool
  let offset: Int
  let entries: Int

  /// Finds the directory; nil if the bytes are no TIFF structure or end before its entries do.
  init?(_ data: EncodedBytes, at base: Int = 0) {
    self.data = base == 0 ? data : EncodedBytes(name: data.name, bytes: Array(data.slice(from: base, length: .max)))
    if self.data.starts(with: [0x49, 0x49, 0x2A, 0]) {
      bigEndian = false
    } else if self.data.starts(with: [0x4D, 0x4D, 0, 0x2A]) {
      bigEndian = true
    } else {
      return nil
    }
    guard let offset = self.data.integer(at: 4, width: 4, bigEndian: bigEndian), offset >= 8,
      let entries = self.data.integer(at: offset, width: 2, bigEndian: bigEndian),
      self.data.count - offset - 2 >= 12 * entries
    else { return nil }
    self.offset = offset
    self.entries = entries
  }

  /// The number in the field of this tag, if there is exactly one such field and it holds one number of the type
  /// (either type if none is named).
  func value(tag: Int, type: FieldType? = nil) -> Int? {
    let matches = (0..<entries).map { offset + 2 + 12 * $0 }
      .filter { data.integer(at: $0, width: 2, bigEndian: bigEndian) == tag }
    guard matches.count == 1, let entry = matches.first,
      let stored = data.integer(at: entry + 2, width: 2, bigEndian: bigEndian).flatMap(FieldType.init),
      type == nil || type == stored, data.integer(at: entry + 4, width: 4, bigEndian: bigEndian) == 1
    else { return nil }
    return data.integer(at: entry + 8, width: stored == .short ? 2 : 4, bigEndian: bigEndian)
  }
}

/// The orientation (1 to 8) in EXIF data, with or without its `Exif` prefix; 1 where the data is corrupt or says
/// nothing, since a picture is better shown unturned than refused.
func exifOrientation(_ data: EncodedBytes) -> Int {
  let base = data.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]) ? 6 : 0
  guard let value = TIFFDirectory(data, at: base)?.value(tag: 274, type: .short), (1...8).contains(value) else {
    return 1
  }
  return value
}
