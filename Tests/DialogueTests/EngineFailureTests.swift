import Foundation
import ModelFiles
import Tensors
import TestSupport
import Testing

@testable import Dialogue

/// What an engine cannot do is told in words, and the next question is answered.
struct EngineFailureTests {
  /// Expects a failure, and that the engine still answers.
  private func expectFailure(
    _ kind: ChatFailure.Kind, naming name: String, of request: ChatRequest, _ engine: ModelEngine,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let failure = await engine.reply(request).failure
    #expect(failure?.kind == kind, sourceLocation: sourceLocation)
    #expect(
      failure?.description.contains(name) == true, "\(String(describing: failure))", sourceLocation: sourceLocation)
    let next = await engine.reply(Tiny.request())
    #expect(next.failure == nil && !next.text.isEmpty, sourceLocation: sourceLocation)
  }

  @Test func badPicturesAreNamed() async throws {
    let engine = try Tiny.engine()
    try await withTemporaryFolder { folder in
      let text = folder.appendingPathComponent("text.png").path
      try Data("no picture".utf8).write(to: URL(fileURLWithPath: text))
      try await expectFailure(.picture, naming: "text.png", of: Tiny.request(picture: text), engine)
      try await expectFailure(.picture, naming: folder.path, of: Tiny.request(picture: folder.path), engine)
      let missing = folder.appendingPathComponent("none\u{1b}.png").path
      try await expectFailure(.picture, naming: "none\\u{1b}.png", of: Tiny.request(picture: missing), engine)
    }
  }

  @Test func questionsAndSettingsAreChecked() async throws {
    let engine = try Tiny.engine()
    var request = Tiny.request(" ")
    try await expectFailure(.question, naming: "vqa", of: request, engine)
    request = Tiny.request()
    request.sampling.temperature = .nan
    try await expectFailure(.question, naming: "--temperature", of: request, engine)
    request = Tiny.request(tokens: 0)
    try await expectFailure(.question, naming: "--max-tokens", of: request, engine)
    request = Tiny.request()
    request.template = "no place"
    try await expectFailure(.question, naming: "template", of: request, engine)
    // Neither needed the picture.
    #expect(engine.inspect { $0.encodedPictures } == 1)
  }

  @Test func aQuestionLongerThanTheContextIsRefused() async throws {
    let engine = try Tiny.engine()
    let request = Tiny.request(String(repeating: "a b c d ", count: 400))
    try await expectFailure(.context, naming: "512", of: request, engine)
  }

  @Test func adaptersThatAreNotThereAreNamed() async throws {
    let engine = try Tiny.engine()
    try await expectFailure(.adapter, naming: "second", of: Tiny.request(adapter: "third"), engine)
    var options = try Tiny.options()
    options.adapterPaths = ["/nowhere/adapter"]
    let missing = await failure(of: ModelEngine(options))
    #expect(missing?.kind == .adapter && missing?.message.contains("/nowhere/adapter") == true)
  }

  @Test func adaptersInTheFolderAreReadWhenTheyAreAskedFor() async throws {
    try await withTemporaryFolder { folder in
      let manager = FileManager.default
      for name in ["second", "good"] {
        try manager.copyItem(
          atPath: Fixtures.path("tiny-a/adapters/second"), toPath: folder.appendingPathComponent(name).path)
      }
      try Data("GGUF".utf8).write(to: folder.appendingPathComponent("bad.gguf"))
      try Data("x".utf8).write(to: folder.appendingPathComponent("notes.txt"))
      var options = try Tiny.options()
      options.adapterFolder = folder.path
      let engine = ModelEngine(options)
      guard case .ready(let description) = await engine.opened() else {
        Issue.record("not ready")
        return
      }
      #expect(description.adapters.map(\.name) == [Tiny.adapter, "second", "bad", "good", "second-2"])
      let second = await engine.reply(Tiny.request(adapter: "second")).text
      #expect(await engine.reply(Tiny.request(adapter: "good")).text == second)
      #expect(await engine.reply(Tiny.request(adapter: "second-2")).text == second)
      try await expectFailure(.adapter, naming: "bad.gguf", of: Tiny.request(adapter: "bad"), engine)
    }
  }

  @Test func aModelThatIsNotThereIsToldTwice() async throws {
    let engine = ModelEngine(ModelEngineOptions(modelPath: "/nowhere.gguf"))
    let failure = await failure(of: engine)
    #expect(failure?.kind == .model && failure?.message.contains("/nowhere.gguf") == true)
    #expect(await engine.reply(Tiny.request()).failure == failure)
  }

  @Test func aModelWithoutEyesAnswersTextOnly() async throws {
    try await withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("phi.gguf").path
      let made = try ChildProcess.tinygptv([
        "convert", "--phi", Fixtures.path("tiny-a/phi"), "--output", path, "--type", "f32",
      ])
      try #require(made.ending == .exited(0), "\(made.errorOutput)")
      let engine = ModelEngine(ModelEngineOptions(modelPath: path))
      let refused = await engine.reply(Tiny.request(adapter: nil)).failure
      #expect(refused?.kind == .picture && refused?.remedy != nil)
      #expect(await engine.reply(Tiny.request(picture: nil, adapter: nil)).failure == nil)
    }
  }

  @Test func weightsThatAreNoNumbersAreTold() async throws {
    try await withTemporaryFolder { folder in
      let model = try TinyModel.path("tiny-a")
      var bytes = try Data(contentsOf: URL(fileURLWithPath: model))
      let tensor = try #require(try GGUFFile(path: model).tensor(named: "blk.1.ffn_up.weight"))
      let range = try #require(bytes.range(of: Data(tensor.bytes)))
      for start in stride(from: range.lowerBound, to: range.upperBound, by: 4) {
        bytes.replaceSubrange(start..<start + 4, with: [0, 0, 0xc0, 0x7f])
      }
      let path = folder.appendingPathComponent("nan.gguf")
      try bytes.write(to: path)
      let engine = ModelEngine(ModelEngineOptions(modelPath: path.path))
      for _ in 0..<2 {
        let failure = await engine.reply(Tiny.request()).failure
        #expect(failure?.kind == .numbers && failure?.message.contains("NaN") == true && failure?.remedy != nil)
      }
    }
  }

  @Test func tooLittleMemoryIsToldBeforeItIsTaken() async throws {
    let engine = try Tiny.engine()
    _ = await engine.opened()
    engine.inspect { $0.availableMemory = { 1000 } }
    let failure = await engine.reply(Tiny.request()).failure
    #expect(failure?.kind == .memory && failure?.remedy != nil)
    engine.inspect { $0.availableMemory = { nil } }
    #expect(await engine.reply(Tiny.request()).failure == nil)
    #expect(SystemMemory.available ?? 0 > 1 << 20)
    #expect(SystemMemory.canAllocate(1000) && !SystemMemory.canAllocate(Int.max / 2))
    #expect(SystemMemory.text(1_250_000_000) == "1.3 GB" && SystemMemory.text(2_500_000) == "3 MB")
  }

  private func failure(of engine: ModelEngine) async -> ChatFailure? {
    if case .failed(let failure) = await engine.opened() { failure } else { nil }
  }
}
