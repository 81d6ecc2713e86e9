import Diagnostics
import Tensors

/// The directory of a zip archive whose records are stored as they are, as PyTorch writes them.
///
/// The format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT. The central directory and the records' own
/// headers must say the same, since readers differ in whom they believe.
struct ZipArchive {
  struct Record: Sendable {
    var name: String
    var range: Range<Int>
    var crc: UInt32
  }

  let records: [Record]
  private let positions: [String: Int]

  /// Signatures and sizes of the format's structures.
  enum Layout {
    static let localHeader: UInt32 = 0x0403_4b50
    static let localHeaderSize = 30
    static let centralHeader: UInt32 = 0x0201_4b50
    static let centralHeaderSize = 46
    static let end: UInt32 = 0x0605_4b50
    static let endSize = 22
    static let end64: UInt32 = 0x0606_4b50
    static let end64Size = 56
    static let locator64: UInt32 = 0x0706_4b50
    static let locator64Size = 20
    static let extra64: UInt16 = 1
    /// Sizes follow the data (bit 3), names are UTF-8 (bit 11).
    static let allowedFlags: UInt16 = 0x0808
    static let sizesFollow: UInt16 = 0x0008
  }

  static let maximumRecords = 1 << 17
  static let maximumName = 1024

  subscript(name: String) -> Record? { positions[name].map { records[$0] } }

  init(file: MappedFile) throws(InputError) {
    var reader = ZipReader(file)
    records = try reader.records()
    var positions: [String: Int] = [:]
    for (index, record) in records.enumerated() {
      guard positions.updateValue(index, forKey: record.name) == nil else {
        throw InputError(
          file: file.path, field: record.name, offset: UInt64(record.range.lowerBound),
          expected: "records with names that differ", found: "this name twice")
      }
    }
    self.positions = positions
    try Self.checkOverlap(records, file: file.path)
  }

  private static func checkOverlap(_ records: [Record], file: String) throws(InputError) {
    let sorted = records.sorted { $0.range.lowerBound < $1.range.lowerBound }
    for (before, record) in zip(sorted, sorted.dropFirst()) where record.range.lowerBound < before.range.upperBound {
      throw InputError(
        file: file, field: record.name, offset: UInt64(record.range.lowerBound),
        expected: "records that do not overlap", found: "the data of \(before.name)")
    }
  }

  /// Compares a record's data with its checksum; 0 means that the writer computed none.
  static func verify(_ record: Record, in file: MappedFile) throws(InputError) {
    guard record.crc != 0 else { return }
    let crc = CRC32.of(UnsafeRawBufferPointer(rebasing: file.bytes[record.range]))
    guard crc == record.crc else {
      throw InputError(
        file: file.path, field: record.name, offset: UInt64(record.range.lowerBound),
        expected: "the CRC 0x\(String(record.crc, radix: 16))", found: "0x\(String(crc, radix: 16))",
        remedy: "The file is damaged: copy or download it again.")
    }
  }
}

/// Reads a zip archive from its end.
private struct ZipReader {
  private typealias Layout = ZipArchive.Layout
  private let file: MappedFile
  private var cursor: ByteCursor

  init(_ file: MappedFile) {
    self.file = file
    cursor = ByteCursor(bytes: file.bytes, file: file.path)
  }

  mutating func records() throws(InputError) -> [ZipArchive.Record] {
    let directory = try directory()
    cursor.position = directory.range.lowerBound
    var records: [ZipArchive.Record] = []
    for index in 0..<directory.count {
      records.append(try record(index, directory: directory.range))
    }
    guard cursor.position == directory.range.upperBound else {
      throw cursor.error(
        "central directory", expected: "its end after \(directory.count) records",
        found: "\(directory.range.upperBound - cursor.position) bytes more")
    }
    return records
  }

  // MARK: The end of the archive

