import Diagnostics
import Foundation
import ModelFiles
import Tensors
import TestSupport
import Testing

/// The files that the reference code and Python's packages wrote.
@Suite struct FixtureTests {
  @Test(
    "a stage checkpoint holds the same LoRA tensors as its PEFT adapter", arguments: ["tiny-a", "tiny-b", "tiny-q"])
  func checkpointAgainstAdapter(_ model: String) throws {
    let checkpoint = try PyTorchArchive(path: Fixtures.path("\(model)/TinyGPT-V_for_Stage4.pth"))
    let adapter = try SafetensorsFile(path: Fixtures.path("\(model)/adapters/stage4/adapter_model.safetensors"))
    #expect(checkpoint.section == "model")
    #expect(adapter.metadata == ["format": "pt"])
    #expect(adapter.tensorNames.count >= 8)
    for name in adapter.tensorNames {
      let upstream = "llama_model." + name.replacing(".weight", with: ".default.weight")
      let mine = try #require(adapter.tensor(named: name))
      let theirs = try #require(checkpoint.tensor(named: upstream), "\(upstream)")
      #expect(mine.shape == theirs.shape && mine.type == theirs.type)
      #expect(mine.bytes.elementsEqual(theirs.bytes), "\(name)")
    }
  }

  @Test("what a checkpoint holds beside its tensors")
  func extras() throws {
    let root = try PyTorchArchive(path: Fixtures.path("tiny-a/TinyGPT-V_for_Stage4.pth")).root
    #expect(root["epoch"]?.integer == 4)
    #expect(root["scaler"]?.isNone == true)
    #expect(root["config"]?["run"]?["task"]?.string == "image_text_pretrain")
    let group = try #require(root["optimizer"]?["param_groups"]?.elements?.first)
    #expect(group["betas"]?.elements?.map(\.double) == [0.9, 0.999])
    #expect(group["amsgrad"]?.bool == false)
    #expect(group["params"]?.elements?.compactMap(\.integer) == Array(0..<29))
  }

  @Test("all files are read whole", arguments: ["tiny-a", "tiny-b", "tiny-q"])
  func allFiles(_ model: String) throws {
    let counts = [
      ("eva_vit_g.pth", ["tiny-a": 60, "tiny-b": 73, "tiny-q": 47], ScalarType.f16),
      ("blip2_pretrained_flant5xxl.pth", ["tiny-a": 125, "tiny-b": 103, "tiny-q": 71], .f32),
      ("TinyGPT-V_for_Stage1.pth", ["tiny-a": 17, "tiny-b": 21, "tiny-q": 13], .f32),
      ("phi", ["tiny-a": 35, "tiny-b": 61, "tiny-q": 33], model == "tiny-q" ? .f16 : .f32),
      ("expected.safetensors", ["tiny-a": 121, "tiny-b": 137, "tiny-q": 105], .f32),
    ]
    for (name, count, type) in counts {
      let file = try TensorFiles.open(path: Fixtures.path("\(model)/\(name)"))
      #expect(file.tensorNames.count == count[model])
      for tensor in file.tensorNames {
        let description = try #require(file.description(of: tensor))
        let value = try #require(file.tensor(named: tensor))
        #expect(value.shape == description.shape && value.type == description.type)
        #expect(value.type == type || value.type == .i64)
        #expect(value.bytes.count == description.byteCount)
      }
      #expect(file.tensor(named: "no such tensor") == nil)
      try file.checkNotCut()
    }
  }

  @Test("checksums of a whole archive")
  func checksums() throws {
    try PyTorchArchive(path: Fixtures.path("tiny-a/eva_vit_g.pth")).verifyChecksums()
  }

