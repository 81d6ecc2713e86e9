import CPixbuf
import Diagnostics
import Foundation

extension Picture {
  /// The picture as an RGB PNG; `name` is what an error calls it.
  public func encodedPNG(name: String = "PNG") throws(InputError) -> [UInt8] {
    try encoded(jpegQuality: nil, name: name)
  }

  /// The picture as a JPEG of a quality of 1 to 100; `name` is what an error calls it.
  public func encodedJPEG(quality: Int, name: String = "JPEG") throws(InputError) -> [UInt8] {
    try encoded(jpegQuality: "\(max(1, min(quality, 100)))", name: name)
  }

  /// Writes the picture as an RGB PNG; the file appears whole or not at all.
  public func writePNG(to path: String) throws(InputError) {
    let bytes = try encodedPNG(name: path)
    do {
      try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw InputError(file: path, expected: "a file that can be written", found: Self.obstacle(path, error))
    }
  }

  /// Why a file cannot be written, and where.
  private static func obstacle(_ path: String, _ error: any Error) -> String {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue { return "a folder" }
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else { return "no folder \(folder)" }
    guard isFolder.boolValue else { return "\(folder), which is a file and no folder" }
    guard access(folder, W_OK) == 0 else { return "the folder \(folder): \(String(cString: strerror(errno)))" }
    return error.localizedDescription
  }

  private func encoded(jpegQuality: String?, name: String) throws(InputError) -> [UInt8] {
    guard let columns = Int32(exactly: width), let rows = Int32(exactly: height), columns <= Int32.max / 3 else {
      throw InputError(
        file: name, expected: "a size that a picture file can hold", found: "\(width) × \(height) pixels")
    }
    var buffer: UnsafeMutablePointer<CChar>?
    var message: UnsafeMutablePointer<CChar>?
    var count: gsize = 0
    defer {
      g_free(buffer)
      g_free(message)
    }
    let saved = pixels.withUnsafeBufferPointer {
      cpixbuf_encode($0.baseAddress, columns, rows, jpegQuality, &buffer, &count, &message)
    }
    guard saved != 0, let buffer else {
      throw InputError(
        file: name, expected: "a picture that can be encoded", found: message.map { String(cString: $0) } ?? "a fault")
    }
    return Array(UnsafeRawBufferPointer(start: buffer, count: Int(count)))
  }
}
