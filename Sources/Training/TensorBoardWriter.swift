import Diagnostics
import ModelFiles
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Writes scalars for TensorBoard: an event file of TFRecords that hold `Event` messages.
///
/// The record: https://www.tensorflow.org/tutorials/load_data/tfrecord (a length, its masked CRC-32C, the message, its
/// masked CRC-32C). The messages: tensorflow/core/util/event.proto and framework/summary.proto, of which four fields are
/// enough. An event has reached the operating system when a call returns.
public final class TensorBoardWriter: Sendable {
  /// The event file.
  public let path: String
  private let file: AppendedFile
  private let lock = Mutex(())

  /// Starts a new event file in a directory, which is made if it is not there.
  ///
  /// - Parameters:
  ///   - step: if the run continues from a checkpoint, its first step: TensorBoard then drops what earlier files of the
  ///     directory tell about this step and later ones.
  ///   - wallTime: seconds since 1970.
  /// - Throws: ``InputError`` if the file cannot be written.
  public init(directory: String, resumingAt step: Int? = nil, wallTime: Double) throws(InputError) {
    try makeDirectory(directory)
    var host = [CChar](repeating: 0, count: 256)
    gethostname(&host, host.count - 1)
    let name = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let prefix = "events.out.tfevents.\(Self.seconds(wallTime)).\(name.isEmpty ? "localhost" : name).\(getpid())"
    // TensorBoard reads the files of a directory by name; two of one second must differ.
    var index = 0
    while access(join(directory, "\(prefix).\(index)"), F_OK) == 0 { index += 1 }
    path = join(directory, "\(prefix).\(index)")
    file = try AppendedFile(path: path)
    var start = ProtobufMessage()
    start.append(1, double: wallTime)
    start.append(3, bytes: Array("brain.Event:2".utf8))
    try file.append(Self.record(start.bytes))
    guard let step else { return }
    var session = ProtobufMessage()
    session.append(1, varint: 1)  // SessionLog.status = START
    var event = ProtobufMessage()
    event.append(1, double: wallTime)
    event.append(2, varint: UInt64(max(step, 0)))
    event.append(7, bytes: session.bytes)
    try file.append(Self.record(event.bytes))
  }

  /// Appends scalars of one step.
  ///
  /// - Throws: ``InputError``, for instance if the disk is full.
  public func write(_ scalars: [(tag: String, value: Float)], step: Int, wallTime: Double) throws(InputError) {
    var summary = ProtobufMessage()
    for scalar in scalars {
      var value = ProtobufMessage()
      value.append(1, bytes: Array(scalar.tag.utf8))
      value.append(2, float: scalar.value)
      summary.append(1, bytes: value.bytes)
    }
    var event = ProtobufMessage()
    event.append(1, double: wallTime)
    event.append(2, varint: UInt64(max(step, 0)))
    event.append(5, bytes: summary.bytes)
    let record = Self.record(event.bytes)
    try lock.withLock { _ throws(InputError) in _ = try file.append(record) }
  }

  /// Seconds as in a file name: ten digits, so that names sort by time.
  private static func seconds(_ wallTime: Double) -> String {
    let text = String(UInt64(min(max(wallTime.isFinite ? wallTime : 0, 0), 1e10 - 1)))
    return String(repeating: "0", count: 10 - text.utf8.count) + text
  }

  private static func record(_ message: [UInt8]) -> [UInt8] {
    let length = littleEndianBytes(UInt64(message.count))
    return length + littleEndianBytes(CRC32C.masked(length)) + message + littleEndianBytes(CRC32C.masked(message))
  }
}

/// The fields of a protobuf message (https://protobuf.dev/programming-guides/encoding/).
private struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  private mutating func append(varint value: UInt64) {
    var rest = value
    while rest > 0x7f {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func append(field: UInt64, wireType: UInt64) { append(varint: field << 3 | wireType) }

  mutating func append(_ field: UInt64, varint value: UInt64) {
    append(field: field, wireType: 0)
    append(varint: value)
  }

  mutating func append(_ field: UInt64, double value: Double) {
    append(field: field, wireType: 1)
    bytes += littleEndianBytes(value.bitPattern)
  }

  mutating func append(_ field: UInt64, bytes value: [UInt8]) {
    append(field: field, wireType: 2)
    append(varint: UInt64(value.count))
    bytes += value
  }

  mutating func append(_ field: UInt64, float value: Float) {
    append(field: field, wireType: 5)
    bytes += littleEndianBytes(value.bitPattern)
  }
}

/// The CRC-32C of iSCSI (RFC 3720, polynomial 0x82F63B78 reflected).
enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
  }

  /// The checksum of these bytes.
  static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(0xffff_ffff) { crc, byte in crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
  }

  /// The checksum as TFRecords have it: rotated and offset, since they hold data that may hold checksums itself.
  static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let crc = of(bytes)
    return (crc >> 15 | crc << 17) &+ 0xa282_ead8
  }
}