  private mutating func directory() throws(InputError) -> (range: Range<Int>, count: Int) {
    let end = try endRecord()
    cursor.position = end + 4
    let field = "end of central directory"
    let disk = try cursor.read(UInt16.self, field)
    let firstDisk = try cursor.read(UInt16.self, field)
    let countHere = try cursor.read(UInt16.self, field)
    var count = UInt64(try cursor.read(UInt16.self, field))
    var size = UInt64(try cursor.read(UInt32.self, field))
    var offset = UInt64(try cursor.read(UInt32.self, field))
    guard disk == 0, firstDisk == 0, UInt64(countHere) == count else {
      throw cursor.error(field, at: end, expected: "an archive in one file", found: "a part of several")
    }
    var limit = end
    if let end64 = try end64Record(before: end) {
      cursor.position = end64 + 24
      count = try cursor.read(UInt64.self, field)
      let total = try cursor.read(UInt64.self, field)
      size = try cursor.read(UInt64.self, field)
      offset = try cursor.read(UInt64.self, field)
      guard total == count else {
        throw cursor.error(field, at: end64, expected: "an archive in one file", found: "a part of several")
      }
      limit = end64
    }
    guard size <= UInt64(limit), offset <= UInt64(limit) - size, count <= UInt64(ZipArchive.maximumRecords),
      count <= size / UInt64(Layout.centralHeaderSize)
    else {
      throw cursor.error(
        field, at: limit, expected: "a directory within the \(limit) bytes before",
        found: "\(count) records in \(size) bytes at \(offset)")
    }
    guard offset + size == UInt64(limit) else {
      throw cursor.error(
        field, at: limit, expected: "the directory right before its end record",
        found: "\(UInt64(limit) - offset - size) bytes between them")
    }
    return (Int(offset)..<Int(offset + size), Int(count))
  }

