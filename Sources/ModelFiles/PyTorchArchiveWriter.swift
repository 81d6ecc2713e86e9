import Diagnostics
import Tensors

/// Writes a `.pth` file that torch.load reads, as a stream: first what is in it, then the tensors' bytes in that order.
///
/// A zip of stored records with 64-byte aligned data, with 64-bit sizes where 32 do not suffice. A record's checksum is
/// put into its header when the record is full.
public final class PyTorchArchiveWriter {
  private let writer: AtomicFileWriter
  private let prefix: String
  private var fill: SequentialFill
  private var crc = CRC32()
  private var records: [ZipRecord] = []

  /// Writes the pickle, which says what is in the file.
  ///
  /// - Parameter section: the key of the root dictionary under which the tensors go, as `model`; nil for a flat one.
  /// - Throws: ``InputError`` if the file cannot be written, a name occurs twice, or a type is none of PyTorch's.
  public init(path: String, tensors: [TensorDescription], section: String? = nil) throws(InputError) {
    var sizes: [Int] = []
    var names: Set<String> = []
    for tensor in tensors {
      guard names.insert(tensor.name).inserted else {
        throw InputError(file: path, field: tensor.name, expected: "tensor names that differ", found: "this name twice")
      }
      guard TensorPickle.storageName(tensor.type) != nil, let size = tensor.byteCount else {
        throw InputError(
          file: path, field: tensor.name, expected: "a plain type, which PyTorch has",
          found: "\(tensor.shape) of \(tensor.type.name)")
      }
      sizes.append(size)
    }
    // torch names the records' folder after the file.
    let file = path.utf8.split(separator: 0x2f).last.map { String(decoding: $0, as: UTF8.self) } ?? "archive"
    let stem = file.utf8.lastIndex(of: 0x2e).map { String(file[..<$0]) } ?? file
    prefix = stem.isEmpty || stem == "." || stem.utf8.contains(0x5c) || stem.utf8.count > 200 ? "archive" : stem
    writer = try AtomicFileWriter(path: path)
    fill = SequentialFill(sizes: sizes)
    try appendRecord("data.pkl", TensorPickle(tensors, section: section).bytes)
    try appendRecord("byteorder", Array("little".utf8))
    try beginTensor()
  }

  /// Appends bytes of the tensors, in the order in which these were declared; one call may give a part of a tensor or
  /// reach over several. More bytes than were declared are a programmer's error.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(InputError) {
    var position = 0
    while position < bytes.count {
      precondition(!fill.isComplete, "more bytes than the declared tensors have")
      let count = min(fill.missing, bytes.count - position)
      let piece = UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
      try writer.append(piece)
      crc.update(piece)
      fill.advance(count)
      position += count
      if fill.missing == 0 { try endTensor() }
    }
  }

  /// Writes the archive's directory, brings the file to the disk and gives it its name. All declared tensors must be
  /// there.
  public func finish() throws(InputError) {
    precondition(fill.isComplete, "\(fill.missing) bytes of tensor \(fill.index) are missing")
    try appendRecord("version", Array("3\n".utf8))
    let start = writer.position
    for record in records { try writer.append(record.centralHeader) }
    try writer.append(ZipRecord.end(count: records.count, directory: start..<writer.position))
    try writer.finish()
  }

  // MARK: Records

  private func appendRecord(_ name: String, _ bytes: [UInt8]) throws(InputError) {
    try beginRecord(name, size: bytes.count)
    bytes.withUnsafeBytes { crc.update($0) }
    try writer.append(bytes)
    try endRecord()
  }

  private func beginTensor() throws(InputError) {
    guard !fill.isComplete else { return }
    try beginRecord("data/\(fill.index)", size: fill.sizes[fill.index])
    if fill.missing == 0 { try endTensor() }
  }

  private func endTensor() throws(InputError) {
    try endRecord()
    fill.next()
    try beginTensor()
  }

  private func beginRecord(_ name: String, size: Int) throws(InputError) {
    let record = ZipRecord(name: "\(prefix)/\(name)", size: size, offset: writer.position)
    records.append(record)
    crc = CRC32()
    try writer.append(record.localHeader)
  }

  private func endRecord() throws(InputError) {
    records[records.count - 1].crc = crc.value
    var field = ByteBuilder()
    field.append(crc.value)
    try writer.overwrite(at: records[records.count - 1].offset + ZipRecord.crcOffset, field.bytes)
  }
}

