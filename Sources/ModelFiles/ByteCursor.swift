import Diagnostics
import Tensors

/// Reads little-endian fields off untrusted bytes, one after the other. Every read is checked against the end first.
struct ByteCursor {
  let bytes: UnsafeRawBufferPointer
  /// The file's name, for errors.
  let file: String
  /// What is added to a position to get the offset in the file, where `bytes` is a part of it.
  let base: Int
  var position: Int

  init(bytes: UnsafeRawBufferPointer, file: String, base: Int = 0, position: Int = 0) {
    self.bytes = bytes
    self.file = file
    self.base = base
    self.position = position
  }

  var remaining: Int { bytes.count - position }

  /// An error about a field that starts at `offset` (by default where the cursor stands).
  func error(
    _ field: String, at offset: Int? = nil, expected: String, found: String, remedy: String? = nil
  ) -> InputError {
    InputError(
      file: file, field: field, offset: UInt64(base + (offset ?? position)), expected: expected, found: found,
      remedy: remedy)
  }

  /// The next number.
  mutating func read<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, _ field: @autoclosure () -> String
  ) throws(InputError) -> T {
    let size = MemoryLayout<T>.size
    guard size <= remaining else {
      throw error(field(), expected: "\(size) bytes", found: "the end after \(remaining)", remedy: Self.truncated)
    }
    let value = bytes.loadUnaligned(fromByteOffset: position, as: T.self)
    position += size
    return T(littleEndian: value)
  }

  /// The next `count` bytes. A count beyond the end is an error, whatever its size.
  mutating func take(
    _ count: UInt64, _ field: @autoclosure () -> String
  ) throws(InputError) -> UnsafeRawBufferPointer {
    guard count <= UInt64(remaining) else {
      throw error(
        field(), expected: "\(count) bytes", found: "only \(remaining) before the end", remedy: Self.truncated)
    }
    let start = position
    position += Int(count)
    return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
  }

  /// The next `count` bytes as text, which must be UTF-8.
  mutating func text(_ count: UInt64, _ field: @autoclosure () -> String) throws(InputError) -> String {
    let start = position
    let raw = try take(count, field())
    guard let text = String(validating: raw, as: UTF8.self) else {
      throw error(field(), at: start, expected: "UTF-8 text", found: "bytes that are none")
    }
    return text
  }

  static let truncated = "The file is damaged or was not copied whole."
}

/// The next multiple of `alignment`, or nil if it does not fit an Int.
func aligned(_ value: Int, to alignment: Int) -> Int? {
  let (sum, overflow) = value.addingReportingOverflow(alignment - 1)
  return overflow ? nil : sum / alignment * alignment
}