  /// The end record: 22 bytes and a comment that reaches to the end of the file.
  private func endRecord() throws(InputError) -> Int {
    let bytes = file.bytes
    if bytes.count >= Layout.endSize {
      var start = bytes.count - Layout.endSize
      let stop = max(0, start - 65535)
      while start >= stop {
        if bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self) == Layout.end {
          let comment = Int(bytes.loadUnaligned(fromByteOffset: start + 20, as: UInt16.self))
          if start + Layout.endSize + comment == bytes.count { return start }
        }
        start -= 1
      }
    }
    throw cursor.error(
      "end of central directory", at: bytes.count, expected: "a zip archive, as torch.save writes it",
      found: FileKind(bytes) == .zip ? "no end record" : FileKind.describe(bytes) ?? "something else",
      remedy: FileKind.remedy(bytes) ?? ByteCursor.truncated)
  }

  private mutating func end64Record(before end: Int) throws(InputError) -> Int? {
    let locator = end - Layout.locator64Size
    guard locator >= 0, file.bytes.loadUnaligned(fromByteOffset: locator, as: UInt32.self) == Layout.locator64 else {
      return nil
    }
    cursor.position = locator + 8
    let offset = try cursor.read(UInt64.self, "zip64 locator")
    guard locator >= Layout.end64Size, offset == UInt64(locator - Layout.end64Size),
      file.bytes.loadUnaligned(fromByteOffset: locator - Layout.end64Size, as: UInt32.self) == Layout.end64
    else {
      throw cursor.error(
        "zip64 locator", at: locator, expected: "the zip64 end record right before it", found: "offset \(offset)")
    }
    return locator - Layout.end64Size
  }

  // MARK: Records

  /// What both headers of a record say.
  private struct Header: Equatable {
    var flags: UInt16
    var method: UInt16
    var crc: UInt32
    var compressed: UInt64
    var size: UInt64
  }

  private mutating func record(_ index: Int, directory: Range<Int>) throws(InputError) -> ZipArchive.Record {
    let start = cursor.position
    let field = "central directory, record \(index)"
    guard try cursor.read(UInt32.self, field) == Layout.centralHeader else {
      throw cursor.error(field, at: start, expected: "a record's signature", found: "something else")
    }
    cursor.position = start + 8
    var header = try header(field)
    let nameLength = try cursor.read(UInt16.self, field)
    let extraLength = try cursor.read(UInt16.self, field)
    let commentLength = try cursor.read(UInt16.self, field)
    cursor.position = start + 42
    var offset = UInt64(try cursor.read(UInt32.self, field))
    let name = try cursor.text(UInt64(nameLength), field)
    let extra = try cursor.take(UInt64(extraLength), name)
    _ = try cursor.take(UInt64(commentLength), name)
    guard cursor.position <= directory.upperBound else {
      throw cursor.error(name, at: start, expected: "a record within the directory", found: "one that runs past it")
    }
    try widen(&header, offset: &offset, extra: extra, name: name, at: start)
    try check(header, name: name, at: start)
    let range = try localRange(header, name: name, offset: offset, limit: directory.lowerBound)
    return ZipArchive.Record(name: name, range: range, crc: header.crc)
  }

  /// Flags, method, time and date, CRC and sizes stand in this order in both headers.
  private mutating func header(_ field: String) throws(InputError) -> Header {
    let flags = try cursor.read(UInt16.self, field)
    let method = try cursor.read(UInt16.self, field)
    _ = try cursor.read(UInt32.self, field)
    return Header(
      flags: flags, method: method, crc: try cursor.read(UInt32.self, field),
      compressed: UInt64(try cursor.read(UInt32.self, field)), size: UInt64(try cursor.read(UInt32.self, field)))
  }

  /// Replaces 32-bit fields that are all ones by the 64-bit ones of the extra field, which holds just those, in order.
  private func widen(
    _ header: inout Header, offset: inout UInt64, extra: UnsafeRawBufferPointer, name: String, at start: Int
  ) throws(InputError) {
    let marker = UInt64(UInt32.max)
    guard header.size == marker || header.compressed == marker || offset == marker else { return }
    var fields = ByteCursor(bytes: extra, file: file.path, base: start)
    while fields.remaining >= 4 {
      let id = try fields.read(UInt16.self, name)
      var body = ByteCursor(
        bytes: try fields.take(UInt64(try fields.read(UInt16.self, name)), name), file: file.path, base: start)
      guard id == Layout.extra64 else { continue }
      let field = "\(name), zip64 sizes"
      if header.size == marker { header.size = try body.read(UInt64.self, field) }
      if header.compressed == marker { header.compressed = try body.read(UInt64.self, field) }
      if offset == marker { offset = try body.read(UInt64.self, field) }
      return
    }
    throw cursor.error("\(name), zip64 sizes", at: start, expected: "an extra field that holds them", found: "none")
  }

  private func check(_ header: Header, name: String, at start: Int) throws(InputError) {
    let parts = name.utf8.split(separator: 0x2f, omittingEmptySubsequences: false)
    guard !name.isEmpty, name.utf8.count <= ZipArchive.maximumName,
      !name.utf8.contains(where: { $0 == 0x5c || $0 == 0 }),
      !parts.contains(where: { $0.isEmpty || $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) })
    else {
      throw cursor.error(
        "record name", at: start,
        expected: "a relative name without '..', at most \(ZipArchive.maximumName) bytes long",
        found: "\"\(name.escapingControlCharacters(limit: 80))\"")
    }
    guard header.flags & ~Layout.allowedFlags == 0 else {
      throw cursor.error(
        name, at: start, expected: "a plain record",
        found: header.flags & 0x41 != 0 ? "an encrypted one" : "flags 0x\(String(header.flags, radix: 16))")
    }
    guard header.method == 0 else {
      throw cursor.error(
        name, at: start, expected: "a stored record, as torch.save writes it",
        found: header.method == 8 ? "a deflated one" : "compression method \(header.method)",
        remedy: "Load the file in PyTorch with weights_only=True and save it again.")
    }
    guard header.compressed == header.size else {
      throw cursor.error(
        name, at: start, expected: "equal sizes in a stored record", found: "\(header.compressed) and \(header.size)")
    }
  }

  /// Where the record's data is, after comparing its own header with the directory.
  private func localRange(
    _ central: Header, name: String, offset: UInt64, limit: Int
  ) throws(InputError) -> Range<Int> {
    guard offset <= UInt64(limit) else {
      throw cursor.error(
        "\(name), offset", expected: "a header before the directory at \(limit)", found: "offset \(offset)")
    }
    let start = Int(offset)
    let field = "\(name), local header"
    var local = ByteCursor(
      bytes: UnsafeRawBufferPointer(rebasing: file.bytes[..<limit]), file: file.path, position: start)
    guard try local.read(UInt32.self, field) == Layout.localHeader else {
      throw local.error(field, at: start, expected: "a record's signature", found: "something else")
    }
    local.position = start + 6
    var reader = self
    reader.cursor = local
    var header = try reader.header(field)
    local.position = reader.cursor.position
    let nameLength = try local.read(UInt16.self, field)
    let extraLength = try local.read(UInt16.self, field)
    let localName = try local.text(UInt64(nameLength), field)
    let extra = try local.take(UInt64(extraLength), field)
    guard localName == name else {
      throw local.error(
        field, at: start, expected: "the directory's name for it",
        found: "\"\(localName.escapingControlCharacters(limit: 80))\"")
    }
    let sizesFollow = header.flags & Layout.sizesFollow != 0 && header.crc == 0 && header.size == 0
    if sizesFollow {
      (header.crc, header.compressed, header.size) = (central.crc, central.compressed, central.size)
    } else {
      var unused: UInt64 = 0
      try widen(&header, offset: &unused, extra: extra, name: name, at: start)
    }
    guard header == central else {
      throw local.error(
        field, at: start, expected: "flags, method, CRC and size as in the directory", found: "others")
    }
    let data = local.position
    guard central.size <= UInt64(limit - data) else {
      throw local.error(
        name, at: data, expected: "\(central.size) bytes", found: "only \(limit - data) before the directory",
        remedy: ByteCursor.truncated)
    }
    return data..<data + Int(central.size)
  }
}
