import Foundation

/// The file that libraries' messages go to while a screen is shown, with a ceiling.
struct MessageLog {
  /// A file that has more bytes than these begins anew.
  static let limit = 1 << 20

  /// Where to write.
  let descriptor: Int32

  /// Opens a log; nil where there is none, or none can be written.
  init?(path: String?) {
    guard let path else { return nil }
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
    bound()
  }

  /// Empties the file if it has grown too large. What is written next stands at its beginning.
  func bound() {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_size > Self.limit else { return }
    _ = ftruncate(descriptor, 0)
  }
}
