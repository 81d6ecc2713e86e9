import CPixbuf
import Diagnostics

extension CheckedEncoding {
  /// GLib prints warnings about odd files unless told not to, once per process.
  private static let messagesAreDiscarded: Void = cpixbuf_discard_messages()

  /// Decodes with gdk-pixbuf, drops alpha and applies the orientation.
  func decoded(name: String) throws(InputError) -> Picture {
    let pixels = try withDecodedRows(name: name) { source, stride, channels in
      let count = 3 * width * height
      return [UInt8](unsafeUninitializedCapacity: count) { target, initializedCount in
        for row in 0..<height {
          let from = source + row * stride
          guard let to = target.baseAddress.map({ $0 + 3 * row * width }) else { return }
          if channels == 3 {
            to.update(from: from, count: 3 * width)
          } else {
            for column in 0..<width {
              to[3 * column] = from[4 * column]
              to[3 * column + 1] = from[4 * column + 1]
              to[3 * column + 2] = from[4 * column + 2]
            }
          }
        }
        initializedCount = count
      }
    }
    return Picture(width: width, height: height, pixels: pixels, format: format, orientation: orientation)
      .turned(fromOrientation: remainingOrientation)
  }

  /// The alpha of each pixel as the file stores it, not turned; 255 everywhere if it has none.
  func decodedAlpha(name: String) throws(InputError) -> [UInt8] {
    try withDecodedRows(name: name) { source, stride, channels in
      var alpha = [UInt8](repeating: 255, count: width * height)
      if channels == 4 {
        for row in 0..<height {
          for column in 0..<width { alpha[row * width + column] = source[row * stride + 4 * column + 3] }
        }
      }
      return alpha
    }
  }

  /// Decodes with gdk-pixbuf and gives `body` the first pixel, the bytes from row to row, and the channels (3 or 4).
  private func withDecodedRows(
    name: String, _ body: (UnsafePointer<UInt8>, Int, Int) -> [UInt8]
  ) throws(InputError) -> [UInt8] {
    _ = CheckedEncoding.messagesAreDiscarded
    var message: UnsafeMutablePointer<CChar>?
    defer { g_free(message) }
    let decoded = bytes.withUnsafeBufferPointer {
      cpixbuf_decode(format.loaderName, $0.baseAddress, gsize($0.count), &message)
    }
    guard let pixbuf = decoded else {
      throw InputError(
        file: name, expected: "an intact \(format.rawValue) picture",
        found: message.map { String(cString: $0) } ?? "a fault",
        remedy: format == .webp ? "If no WebP picture loads, install the package webp-pixbuf-loader." : nil)
    }
    defer { cpixbuf_release(pixbuf) }
    let decodedWidth = Int(gdk_pixbuf_get_width(pixbuf))
    let decodedHeight = Int(gdk_pixbuf_get_height(pixbuf))
    let channels = Int(gdk_pixbuf_get_n_channels(pixbuf))
    guard decodedWidth == width, decodedHeight == height, channels == 3 || channels == 4,
      gdk_pixbuf_get_bits_per_sample(pixbuf) == 8, let source = gdk_pixbuf_read_pixels(pixbuf)
    else {
      throw InputError(
        file: name, expected: "\(width) × \(height) pixels, as its header says",
        found: "\(decodedWidth) × \(decodedHeight) of \(channels) channels")
    }
    return body(source, Int(gdk_pixbuf_get_rowstride(pixbuf)), channels)
  }

  /// The orientation of what the decoder gives. libtiff mirrors by itself (TIFFReadRGBAImageOriented), but does not
  /// exchange rows and columns; the other decoders leave all to us.
  private var remainingOrientation: Int {
    guard format == .tiff else { return orientation }
    switch orientation {
    case 5, 7: return 5
    case 6, 8: return 7
    default: return 1
    }
  }
}

extension Picture {
  /// The upright picture of one that is stored in an EXIF orientation (1 to 8; CIPA DC-008, tag 274).
  func turned(fromOrientation orientation: Int) -> Picture {
    guard orientation != 1 else { return self }
    let swapped = orientation >= 5
    let (newWidth, newHeight) = swapped ? (height, width) : (width, height)
    // Where the first pixel comes from, and how far apart in the source neighbours in a row and in a column lie.
    let (right, bottom) = (width - 1, (height - 1) * width)
    let (start, columnStep, rowStep) =
      switch orientation {
      case 2: (right, -1, width)
      case 3: (right + bottom, -1, -width)
      case 4: (bottom, 1, -width)
      case 5: (0, width, 1)
      case 6: (bottom, -width, 1)
      case 7: (right + bottom, -width, -1)
      default: (right, width, -1)
      }
    let count = pixels.count
    let turned = [UInt8](unsafeUninitializedCapacity: count) { target, initializedCount in
      pixels.withUnsafeBufferPointer { source in
        var position = 0
        for row in 0..<newHeight {
          var from = 3 * (start + row * rowStep)
          for _ in 0..<newWidth {
            target[position] = source[from]
            target[position + 1] = source[from + 1]
            target[position + 2] = source[from + 2]
            position += 3
            from += 3 * columnStep
          }
        }
      }
      initializedCount = count
    }
    return Picture(width: newWidth, height: newHeight, pixels: turned, format: format, orientation: self.orientation)
  }
}
