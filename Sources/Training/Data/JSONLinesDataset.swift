import Diagnostics
import Foundation
import ModelFiles
import Tensors

/// A file with a JSON object on each line: `{"image": path, "instruction": …, "answer": …}`, or with
/// `"conversation": [{"instruction": …, "answer": …}, …]` in place of the last two.
///
/// `image` may be missing or null; its path is relative to the file's folder. Other keys are allowed and not read. The file
/// is mapped, not read; opening it finds the lines, and a line is decoded when it is wanted. Blank lines, a byte order mark
/// and carriage returns at the ends of lines do not matter.
public struct JSONLinesDataset: Sendable {
  /// Where a record's line begins, and its number.
  private struct Line {
    let offset: Int
    let number: Int
  }

  /// A line beyond this many bytes is no record but a file that is something else.
  public static let maximumLineBytes = 16 << 20

  /// The file, as it was named.
  public var path: String { file.path }

  private let file: MappedFile
  private let lines: [Line]
  private let directory: String

  /// Opens a file and finds its lines.
  public init(path: String) throws(InputError) {
    file = try MappedFile(path: path)
    let slash = path.lastIndex(of: "/")
    directory = slash.map { String(path[...$0]) } ?? ""
    lines = Self.lines(in: file.bytes)
    try file.checkNotCut()
  }

  /// How many lines are not blank.
  public var count: Int { lines.count }

  /// Decodes a line; from any thread.
  ///
  /// - Parameter index: a record's place, below ``count``.
  /// - Throws: ``InputError`` naming file and line of a broken one.
  public func record(at index: Int) throws(InputError) -> TrainingRecord {
    let line = lines[index]
    let origin = TrainingRecord.Origin(file: file.path, line: line.number)
    let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[line.offset..<Self.endOfLine(in: file.bytes, line.offset)])
    defer { withExtendedLifetime(file) {} }
    do throws(InputError) {
      guard bytes.count <= Self.maximumLineBytes else {
        throw InputError(
          file: origin.description, expected: "a line of at most \(Self.maximumLineBytes) bytes",
          found: "\(bytes.count)")
      }
      let value = try JSONValue.parse(bytes: bytes, file: origin.description)
      let record = try record(value, origin)
      try file.checkNotCut()
      return record
    } catch {
      try file.checkNotCut()
      var error = error
      error.offset = error.offset.map { $0 + UInt64(line.offset) }
      throw error
    }
  }

  private func record(_ value: JSONValue, _ origin: TrainingRecord.Origin) throws(InputError) -> TrainingRecord {
    let place = origin.description
    let image = try value.stringIfPresent("image", file: place)
    guard image?.isEmpty != true else {
      throw InputError(file: place, field: "image", expected: "a path, or null", found: "an empty text")
    }
    let imagePath = image.map { $0.hasPrefix("/") ? $0 : directory + $0 }
    guard let conversation = value["conversation"] else {
      return TrainingRecord(imagePath: imagePath, turns: [try Self.turn(value, "", place)], origin: origin)
    }
    guard value["instruction"] == nil, value["answer"] == nil else {
      throw InputError(
        file: place, expected: "either a conversation or an instruction with its answer", found: "both")
    }
    guard let elements = conversation.array, !elements.isEmpty else {
      throw InputError(
        file: place, field: "conversation", expected: "an array of at least one turn", found: conversation.kind)
    }
    var turns: [Turn] = []
    for (index, element) in elements.enumerated() {
      turns.append(try Self.turn(element, "conversation[\(index)].", place))
    }
    return TrainingRecord(imagePath: imagePath, turns: turns, origin: origin)
  }

  private static func turn(_ value: JSONValue, _ prefix: String, _ place: String) throws(InputError) -> Turn {
    func text(_ key: String) throws(InputError) -> String {
      do throws(InputError) {
        return try value.string(key, file: place)
      } catch {
        var error = error
        error.field = prefix + (error.field ?? "")
        throw error
      }
    }
    let turn = Turn(
      instruction: try text("instruction"), answer: try text("answer"),
      aspect: try value.stringIfPresent("aspect", file: place),
      followsPrevious: try value.boolIfPresent("follows", file: place) ?? false)
    // Nothing would be learned from an answer that is empty.
    guard !turn.answer.unicodeScalars.allSatisfy(\.properties.isWhitespace) else {
      throw InputError(file: place, field: prefix + "answer", expected: "a text", found: "nothing but white space")
    }
    return turn
  }
}

// MARK: - Lines

extension JSONLinesDataset {
  private static func lines(in bytes: UnsafeRawBufferPointer) -> [Line] {
    var lines: [Line] = []
    // A byte order mark, which some editors write.
    var start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    var number = 1
    while start < bytes.count {
      let end = endOfLine(in: bytes, start)
      let isBlank = bytes[start..<end].allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
      if !isBlank { lines.append(Line(offset: start, number: number)) }
      start = end + 1
      number += 1
    }
    return lines
  }

  /// The position of the line feed that ends a line, or of the end of the file.
  private static func endOfLine(in bytes: UnsafeRawBufferPointer, _ start: Int) -> Int {
    guard start < bytes.count, let base = bytes.baseAddress else { return bytes.count }
    guard let end = memchr(base + start, 0x0a, bytes.count - start) else { return bytes.count }
    return UnsafeRawPointer(end) - base
  }
}
