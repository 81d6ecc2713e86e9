import Diagnostics
import Foundation

/// The lines of a file, or of standard input for `-`, one at a time and without their newlines. A last line without a
/// newline counts too.
final class LineReader {
  private let file: UnsafeMutablePointer<FILE>
  private var buffer: UnsafeMutablePointer<CChar>?
  private var capacity = 0

  init(path: String) throws(InputError) {
    guard let file = path == "-" ? fdopen(dup(STDIN_FILENO), "r") : fopen(path, "r") else {
      throw InputError(file: path, expected: "a readable file", found: String(cString: strerror(errno)))
    }
    self.file = file
  }

  deinit {
    free(buffer)
    fclose(file)
  }

  /// The next line, or nil at the end.
  func next() throws(InputError) -> [UInt8]? {
    let length = getline(&buffer, &capacity, file)
    guard length >= 0, let buffer else { return nil }
    let line = UnsafeRawBufferPointer(start: buffer, count: length)
    return Array(line.last == 0x0a ? line.dropLast() : line[...])
  }
}
