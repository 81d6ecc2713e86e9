import Diagnostics

/// The file formats that are decoded. Everything else is refused before a decoder sees it, since a decoder for a rare
/// format is code that few have tried to break.
public enum PictureFormat: String, Sendable, CaseIterable {
  case png = "PNG"
  case jpeg = "JPEG"
  case webp = "WebP"
  case gif = "GIF"
  case bmp = "BMP"
  case tiff = "TIFF"

  /// gdk-pixbuf's name for its loader.
  var loaderName: String {
    switch self {
    case .png: "png"
    case .jpeg: "jpeg"
    case .webp: "webp"
    case .gif: "gif"
    case .bmp: "bmp"
    case .tiff: "tiff"
    }
  }

  static let accepted = "a PNG, JPEG, WebP, GIF, BMP or TIFF picture"

  /// Tells the format by the first bytes.
  init(_ data: EncodedBytes) throws(InputError) {
    guard !data.bytes.isEmpty else {
      throw InputError(file: data.name, expected: PictureFormat.accepted, found: "an empty file")
    }
    if data.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if data.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if data.starts(with: "RIFF") && data.starts(with: "WEBP", at: 8) {
      self = .webp
    } else if data.starts(with: "GIF87a") || data.starts(with: "GIF89a") {
      self = .gif
    } else if data.starts(with: "BM") {
      self = .bmp
    } else if data.starts(with: [0x49, 0x49, 0x2A, 0]) || data.starts(with: [0x4D, 0x4D, 0, 0x2A]) {
      self = .tiff
    } else if PictureFormat.isText(data) {
      throw InputError(
        file: data.name, expected: PictureFormat.accepted, found: "a text file",
        remedy: "Whatever its name says, it is no picture.")
    } else {
      throw InputError(
        file: data.name, field: "magic number", offset: 0, expected: PictureFormat.accepted,
        found: PictureFormat.nameOfRefused(data), remedy: "Convert it to PNG or JPEG first.")
    }
  }

  /// Whether a file is UTF-8, as far as its beginning tells, and nothing that has a name of its own.
  private static func isText(_ data: EncodedBytes) -> Bool {
    guard !magics.contains(where: { data.starts(with: $0.magic) }) else { return false }
    let start = data.bytes.prefix(512)
    // The beginning may end within a character.
    let scalars = String(decoding: start, as: UTF8.self).unicodeScalars.dropLast(data.count > start.count ? 1 : 0)
    return scalars.allSatisfy {
      (0x09...0x0D).contains($0.value) || $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) && $0 != "\u{FFFD}"
    }
  }

  /// How files begin that are none of ours but can be named.
  private static let magics: [(magic: String, name: String)] = [
    ("%PDF", "a PDF document"), ("%!PS", "a PostScript document"), ("<svg", "an SVG drawing"),
    ("<?xml", "an XML document (SVG?)"), ("<!DOCTYPE", "an HTML or XML document"), ("8BPS", "a Photoshop document"),
    ("gimp xcf", "a GIMP picture"), ("PK\u{3}\u{4}", "a ZIP archive"), ("GGUF", "a GGUF model"),
    ("P1", "a PNM picture"), ("P2", "a PNM picture"), ("P3", "a PNM picture"), ("P4", "a PNM picture"),
    ("P5", "a PNM picture"), ("P6", "a PNM picture"), ("qoif", "a QOI picture"),
  ]

  /// What a file that is none of ours seems to be, to make the refusal easy to understand.
  private static func nameOfRefused(_ data: EncodedBytes) -> String {
    if data.starts(with: "ftyp", at: 4) {
      let brands: [(String, String)] = [
        ("avif", "an AVIF picture"), ("avis", "an AVIF picture"), ("heic", "a HEIC picture"),
        ("heix", "a HEIC picture"),
        ("hevc", "a HEIC picture"), ("mif1", "a HEIF picture"), ("msf1", "a HEIF picture"),
      ]
      for (brand, name) in brands where data.starts(with: brand, at: 8) { return name }
      return "an MPEG-4 or QuickTime file"
    }
    for (magic, name) in magics where data.starts(with: magic) { return name }
    if data.starts(with: [0xFF, 0x0A]) || data.starts(with: "JXL ", at: 4) { return "a JPEG XL picture" }
    if data.starts(with: "jP  ", at: 4) || data.starts(with: [0xFF, 0x4F, 0xFF, 0x51]) { return "a JPEG 2000 picture" }
    if data.starts(with: [0, 0, 1, 0]) { return "a Windows icon" }
    let shown = data.bytes.prefix(8).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count < 2 ? "0\(digits)" : digits
    }
    return "bytes \(shown.joined(separator: " "))"
  }
}
