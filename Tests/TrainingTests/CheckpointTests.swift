import Diagnostics
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

struct CheckpointTests {
  static func tensors(_ step: Int) -> [(String, Tensor)] {
    [
      ("phi.weight", Tensor((0..<15).map { Float($0 * step) / 7 }, shape: [3, 5])),
      ("adam.first/phi.weight", Tensor([Float(step), .nan, -0.0], shape: [3])),
      ("half", Tensor([1, 2], shape: [2]).converted(to: .bf16)), ("scalar", Tensor([5], shape: [])),
    ]
  }

  static func state(_ step: Int) -> [UInt8] { Array("{\"step\": \(step), \"epoch\": 1}\n".utf8) }

  static func expect(_ checkpoint: Checkpoint?, step: Int, _ comment: Comment? = nil) throws {
    let checkpoint = try #require(checkpoint, comment)
    #expect(checkpoint.step == step, comment)
    #expect(checkpoint.state == Self.state(step), comment)
    #expect(checkpoint.tensors.count == 4, comment)
    for (name, expected) in Self.tensors(step) {
      let tensor = try #require(checkpoint.tensors[name], comment)
      #expect(tensor.shape == expected.shape && tensor.type == expected.type, comment)
      #expect(tensor.bytes.elementsEqual(expected.bytes), comment)
      #expect(tensor.storage.file == nil, comment)
    }
  }

  @Test func whatIsSavedComesBack() throws {
    try withTemporaryFolder { folder in
      let store = CheckpointStore(directory: folder.path + "/run/checkpoints", keep: 2)
      #expect(store.loadLatest().checkpoint == nil && store.loadLatest().skipped.isEmpty)
      for step in [7, 8, 999_999, 1_000_000] {
        let path = try store.save(step: step, tensors: Self.tensors(step), state: Self.state(step))
        #expect(path == store.directory + "/" + Self.name(step))
        try Self.expect(store.loadLatest().checkpoint, step: step)
      }
      #expect(store.steps() == [999_999, 1_000_000])
      try Self.expect(CheckpointStore.load(path: store.directory + "/step-999999"), step: 999_999)
      store.remove(afterStep: 999_999)
      try Self.expect(store.loadLatest().checkpoint, step: 999_999)
      #expect(namesInDirectory(store.directory) == ["step-999999"])
    }
  }

  @Test func theSameStepAgainReplaces() throws {
    try withTemporaryFolder { folder in
      let store = CheckpointStore(directory: folder.path, keep: 1)
      try store.save(step: 3, tensors: [("old", Tensor([1], shape: [1]))], state: [])
      try store.save(step: 3, tensors: Self.tensors(3), state: Self.state(3))
      try Self.expect(store.loadLatest().checkpoint, step: 3)
      #expect(namesInDirectory(folder.path) == ["step-000003"])
    }
  }

  /// Every file of the newest checkpoint cut at every byte, and every byte changed.
  @Test(arguments: ["tensors.safetensors", "state.json", "manifest.json"])
  func damageIsNoticedAndTheCheckpointBeforeUsed(_ name: String) throws {
    try withTemporaryFolder { folder in
      let store = CheckpointStore(directory: folder.path)
      try store.save(step: 1, tensors: Self.tensors(1), state: Self.state(1))
      let newest = try store.save(step: 2, tensors: Self.tensors(2), state: Self.state(2))
      let url = URL(fileURLWithPath: newest + "/" + name)
      let whole = try Data(contentsOf: url)
      var harmless = 0
      func check(_ content: Data?, _ comment: Comment) throws {
        if let content { try content.write(to: url) } else { try FileManager.default.removeItem(at: url) }
        let found = store.loadLatest()
        if name == "manifest.json", found.checkpoint?.step == 2 {
          harmless += 1
          return try Self.expect(found.checkpoint, step: 2, comment)
        }
        try Self.expect(found.checkpoint, step: 1, comment)
        #expect(found.skipped.count == 1 && found.skipped[0].file.hasPrefix(newest), comment)
      }
      for position in 0..<whole.count {
        try check(whole.prefix(position), "cut at \(position)")
        var damaged = whole
        damaged[position] ^= 1
        try check(damaged, "byte \(position)")
      }
      try check(whole + Data([0x20]), "a byte more")
      try check(nil, "missing")
      // White space behind the manifest's last brace means nothing.
      #expect(harmless == (name == "manifest.json" ? 2 : 0))
      try whole.write(to: url)
      try Self.expect(store.loadLatest().checkpoint, step: 2)
    }
  }

  @Test(arguments: [0, 100, 500, 700])
  func aFullDiskLeavesTheCheckpointBefore(_ room: Int) async {
    await #expect(processExitsWith: .success) { [room] in
      try withTemporaryFolder { folder in
        let store = CheckpointStore(directory: folder.path)
        try store.save(step: 1, tensors: Self.tensors(1), state: Self.state(1))
        try limitFileSize(room)
        let large = Self.tensors(2) + [("large", Tensor(repeating: 1, shape: [100]))]
        let error = try #require(throws: InputError.self) {
          try store.save(step: 2, tensors: large, state: Self.state(2))
        }
        try #require(error.file.contains(".step-000002"))
        try #require(namesInDirectory(folder.path) == ["step-000001"])
        try Self.expect(store.loadLatest().checkpoint, step: 1)
      }
    }
  }

  @Test(arguments: 0..<4)
  func aKilledProcessLeavesWholeCheckpoints(_ attempt: Int) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("killed-\(attempt)-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, attempt] in
      let store = CheckpointStore(directory: path, keep: 2)
      Thread.detachNewThread {
        usleep(20_000 + 3_700 * UInt32(attempt))
        kill(getpid(), SIGKILL)
      }
      for step in 1...1_000_000 {
        try store.save(step: step, tensors: Self.tensors(step), state: Self.state(step))
        try Self.expect(store.loadLatest().checkpoint, step: step)
      }
    }
    let store = CheckpointStore(directory: path, keep: 2)
    let found = store.loadLatest()
    #expect(found.skipped.isEmpty)
    if let checkpoint = found.checkpoint { try Self.expect(checkpoint, step: checkpoint.step) }
    let next = (store.steps().last ?? 0) + 1
    try store.save(step: next, tensors: Self.tensors(next), state: Self.state(next))
    #expect(namesInDirectory(path) == (next > 1 ? [next - 1, next] : [next]).map(Self.name))
  }

  static func name(_ step: Int) -> String {
    "step-" + String(repeating: "0", count: max(0, 6 - "\(step)".utf8.count)) + "\(step)"
  }

  @Test func whatIsNoCheckpointIsAnError() throws {
    try withTemporaryFolder { folder in
      #expect(throws: InputError.self) { try CheckpointStore.load(path: folder.path) }
      #expect(throws: InputError.self) { try CheckpointStore.load(path: "/no/such") }
      let store = CheckpointStore(directory: folder.path + "/file/checkpoints")
      try Data().write(to: folder.appendingPathComponent("file"))
      #expect(throws: InputError.self) { try store.save(step: 1, tensors: [], state: []) }
    }
  }

  @Test func aRunsFolderHasOneHolder() throws {
    try withTemporaryFolder { folder in
      let path = folder.path + "/runs/one"
      var first: RunFolder? = try RunFolder(path: path)
      let error = #expect(throws: InputError.self) { try RunFolder(path: path) }
      #expect(error?.file == path && first?.metricsPath == path + "/metrics.jsonl")
      first = nil
      #expect(try RunFolder(path: path).checkpointsDirectory == path + "/checkpoints")
    }
  }
}
