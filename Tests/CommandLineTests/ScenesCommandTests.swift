import Foundation
import TestSupport
import Testing

/// `scenes`.
struct ScenesCommandTests {
  private func scenes(_ folder: URL, _ arguments: String...) throws -> ChildProcess.Result {
    try ChildProcess.tinygptv(["scenes", "--output", folder.path] + arguments)
  }

  private func lines(_ folder: URL) throws -> [Substring] {
    try String(contentsOf: folder.appendingPathComponent("data.jsonl"), encoding: .utf8).split(separator: "\n")
  }

  @Test func theSameSeedGivesTheSameFiles() throws {
    try withTemporaryFolder { folder in
      let (first, second) = (folder.appendingPathComponent("a"), folder.appendingPathComponent("b"))
      for output in [first, second] {
        let result = try scenes(output, "--count", "5", "--seed", "7", "--size", "64-128", "--objects", "2-3")
        #expect(result.ending == .exited(0) && result.output.isEmpty)
      }
      let lines = try lines(first)
      #expect(lines.count == 5)
      for (index, line) in lines.enumerated() {
        let record = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let name = try #require(record["image"] as? String)
        #expect(name == "images/00000\(index + 1).png")
        let count = try #require(record["objects"] as? [[String: Any]]).count
        #expect((2...3).contains(count))
        let files = [first, second].map { FileManager.default.contents(atPath: $0.appendingPathComponent(name).path) }
        #expect(files[0] != nil && files[0] == files[1])
      }
      #expect(try self.lines(second) == lines)
    }
  }

  @Test func aFullDirectoryIsRefused() throws {
    try withTemporaryFolder { folder in
      try Data().write(to: folder.appendingPathComponent("mine"))
      let arguments = ["--count", "1", "--size", "64", "--format", "jpg"]
      let refused = try ChildProcess.tinygptv(["scenes", "--output", folder.path] + arguments)
      #expect(refused.ending == .exited(65) && refused.errorOutput.contains("--force"))
      let forced = try ChildProcess.tinygptv(["scenes", "--output", folder.path, "--force"] + arguments)
      #expect(forced.ending == .exited(0))
      let picture = FileManager.default.contents(atPath: folder.appendingPathComponent("images/000001.jpg").path)
      #expect(picture?.prefix(2) == Data([0xff, 0xd8]))
    }
  }

  @Test(arguments: [
    ["--count", "0"], ["--count", "1", "--objects", "6-1"], ["--count", "1", "--size", "big"],
    ["--count", "1", "--size", "2"], ["--count", "1", "--objects", "99"], ["--count", "1", "--format", "gif"],
  ]) func badOptionsAreRefused(arguments: [String]) throws {
    try withTemporaryFolder { folder in
      let result = try ChildProcess.tinygptv(["scenes", "--output", folder.path] + arguments)
      #expect(
        result.ending == .exited(64) && result.errorOutput.contains("expected")
          || result.errorOutput.contains("--format"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
  }

  @Test func aStopLeavesAWholeSet() throws {
    try withTemporaryFolder { folder in
      let script = """
        "$0" scenes --output "$1" --count 999999 --size 64 & child=$!
        until [ -e "$1/images/000003.png" ]; do kill -0 $child || exit 99; sleep 0.01; done
        kill -INT $child
        wait $child
        """
      let result = try ChildProcess.run(["/bin/sh", "-c", script, ChildProcess.executable, folder.path])
      #expect(result.ending == .exited(130) && result.errorOutput.contains("stopped after"))
      let images = try FileManager.default.contentsOfDirectory(
        atPath: folder.appendingPathComponent("images").path)
      #expect(try lines(folder).count == images.count && !images.isEmpty)
      #expect(images.allSatisfy { $0.hasSuffix(".png") })
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["data.jsonl", "images"])
    }
  }
}