/// One stored record of a zip archive that is being written.
private struct ZipRecord {
  private typealias Layout = ZipArchive.Layout
  var name: String
  var size: Int
  /// Where its own header starts.
  var offset: Int
  var crc: UInt32 = 0

  static let crcOffset = 14
  static let dataAlignment = 64

  private static func narrow(_ value: Int) -> UInt32 { UInt32(exactly: value) ?? .max }

  /// The values that do not fit 32 bits; all ones there means "look here".
  private static func extra64(_ values: [Int]) -> [UInt8] {
    guard !values.isEmpty else { return [] }
    var extra = ByteBuilder()
    extra.append(Layout.extra64)
    extra.append(UInt16(8 * values.count))
    for value in values { extra.append(UInt64(value)) }
    return extra.bytes
  }

  private var needs64: Bool { size >= Int(UInt32.max) }

  private func commonFields(_ version: UInt16) -> ByteBuilder {
    var header = ByteBuilder()
    header.append(version)
    // Names are UTF-8.
    header.append(UInt16(0x0800))
    header.append(UInt16(0))
    // The first day that the format knows, so that equal contents give equal files.
    header.append(UInt16(0))
    header.append(UInt16(0x0021))
    header.append(crc)
    header.append(needs64 ? UInt32.max : UInt32(size))
    header.append(needs64 ? UInt32.max : UInt32(size))
    header.append(UInt16(name.utf8.count))
    return header
  }

  /// The header before the data, with a filler that aligns the data.
  var localHeader: [UInt8] {
    var extra = ByteBuilder(bytes: Self.extra64(needs64 ? [size, size] : []))
    let end = offset + Layout.localHeaderSize + name.utf8.count + extra.bytes.count + 4
    let filler = (Self.dataAlignment - end % Self.dataAlignment) % Self.dataAlignment
    // "FB", as torch calls its filler.
    extra.append(UInt16(0x4246))
    extra.append(UInt16(filler))
    extra.append([UInt8](repeating: 0x5a, count: filler))
    var header = ByteBuilder()
    header.append(Layout.localHeader)
    header.append(commonFields(needs64 ? 45 : 20).bytes)
    header.append(UInt16(extra.bytes.count))
    header.append(Array(name.utf8))
    header.append(extra.bytes)
    return header.bytes
  }

  /// The entry in the archive's directory.
  var centralHeader: [UInt8] {
    let farOffset = offset >= Int(UInt32.max)
    let extra = Self.extra64((needs64 ? [size, size] : []) + (farOffset ? [offset] : []))
    var header = ByteBuilder()
    header.append(Layout.centralHeader)
    header.append(UInt16(45))
    header.append(commonFields(needs64 || farOffset ? 45 : 20).bytes)
    header.append(UInt16(extra.count))
    // No comment, first disk, no attributes.
    header.append([UInt8](repeating: 0, count: 10))
    header.append(farOffset ? UInt32.max : UInt32(offset))
    header.append(Array(name.utf8))
    header.append(extra)
    return header.bytes
  }

  /// What stands behind the directory.
  static func end(count: Int, directory: Range<Int>) -> [UInt8] {
    var end = ByteBuilder()
    if count >= Int(UInt16.max) || directory.upperBound >= Int(UInt32.max) {
      end.append(Layout.end64)
      end.append(UInt64(Layout.end64Size - 12))
      end.append(UInt16(45))
      end.append(UInt16(45))
      end.append(UInt64(0))
      for value in [count, count, directory.count, directory.lowerBound] { end.append(UInt64(value)) }
      end.append(Layout.locator64)
      end.append(UInt32(0))
      end.append(UInt64(directory.upperBound))
      end.append(UInt32(1))
    }
    end.append(Layout.end)
    end.append(UInt32(0))
    end.append(UInt16(exactly: count) ?? .max)
    end.append(UInt16(exactly: count) ?? .max)
    end.append(narrow(directory.count))
    end.append(narrow(directory.lowerBound))
    end.append(UInt16(0))
    return end.bytes
  }
}
