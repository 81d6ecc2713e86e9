import Foundation
import ModelFiles
import TestSupport
import Testing

/// `convert`, `trace`, `tokenize --model` and help.
struct FileCommandTests {
  @Test func aConversionThatFailsLeavesNothing() throws {
    try withTemporaryFolder { folder in
      let output = folder.appendingPathComponent("model.gguf").path
      var arguments = TinyModel.conversion("tiny-a", to: output)
      try arguments[#require(arguments.firstIndex(of: "--vision")) + 1] = "/nowhere.pth"
      let result = try ChildProcess.tinygptv(arguments)
      #expect(result.ending == .exited(65) && result.errorOutput.contains("/nowhere.pth"))
      let noFolder = try ChildProcess.tinygptv(TinyModel.conversion("tiny-a", to: folder.path + "/no/model.gguf"))
      #expect(noFolder.ending == .exited(65) && noFolder.errorOutput.contains("/no"))
      let noType = try ChildProcess.tinygptv(TinyModel.conversion("tiny-a", to: output) + ["--type", "q9"])
      #expect(noType.ending == .exited(64))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
  }

  @Test func aConversionIsWhole() throws {
    try withTemporaryFolder { folder in
      let output = folder.appendingPathComponent("model.gguf").path
      let arguments = TinyModel.conversion("tiny-a", to: output) + ["--type", "q8_0", "--adapter-name", "mine"]
      let result = try ChildProcess.tinygptv(arguments)
      #expect(result.ending == .exited(0))
      #expect(result.output.isEmpty)
      #expect(!result.errorOutput.utf8.contains(0x1b))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.gguf"])
      let file = try GGUFFile(path: output)
      #expect(try file.string("general.architecture") == "tinygptv")
      #expect(try file.strings("tinygptv.adapter.names") == ["mine"])
      #expect(file.description(of: "output_norm.weight")?.type == .f32)
      // Rows of 80 are no multiple of 32; those of 320 are.
      #expect(file.description(of: "blk.0.attn_qkv.weight")?.type == .f16)
      #expect(file.description(of: "blk.0.ffn_down.weight")?.type == .q8_0)
      let inspection = try ChildProcess.tinygptv(["inspect", output])
      #expect(inspection.ending == .exited(0))
      #expect(inspection.text.contains("mine") && inspection.text.contains("q8_0"))
    }
  }

  @Test func aTraceHasTheReferencesNames() throws {
    try withTemporaryFolder { folder in
      let output = folder.appendingPathComponent("trace.safetensors").path
      let result = try ChildProcess.tinygptv([
        "trace", "--model", TinyModel.path("tiny-a"), "--image", Fixtures.path("tiny-a/images/gray.jpg"),
        "--raw-prompt", "<Img><ImageHere></Img> what?", "--output", output,
      ])
      #expect(result.ending == .exited(0) && result.output.isEmpty)
      let file = try SafetensorsFile(path: output)
      #expect(
        file.tensorNames == [
          "pixels", "vit.block0", "vit.output", "ln_vision", "qformer", "image_embeds", "inputs_embeds", "phi.layer0",
          "phi.final_norm", "logits",
        ])
      #expect(file.description(of: "pixels")?.shape == [3, 112, 112])
      let reference = try SafetensorsFile(path: Fixtures.path("tiny-a/expected.safetensors"))
      let found = try #require(file.tensor(named: "qformer")).floatArray()
      let expected = try #require(reference.tensor(named: "gray_jpg/qformer")).floatArray()
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-3 })
    }
  }

  @Test func aModelsTokenizerGoesBothWays() throws {
    let text = "\"###Human: what is it? ###\"\n\"a  b é🙂\"\n"
    let model = try TinyModel.path("tiny-a")
    let ids = try ChildProcess.tinygptv(["tokenize", "--model", model], input: Data(text.utf8))
    #expect(ids.ending == .exited(0))
    let back = try ChildProcess.tinygptv(["tokenize", "--model", model, "--decode"], input: ids.output)
    #expect(back.text == text)
    let phi = try ChildProcess.tinygptv(["tokenize", "--phi", Fixtures.path("tiny-a/phi")], input: Data(text.utf8))
    #expect(phi.output == ids.output)
    #expect(try ChildProcess.tinygptv(["tokenize"]).ending == .exited(64))
  }

  @Test(arguments: [[], ["ask"], ["convert"], ["trace"], ["tokenize"], ["inspect"]])
  func helpIsNoError(_ command: [String]) throws {
    let result = try ChildProcess.tinygptv(command + ["--help"])
    #expect(result.ending == .exited(0))
    #expect(result.text.contains("USAGE: tinygptv"))
    #expect(!result.output.contains(0x1b))
  }

  @Test func anUnknownCommandIsAUsageError() throws {
    #expect(try ChildProcess.tinygptv(["cook"]).ending == .exited(64))
  }
}
