import Foundation
import ModelFiles
import Tensors
import TestSupport
import Testing

/// MALFORMED_INPUTS 50–56: checkpoints and adapters that do not fit, or are none.
struct MalformedAdapterTests {
  private typealias Named = (name: String, shape: [Int], values: [Float])

  private func ask(adapter: String) throws -> ChildProcess.Result {
    try ChildProcess.tinygptv(
      [
        "ask", "--model", TinyModel.path("tiny-a"), "--adapter", adapter, "--max-tokens", "8", "--ignore-stop", "what?",
      ],
      seconds: 20, dataLimit: 1 << 30)
  }

  /// A copy of a sound PEFT directory with another configuration or other tensors.
  private func withAdapter(
    configuration: (String) -> String? = { $0 }, tensors change: (inout [Named]) -> Void = { _ in },
    _ body: (ChildProcess.Result) throws -> Void
  ) throws {
    let source = Fixtures.path("tiny-a/adapters/second")
    try withTemporaryFolder { folder in
      let text = try String(contentsOfFile: source + "/adapter_config.json", encoding: .utf8)
      if let text = configuration(text) {
        try Data(text.utf8).write(to: folder.appendingPathComponent("adapter_config.json"))
      }
      let file = try SafetensorsFile(path: source + "/adapter_model.safetensors")
      var tensors: [Named] = try file.tensorNames.map { name in
        let tensor = try #require(file.tensor(named: name))
        return (name, tensor.shape, tensor.floatArray())
      }
      change(&tensors)
      let writer = try SafetensorsWriter(
        path: folder.appendingPathComponent("adapter_model.safetensors").path,
        tensors: tensors.map { TensorDescription(name: $0.name, shape: $0.shape, type: .f32) })
      for tensor in tensors { try tensor.values.withUnsafeBytes { try writer.append($0) } }
      try writer.finish()
      try body(ask(adapter: folder.path))
    }
  }

  private func expectRefusal(_ result: ChildProcess.Result, _ field: String) {
    #expect(result.ending == .exited(65), "\(field): \(result.errorOutput)")
    #expect(result.errorOutput.contains(field), "\(field): \(result.errorOutput)")
    #expect(result.text == "")
  }

