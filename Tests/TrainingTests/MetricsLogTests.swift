import Diagnostics
import Foundation
import ModelFiles
import Testing
import TestSupport

@testable import Training

struct MetricsLogTests {
  static func record(_ step: Int) -> MetricsRecord {
    var record = MetricsRecord(step: step, epoch: step / 3)
    record.append("loss", Float(1) / Float(step + 3))
    record.append("learning_rate", 1e-5 * Double(step))
    record.append("gradient_norm", step == 2 ? Float.nan : 0.1)
    record.append("samples_per_second", 100 / Double(step + 1))
    return record
  }

  static func withLog(_ body: (String) throws -> Void) throws {
    try withTemporaryFolder { try body($0.appendingPathComponent("metrics.jsonl").path) }
  }

  @Test func theTextIsStable() throws {
    try Self.withLog { path in
      let log = try MetricsLog(path: path)
      var record = Self.record(2)
      record.append("skipped", true)
      record.append("batch", "a \"b\"\n")
      record.append("retries", 3)
      try log.append(Self.record(0))
      try log.append(record)
      #expect(
        try String(contentsOfFile: path, encoding: .utf8) == """
          {"step":0,"epoch":0,"loss":0.33333334,"learning_rate":0.0,"gradient_norm":0.1,"samples_per_second":100.0}
          {"step":2,"epoch":0,"loss":0.2,"learning_rate":2e-05,"gradient_norm":null,\
          "samples_per_second":33.333333333333336,"skipped":true,"batch":"a \\"b\\"\\n","retries":3}

          """)
      let read = try MetricsLog.read(path: path)
      #expect(read == [Self.record(0), record])
      #expect(read[1].number("gradient_norm")?.isNaN == true)
      #expect(read[1].number("nothing") == nil && read[1].number("batch") == nil)
      #expect(read[1].withoutTiming.members.map(\.key).contains("samples_per_second") == false)
      #expect(read[1].number("retries") == 3)
    }
  }

  @Test func numbersComeBackExactly() throws {
    try Self.withLog { path in
      var generator = SeededGenerator(state: 1)
      let floats = (0..<2000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: generator.next())) }
      let doubles = (0..<2000).map { _ in Double(bitPattern: generator.next()) }
      let log = try MetricsLog(path: path)
      for (index, (float, double)) in zip(floats, doubles).enumerated() {
        var record = MetricsRecord(step: index, epoch: 0)
        record.append("float", float)
        record.append("double", double)
        try log.append(record)
      }
      let read = try MetricsLog.read(path: path)
      #expect(read.count == 2000)
      for (index, record) in read.enumerated() {
        let float = try #require(record.number("float")).isNaN ? nil : record.number("float").map { Float($0) }
        let double = try #require(record.number("double")).isNaN ? nil : record.number("double")
        #expect(float == (floats[index].isFinite ? floats[index] : nil))
        #expect(double == (doubles[index].isFinite ? doubles[index] : nil))
      }
    }
  }

  @Test func aResumedRunsLogIsThatOfOneNeverInterrupted() throws {
    try Self.withLog { path in
      let log = try MetricsLog(path: path)
      for step in 1...5 { try log.append(Self.record(step)) }
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { $0.utf8.count + 1 }
      // Killed at any byte; the checkpoint is that of step 3.
      for cut in lines[..<3].reduce(0, +)...whole.count {
        try whole.prefix(cut).write(to: URL(fileURLWithPath: path))
        let read = try MetricsLog.read(path: path)
        #expect(read == (1...5).map(Self.record).prefix(read.count).map { $0 } && read.count >= 3)
        let log = try MetricsLog(path: path)
        try log.truncate(afterStep: 3)
        #expect(try MetricsLog.read(path: path) == (1...3).map(Self.record))
        for step in 4...5 { try log.append(Self.record(step)) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole, "cut at \(cut)")
      }
      // Killed before that, and continued without a checkpoint.
      for cut in 0..<lines[..<3].reduce(0, +) {
        try whole.prefix(cut).write(to: URL(fileURLWithPath: path))
        let log = try MetricsLog(path: path)
        try log.truncate(afterStep: 0)
        for step in 1...5 { try log.append(Self.record(step)) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole, "cut at \(cut)")
      }
    }
  }

  @Test(arguments: [
    ("{\"step\":1}\nnonsense\n{\"step\":2}\n", "line 2", 11 as UInt64),
    ("{\"step\":1}\n{\"loss\":1}\n", "line 2, step", 11),
    ("\n{\"step\":1}\n", "line 1", 0),
  ])
  func aLineThatIsNoRecordIsAnError(_ text: String, _ field: String, _ offset: UInt64) throws {
    try Self.withLog { path in
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: InputError.self) { try MetricsLog.read(path: path) }
      #expect(error?.file == path && error?.field == field && error?.offset == offset)
    }
  }

  @Test func missingOrUnwritableFilesAreErrors() throws {
    #expect(throws: InputError.self) { try MetricsLog.read(path: "/no/metrics.jsonl") }
    #expect(throws: InputError.self) { try MetricsLog(path: "/no/metrics.jsonl") }
    #expect(throws: InputError.self) { try MetricsLog(path: "/tmp") }
    #expect(throws: InputError.self) { try MetricsLog(path: "/dev/full") }
  }

  @Test func aFullDiskLeavesWholeLines() async {
    await #expect(processExitsWith: .success) {
      try Self.withLog { path in
        try limitFileSize(250)
        let log = try MetricsLog(path: path)
        try log.append(Self.record(1))
        try log.append(Self.record(2))
        let error = try #require(throws: InputError.self) { try log.append(Self.record(3)) }
        try #require(error.file == path && error.remedy != nil)
        try #require(try MetricsLog.read(path: path) == [Self.record(1), Self.record(2)])
        try #require(try AppendedFile(path: path).read(1, at: Int(AppendedFile(path: path).size()) - 1) == [0x0a])
      }
    }
  }
}
