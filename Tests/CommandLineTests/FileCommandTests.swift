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

  @Test func aModelFileBecomesAnother() throws {
    try withTemporaryFolder { folder in
      let (source, output) = (try TinyModel.path("tiny-q"), folder.path + "/other.gguf")
      let second = Fixtures.path("tiny-q/adapters/second")
      let result = try ChildProcess.tinygptv([
        "convert", "--model", source, "--type", "q8_0", "--add-adapter", second, "--output", output,
      ])
      #expect(result.ending == .exited(0) && !result.errorOutput.contains("rounded"), "\(result.errorOutput)")
      var file = try GGUFFile(path: output)
      #expect(try file.strings("tinygptv.adapter.names") == ["TinyGPT-V_for_Stage4", "second"])
      #expect(try file.string("tinygptv.adapter.default") == "TinyGPT-V_for_Stage4")
      #expect(try file.string("general.name") == "TinyGPT-V_for_Stage4")
      #expect(file.description(of: "blk.0.attn_qkv.weight")?.type == .q8_0)
      // Once more over the same file, which holds rounded numbers by now.
      let again = try ChildProcess.tinygptv([
        "convert", "--model", output, "--type", "f16", "--remove-adapter", "TinyGPT-V_for_Stage4", "--output", output,
      ])
      #expect(again.ending == .exited(0) && again.errorOutput.contains("rounded"), "\(again.errorOutput)")
      file = try GGUFFile(path: output)
      #expect(try file.string("tinygptv.adapter.default") == "second")
      #expect(file.description(of: "blk.0.attn_qkv.weight")?.type == .f16)
      // Merged, it answers as with the adapter.
      let merged = folder.path + "/merged.gguf"
      let merging = try ChildProcess.tinygptv([
        "convert", "--model", output, "--merge", "--type", "f32", "--name", "mine", "-o", merged,
      ])
      #expect(merging.ending == .exited(0))
      #expect(try GGUFFile(path: merged).string("general.name") == "mine")
      #expect(try GGUFFile(path: merged).metadata["tinygptv.adapter.names"] == nil)
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["merged.gguf", "other.gguf"])
      let answers = try [merged, output].map { model in
        try ChildProcess.tinygptv(["ask", "--model", model, "--max-tokens", "4", "--ignore-stop", "what?"]).text
      }
      #expect(answers[0] == answers[1] && !answers[0].isEmpty)
    }
  }

  @Test func anAdapterIsExtractedAndShown() throws {
    try withTemporaryFolder { folder in
      let source = try TinyModel.path("tiny-a")
      for (name, options) in [("lora.gguf", []), ("lora", ["--layout", "split"])] {
        let output = folder.appendingPathComponent(name).path
        let arguments = ["convert", "--model", source, "--extract-adapter", "TinyGPT-V_for_Stage4", "--output", output]
        let result = try ChildProcess.tinygptv(arguments + options)
        #expect(result.ending == .exited(0), "\(result.errorOutput)")
        let shown = try ChildProcess.tinygptv(["inspect", output])
        #expect(shown.ending == .exited(0))
        let line = shown.text.split(separator: "\n").first { $0.contains("rank 8") && $0.hasPrefix("  lora") }
        #expect(line?.contains("alpha 16.0") == true && line?.contains("scale 2.0") == true, "\(shown.text)")
        #expect(
          line?.contains(name == "lora" ? "12 pairs" : "6 pairs") == true && line?.contains("0 overrides") == true)
        let json = try JSONSerialization.jsonObject(with: ChildProcess.tinygptv(["inspect", "--json", output]).output)
        let adapters = (json as? [String: Any])?["adapters"] as? [[String: Any]]
        #expect(adapters?.first?["rank"] as? Int == 8)
      }
      let shown = try ChildProcess.tinygptv(["inspect", Fixtures.path("peft/adapter")])
      #expect(shown.text.contains("ranks 2–4") && shown.text.contains("overrides") && shown.text.contains("lora_alpha"))
    }
  }

  @Test func conversionOptionsOfTheOtherKindAreRefused() throws {
    let model = try TinyModel.path("tiny-a")
    for arguments in [
      [], ["--phi", "x", "--model", model], ["--model", model, "--vision", "x"], ["--phi", "x", "--add-adapter", "y"],
      ["--model", model, "--layout", "split"], ["--model", model, "--name", "a", "--extract-adapter", "x"],
      ["--model", model, "--merge", "--extract-adapter", "x"],
      ["--model", model, "--extract-adapter", "x", "--type", "q8_0"],
    ] {
      let result = try ChildProcess.tinygptv(["convert", "--output", "/nowhere/x.gguf"] + arguments)
      #expect(result.ending == .exited(64), "\(arguments)")
    }
    for option in ["--remove-adapter", "--default-adapter", "--extract-adapter"] {
      let result = try ChildProcess.tinygptv(["convert", "-o", "/nowhere/x.gguf", "--model", model, option, "other"])
      #expect(result.ending == .exited(65) && result.errorOutput.contains("TinyGPT-V_for_Stage4"), "\(option)")
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

  @Test func helpListsEachCommandOnce() throws {
    let help = try ChildProcess.tinygptv(["--help"]).text
    let names = help.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
      .map { $0.split(separator: " ")[0] }
    #expect(names.contains("train") && Set(names).count == names.count, "\(names)")
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
