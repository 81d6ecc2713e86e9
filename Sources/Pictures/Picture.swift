import Diagnostics

/// An 8-bit RGB picture.
public struct Picture: Sendable, Equatable {
  /// In pixels, at least 1, as a viewer sees it (after ``orientation`` was applied).
  public let width: Int
  /// In pixels, at least 1, as a viewer sees it (after ``orientation`` was applied).
  public let height: Int
  /// Red, green and blue of each pixel, row by row from the top left: `3 * width * height` values.
  public let pixels: [UInt8]
  /// The format it was decoded from; nil for a picture made from pixels.
  public let format: PictureFormat?
  /// The EXIF orientation that was applied to what the file stores: 1 (none needed) to 8.
  public let orientation: Int

  /// A picture of these pixels: `3 * width * height` values in the order of ``pixels``.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    self.init(width: width, height: height, pixels: pixels, format: nil, orientation: 1)
  }

  init(width: Int, height: Int, pixels: [UInt8], format: PictureFormat?, orientation: Int) {
    precondition(width > 0 && height > 0 && pixels.count == 3 * width * height, "pixels do not fit the size")
    self.width = width
    self.height = height
    self.pixels = pixels
    self.format = format
    self.orientation = orientation
  }

  /// Decodes the picture in a file.
  ///
  /// The format is told by content, never by the name's extension. Alpha is dropped, not blended: the colour stored
  /// under a transparent pixel stays, as with Pillow's `convert("RGB")`. EXIF orientation is applied. Of an animation
  /// the first frame counts. Samples of 16 bits are cut to their upper 8 (for 16-bit grey Pillow saturates instead,
  /// which turns nearly all of the picture white).
  ///
  /// - Throws: ``InputError`` for anything but a regular file of at most ``maximumFileBytes`` that holds an intact
  ///   picture of at most ``maximumPixels`` in one of the accepted ``PictureFormat``s.
  public init(contentsOf path: String) throws(InputError) {
    try self.init(encoded: Picture.readFile(path), name: path)
  }

  /// Decodes an encoded picture in memory, as ``init(contentsOf:)`` does; `name` is what errors call it.
  public init(encoded bytes: [UInt8], name: String) throws(InputError) {
    let checked = try CheckedEncoding(EncodedBytes(name: name, bytes: bytes))
    self = try checked.decoded(name: name)
  }

  /// The greatest width × height that is decoded, where Pillow draws the line too.
  public static let maximumPixels = 178_956_970
  /// The greatest file that is read, in bytes.
  public static let maximumFileBytes = 512 << 20
}