  @Test("a GGUF file by Python's gguf package")
  func gguf() throws {
    let file = try GGUFFile(path: Fixtures.path("gguf/phi2.gguf"))
    #expect(file.version == 3)
    #expect(try file.string("general.architecture") == "phi2")
    #expect(try file.integer("phi2.block_count", in: 1...100) == 2)
    #expect(try file.float("phi2.attention.layer_norm_epsilon") == 1e-5)
    #expect(try file.strings("tokenizer.ggml.tokens") == ["!", "\"", "\u{120}a", "<|endoftext|>", "é", "🙂"])
    #expect(try file.integers("tokenizer.ggml.token_type") == [1, 1, 1, 3, 1, 1])
    #expect(try file.floats("fixture.floats") == [0.5, -1.25, 3])
    #expect(file.metadata["fixture.uint64"] == .uint64(1 << 63 + 1))
    #expect(try file.bool("tokenizer.ggml.add_bos_token") == false)
    #expect(file.metadata.first?.key == "general.architecture")
    let types = try file.tensorNames.map { try #require(file.description(of: $0)).type }
    #expect(types == [.f32, .f32, .f32, .f16, .bf16, .q8_0, .q4_0, .q4_k, .q6_k])
    #expect(file.description(of: "token_embd.weight")?.shape == [6, 256])
    let expected = try SafetensorsFile(path: Fixtures.path("gguf/phi2-dequantized.safetensors"))
    for name in ["token_embd.weight", "output_norm.weight"] {
      let mine = try #require(file.tensor(named: name))
      #expect(mine.bytes.elementsEqual(try #require(expected.tensor(named: name)).bytes))
    }
  }

  @Test("metadata that is missing, of another type or out of range: the error names file and key")
  func metadataErrors() throws {
    let file = try GGUFFile(path: Fixtures.path("gguf/phi2.gguf"))
    let failures: [(String, () throws -> Any)] = [
      ("phi2.missing", { try file.integer("phi2.missing", in: 0...1) }),
      ("general.name", { try file.integer("general.name", in: 0...1) }),
      ("phi2.block_count", { try file.integer("phi2.block_count", in: 3...4) }),
      ("fixture.uint64", { try file.integer("fixture.uint64", in: 0...Int.max) }),
      ("phi2.block_count", { try file.float("phi2.block_count") }),
      ("phi2.block_count", { try file.string("phi2.block_count") }),
      ("fixture.floats", { try file.integers("fixture.floats") }),
      ("fixture.floats", { try file.strings("fixture.floats") }),
      ("tokenizer.ggml.token_type", { try file.floats("tokenizer.ggml.token_type") }),
      ("tokenizer.ggml.token_type[3]", { try file.integers("tokenizer.ggml.token_type", in: 0...2) }),
      ("general.name", { try file.boolIfPresent("general.name") as Any }),
    ]
    for (field, read) in failures {
      let error = #expect(throws: InputError.self) { try read() }
      #expect(error?.field == field && error?.file == file.path)
      #expect(field == "phi2.missing" || error?.offset != nil)
    }
    #expect(try file.integerIfPresent("phi2.missing", in: 0...1) == nil)
    #expect(try file.stringsIfPresent("phi2.missing") == nil)
  }

  @Test("inspect shows metadata and tensors, as text and as JSON")
  func inspect() throws {
    let path = Fixtures.path("gguf/phi2.gguf")
    let text = try ChildProcess.tinygptv(["inspect", path])
    #expect(text.ending == .exited(0) && text.errorOutput.isEmpty)
    let lines = text.text.split(separator: "\n")
    #expect(lines.first == "\(path): GGUF version 3")
    #expect(lines.contains("  blk.0.ffn_down.weight     q4_0  4 × 256    576 B"))
    #expect(lines.last == "9 tensors (3 f32, 1 f16, 1 bf16, 1 q8_0, 1 q4_0, 1 q4_k, 1 q6_k), 11,008 elements, 18.7 KiB")
    let short = try ChildProcess.tinygptv(["inspect", "--metadata-only", path])
    #expect(!short.text.contains("blk.0.ffn_down.weight") && short.text.contains("phi2.context_length"))
    let json = try JSONValue.parse(bytes: ChildProcess.tinygptv(["inspect", "--json", path]).output, file: "output")
    #expect(json["metadata"]?["phi2.context_length"]?.integer == 2048)
    #expect(json["tensors"]?.array?.count == 9)
    #expect(json["tensors"]?.array?.first?["shape"]?.array?.map(\.integer) == [6, 256])
    #expect(json["totals"]?["elements"]?.integer == 11008)
  }

  @Test("names and texts of a file never reach the terminal raw")
  func controlCharacters() throws {
    var file = GGUFBytes()
    file.metadata = [
      GGUFBytes.entry("a\u{1b}[2J", type: 8, GGUFBytes.number(UInt64(5)) + Array("\u{1b}]0;x".utf8))
    ]
    file.tensors = [.init(name: "t\u{1b}[31m\u{202e}\n")]
    try TemporaryFolder.shared.with(file.bytes, suffix: "gguf") { path in
      for options in [[], ["--json"]] {
        let result = try ChildProcess.tinygptv(["inspect", path] + options)
        #expect(result.ending == .exited(0))
        #expect(!result.output.contains(0x1b))
      }
    }
  }

  @Test("things that are no file do not hang", arguments: ["/dev/zero", "/dev/null", "/no/such/file"])
  func noFiles(_ path: String) throws {
    let result = try ChildProcess.tinygptv(["inspect", path], seconds: 10)
    #expect(result.ending == .exited(65))
    #expect(result.errorOutput.hasPrefix("tinygptv: \(path)"))
  }

  @Test("a pipe does not hang")
  func pipe() throws {
    let path = TemporaryFolder.shared.unused(suffix: "pth")
    #expect(mkfifo(path, 0o600) == 0)
    defer { unlink(path) }
    #expect(try ChildProcess.tinygptv(["inspect", path], seconds: 10).ending == .exited(65))
  }

  @Test("a wrong command line is status 64, help is 0")
  func usage() throws {
    let wrong = try ChildProcess.tinygptv(["inspect", "--no-such-option"])
    #expect(wrong.ending == .exited(64) && wrong.errorOutput.hasPrefix("tinygptv: "))
    let help = try ChildProcess.tinygptv(["inspect", "--help"])
    #expect(help.ending == .exited(0) && help.text.contains("USAGE"))
  }
}