  /// 50.
  @Test func aCheckpointOfAnotherModelIsRefused() throws {
    try withTemporaryFolder { folder in
      let output = folder.appendingPathComponent("model.gguf").path
      for (option, file, faults) in [
        ("--checkpoint", "tiny-b/TinyGPT-V_for_Stage4.pth", ["attn_qkv", "[360, 4]"]),
        ("--checkpoint", "tiny-a/eva_vit_g.pth", ["unexpected"]),
        ("--vision", "tiny-a/blip2_pretrained_flant5xxl.pth", ["missing"]),
        ("--qformer", "tiny-a/eva_vit_g.pth", ["missing"]),
      ] {
        var arguments = TinyModel.conversion("tiny-a", to: output)
        let index = try #require(arguments.firstIndex(of: option))
        arguments[index + 1] = Fixtures.path(file)
        let result = try ChildProcess.tinygptv(arguments, seconds: 20)
        #expect(result.ending == .exited(65), "\(option) \(file): \(result.errorOutput)")
        for fault in faults { #expect(result.errorOutput.contains(fault), "\(option) \(file): \(result.errorOutput)") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
      }
    }
  }

  /// 51.
  @Test func aDamagedConfigurationIsRefused() throws {
    try withAdapter(configuration: { _ in nil }) { expectRefusal($0, "adapter_config.json") }
    try withAdapter(configuration: { _ in "no JSON" }) { expectRefusal($0, "adapter_config.json") }
    for (old, new, field) in [
      ("\"LORA\"", "\"IA3\"", "peft_type"), ("\"r\": 8", "\"r\": 0", "r: expected"),
      ("\"r\": 8", "\"r\": 2147483648", "r: expected"), ("\"r\": 8", "\"r\": -1", "r: expected"),
      ("\"lora_alpha\": 16", "\"lora_alpha\": NaN", "adapter_config.json"),
      ("\"lora_alpha\": 16", "\"lora_alpha\": \"NaN\"", "lora_alpha"),
      ("\"lora_alpha\": 16", "\"lora_alpha\": 1e400", "adapter_config.json"),
    ] {
      try withAdapter(configuration: { $0.replacingOccurrences(of: old, with: new) }) { expectRefusal($0, field) }
    }
  }

  /// 52.
  @Test func halvesThatDoNotMatchAreRefused() throws {
    try withAdapter(tensors: { $0.removeAll { $0.name.contains("layers.1.self_attn.dense.lora_B") } }) {
      expectRefusal($0, "no lora_B")
    }
    try withAdapter(tensors: { $0.removeAll { $0.name.contains("layers.1.self_attn.dense.lora_A") } }) {
      expectRefusal($0, "no lora_A")
    }
    try withAdapter(tensors: { $0[0].shape = [10, 64] }) { expectRefusal($0, "lora_A [r, in]") }
    try withAdapter(
      tensors: {
        $0[0] = ($0[0].name, [8, 40], Array($0[0].values.prefix(320)))
      }
    ) { expectRefusal($0, "another model") }
    try withAdapter(tensors: { $0[0] = ($0[0].name, [0, 80], []) }) { expectRefusal($0, "lora_A") }
  }

  /// 53.
  @Test func anAdapterOfAnotherModelIsRefused() throws {
    try withAdapter(tensors: { $0 = [] }) { expectRefusal($0, "at least one tensor") }
    try withAdapter(
      tensors: { for index in $0.indices { $0[index].name = "base_model.model.transformer.h.\(index).lora_A.weight" } }
    ) { expectRefusal($0, "unexpected") }
    try withAdapter(
      tensors: {
        for index in $0.indices {
          $0[index].name = $0[index].name.replacingOccurrences(of: "layers.2.", with: "layers.99.")
        }
      }
    ) { expectRefusal($0, "another model") }
    expectRefusal(try ask(adapter: Fixtures.path("tiny-b/adapters/second")), "another model")
    expectRefusal(try ask(adapter: "no-such-adapter"), "no-such-adapter")
    expectRefusal(try ask(adapter: Fixtures.path("tiny-a/images/gray.jpg")), "gray.jpg")
  }

  /// 54, 56.
  @Test func otherSpellingsAreMappedAndNothingIsFetched() throws {
    let expected = try ask(adapter: Fixtures.path("tiny-a/adapters/second"))
    #expect(expected.ending == .exited(0))
    #expect(try ask(adapter: "none").output != expected.output)
    for (old, new) in [(".weight", ".default.weight"), ("base_model.model.", "")] {
      try withAdapter(
        tensors: {
          for index in $0.indices { $0[index].name = $0[index].name.replacingOccurrences(of: old, with: new) }
        }
      ) { #expect($0.ending == .exited(0) && $0.output == expected.output, "\(new): \($0.errorOutput)") }
    }
    for base in ["https://localhost:1/phi-2", "../../../etc/passwd", "/dev/zero"] {
      try withAdapter(configuration: { $0.replacingOccurrences(of: "phi-2", with: base) }) {
        #expect($0.ending == .exited(0) && $0.output == expected.output, "\(base): \($0.errorOutput)")
      }
    }
  }

  /// 55.
  @Test(arguments: [Float.nan, -.infinity])
  func numbersThatAreNoneAreRefused(_ number: Float) throws {
    try withAdapter(tensors: { $0[2].values[5] = number }) { expectRefusal($0, "NaN or infinity") }
    try withAdapter(tensors: { $0[3].values[5] = number }) { expectRefusal($0, "NaN or infinity") }
    // Into a checkpoint, to be merged.
    try withTemporaryFolder { folder in
      let (checkpoint, output) = (folder.appendingPathComponent("stage.pth").path, folder.path + "/model.gguf")
      let source = try PyTorchArchive(path: Fixtures.path("tiny-a/TinyGPT-V_for_Stage4.pth"))
      let writer = try PyTorchArchiveWriter(
        path: checkpoint, tensors: source.tensorNames.compactMap { source.description(of: $0) }, section: "model")
      for name in source.tensorNames {
        let tensor = try #require(source.tensor(named: name))
        var bytes = Array(tensor.bytes)
        if name.contains("layers.1.self_attn.dense.lora_A"), tensor.type == .f32 {
          bytes.replaceSubrange(0..<4, with: withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) })
        }
        try bytes.withUnsafeBytes { try writer.append($0) }
      }
      try writer.finish()
      var arguments = TinyModel.conversion("tiny-a", to: output) + ["--merge"]
      let index = try #require(arguments.firstIndex(of: "--checkpoint"))
      arguments[index + 1] = checkpoint
      expectRefusal(try ChildProcess.tinygptv(arguments, seconds: 20), "NaN or infinity")
      #expect(!FileManager.default.fileExists(atPath: output))
    }
  }
}
