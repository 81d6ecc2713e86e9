import Diagnostics

extension Picture {
  /// The alpha of each pixel of an encoded picture, which ``init(encoded:name:)`` drops: width × height values from the
  /// top left as the file stores them, 255 everywhere if it has none. EXIF orientation is not applied.
  public static func alpha(encoded bytes: [UInt8], name: String) throws(InputError) -> [UInt8] {
    try CheckedEncoding(EncodedBytes(name: name, bytes: bytes)).decodedAlpha(name: name)
  }
}
