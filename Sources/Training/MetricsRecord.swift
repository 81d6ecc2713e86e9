import Diagnostics
import ModelFiles

/// What is logged of one training step: a line of `metrics.jsonl`.
public struct MetricsRecord: Sendable, Equatable {
  /// The step, counted from the start of the run.
  public let step: Int
  /// Everything, `step` first, in the order in which it was added.
  public private(set) var members: [JSONObject.Member]

  /// Keys of what depends on the machine's speed. All other values of a run can be repeated bit for bit.
  public static let timingKeys: Set<String> = ["samples_per_second"]

  /// A record with nothing but step and epoch.
  public init(step: Int, epoch: Int) {
    self.step = step
    members = [.init(key: "step", value: .integer(step)), .init(key: "epoch", value: .integer(epoch))]
  }

  /// Reads a record from a line.
  ///
  /// - Throws: ``InputError`` if it is no JSON object with a whole number as `step`.
  init(line: UnsafeRawBufferPointer, file: String) throws(InputError) {
    let value = try JSONValue.parse(bytes: line, file: file)
    step = try value.integer("step", in: 0...Int.max, file: file)
    members = value.object.map { Array($0) } ?? []
  }

  /// Adds a whole number.
  public mutating func append(_ key: String, _ value: Int) { append(key, .integer(value)) }
  /// Adds a truth value.
  public mutating func append(_ key: String, _ value: Bool) { append(key, .bool(value)) }
  /// Adds a text.
  public mutating func append(_ key: String, _ value: String) { append(key, .string(value)) }

  /// Adds a number in the shortest text that reads back as the same Double; `null` if it is not finite.
  public mutating func append(_ key: String, _ value: Double) {
    append(key, value.isFinite ? .number(value) : .null)
  }

  /// Adds a number in the shortest text that reads back as the same Float; `null` if it is not finite.
  public mutating func append(_ key: String, _ value: Float) { append(key, Double("\(value)") ?? .nan) }

  /// Adds anything. A key can be added once.
  public mutating func append(_ key: String, _ value: JSONValue) {
    precondition(self[key] == nil, "\(key) twice in one record")
    members.append(.init(key: key, value: value))
  }

  /// The value under a key.
  public subscript(key: String) -> JSONValue? { members.first { $0.key == key }?.value }

  /// The number under a key: NaN for `null`, nil if there is no such key or it holds no number.
  public func number(_ key: String) -> Double? {
    guard let value = self[key] else { return nil }
    return value.isNull ? .nan : value.double
  }

  /// The record without what depends on the machine's speed.
  public var withoutTiming: MetricsRecord {
    var record = self
    record.members.removeAll { Self.timingKeys.contains($0.key) }
    return record
  }

  /// The record as JSON text, without the newline.
  public var text: String { JSONValue.object(JSONObject(members)).text }
}
