import Diagnostics
import ModelFiles
import Synchronization
import Tensors

/// `metrics.jsonl`: one JSON object a line, appended step by step and readable at any moment.
public final class MetricsLog: Sendable {
  /// The file.
  public let path: String
  private let file: AppendedFile
  private let lock = Mutex(())

  /// Opens the log for appending, and makes it if there is none. Half a line at the end, left by a process that was
  /// killed, is removed.
  ///
  /// - Throws: ``InputError`` if the file cannot be written to.
  public init(path: String) throws(InputError) {
    self.path = path
    file = try AppendedFile(path: path)
    let mapped = try MappedFile(path: path)
    let whole = mapped.bytes.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
    if whole < mapped.bytes.count { try file.truncate(to: whole) }
  }

  /// Appends a line, which has reached the operating system on return.
  ///
  /// - Throws: ``InputError``, for instance if the disk is full; the log then ends with the line before.
  public func append(_ record: MetricsRecord) throws(InputError) {
    let line = Array((record.text + "\n").utf8)
    try lock.withLock { _ throws(InputError) in _ = try file.append(line) }
  }

  /// Removes the lines of all steps after `step`, for a run that continues from there: its log will then be that of a
  /// run that was never interrupted, but for ``MetricsRecord/timingKeys``.
  ///
  /// - Throws: ``InputError`` if a line before cannot be read.
  public func truncate(afterStep step: Int) throws(InputError) {
    try lock.withLock { _ throws(InputError) in
      let mapped = try MappedFile(path: path)
      var end = 0
      try Self.forEachRecord(mapped) { record, range in
        guard record.step <= step else { return false }
        end = range.upperBound
        return true
      }
      if end < mapped.bytes.count { try file.truncate(to: end) }
    }
  }

  /// Reads a log, also one that is being written: half a line at its end is left out.
  ///
  /// - Throws: ``InputError`` with line and offset if a line is no record, or the file cannot be read.
  public static func read(path: String) throws(InputError) -> [MetricsRecord] {
    let file = try MappedFile(path: path)
    var records: [MetricsRecord] = []
    try forEachRecord(file) { record, _ in
      records.append(record)
      return true
    }
    try file.checkNotCut()
    return records
  }

  /// Calls `body` with each whole line and the bytes that it occupies with its newline, until it returns false.
  private static func forEachRecord(
    _ file: MappedFile, _ body: (MetricsRecord, Range<Int>) -> Bool
  ) throws(InputError) {
    var start = 0
    var line = 1
    while let end = file.bytes[start...].firstIndex(of: 0x0a) {
      let record: MetricsRecord
      do throws(InputError) {
        record = try MetricsRecord(line: UnsafeRawBufferPointer(rebasing: file.bytes[start..<end]), file: file.path)
      } catch {
        var error = error
        error.field = error.field.map { "line \(line), \($0)" } ?? "line \(line)"
        error.offset = UInt64(start) + (error.offset ?? 0)
        throw error
      }
      guard body(record, start..<end + 1) else { return }
      start = end + 1
      line += 1
    }
  }
}
