import Foundation
import TestSupport
import Testing
import TinyGPTV

/// The recipe of the bundled model: each stage must find what those before it left.
struct DemoModelTests {
  @Test func theRecipeLeadsFromNothingToAModel() throws {
    try withTemporaryFolder { folder in
      let script = Fixtures.directory.deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Scripts/train-demo-model").path
      // One step each, which teaches nothing.
      let steps = ["--options", "run.max_epoch=1", "run.iters_per_epoch=1"]
      func train() throws -> ChildProcess.Result {
        try ChildProcess.run(
          [script, "--folder", folder.path] + steps, environment: ["TINYGPTV": ChildProcess.executable], seconds: 300)
      }
      let result = try train()
      #expect(result.ending == .exited(0), "\(result.errorOutput)")
      let model = try TinyGPTVModel(path: folder.path + "/assets/tinygptv-demo.gguf")
      #expect(model.adapters.map(\.name) == ["multitask", "sentences", "spanish"])
      #expect(model.activeAdapter == "multitask")
      // What is finished is not done again.
      let again = try train()
      #expect(again.ending == .exited(0))
      #expect(!again.text.contains("==") && again.seconds < result.seconds)
    }
  }
}
