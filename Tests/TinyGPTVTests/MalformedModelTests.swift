import Foundation
import ModelFiles
import Tensors
import TestSupport
import Testing

/// A model file taken apart, to be written again with something wrong in it.
private struct TakenApart {
  var metadata: [(key: String, value: GGUFValue)]
  var tensors: [(description: TensorDescription, bytes: [UInt8])]

  init(_ path: String) throws {
    let file = try GGUFFile(path: path)
    metadata = file.metadata.map { ($0.key, $0.value) }
    tensors = try file.tensorNames.map { name in
      (try #require(file.description(of: name)), Array(try #require(file.tensor(named: name)).bytes))
    }
  }

  mutating func set(_ key: String, _ value: GGUFValue?) {
    metadata.removeAll { $0.key == key }
    if let value { metadata.append((key, value)) }
  }

  func write(to path: String) throws {
    let writer = try GGUFWriter(
      path: path, metadata: metadata.map { ($0.key, $0.value) }, tensors: tensors.map(\.description))
    for tensor in tensors {
      try tensor.bytes.withUnsafeBytes { bytes in try writer.append(bytes) }
    }
    try writer.finish()
  }
}

/// MALFORMED_INPUTS 22–27: model files that are sound GGUF and yet no models.
struct MalformedModelTests {
  private func ask(_ model: String) throws -> ChildProcess.Result {
    try ChildProcess.tinygptv(
      ["ask", "--model", model, "--image", Fixtures.path("tiny-a/images/gray.jpg"), "--max-tokens", "3", "what?"],
      seconds: 20, dataLimit: 1 << 30)
  }

  private func refusal(
    type: String = "f32", naming field: String, _ damage: (inout TakenApart) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("damaged.gguf").path
      var model = try TakenApart(TinyModel.path("tiny-a", type: type))
      try damage(&model)
      try model.write(to: path)
      let result = try ask(path)
      #expect(result.ending == .exited(65), "\(field): \(result.errorOutput)")
      #expect(result.errorOutput.contains(field), "\(field): \(result.errorOutput)")
      #expect(result.errorOutput.contains(path))
      #expect(result.text == "")
    }
  }

  @Test func anUnchangedCopyWorks() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("copy.gguf").path
      try TakenApart(TinyModel.path("tiny-a")).write(to: path)
      #expect(try ask(path).ending == .exited(0))
    }
  }

  // MARK: 22: the tokenizer

  @Test(
    arguments: [
      ("tokenizer.ggml.token_type", GGUFValue.array(.int8([Int8](repeating: 1, count: 1024)))),
      ("tokenizer.ggml.token_type", .array(.int32([1, 1, 1]))),
      ("tokenizer.ggml.token_type", .array(.int32([Int32](repeating: 77, count: 1024)))),
      ("tokenizer.ggml.scores", .array(.int8([Int8](repeating: 1, count: 1024)))),
      ("tokenizer.ggml.scores", .array(.float32([0, 0]))),
      ("tokenizer.ggml.eos_token_id", .uint32(1024)), ("tokenizer.ggml.eos_token_id", .uint32(UInt32.max)),
      ("tokenizer.ggml.eos_token_id", .int32(-1)), ("tokenizer.ggml.tokens", .array(.string(["a"]))),
      ("tokenizer.ggml.merges", .array(.string(["a"]))), ("tokenizer.ggml.merges", .array(.string(["a no"]))),
      ("tokenizer.ggml.model", .string("llama")),
    ])
  func aDamagedTokenizerIsRefused(_ key: String, _ value: GGUFValue) throws {
    // Merges and special ids are named without their prefix.
    let name =
      key.hasSuffix("tokens")
      ? "token_type" : key.hasSuffix("merges") ? "merges[0]" : key.hasSuffix("eos_token_id") ? "id" : key
    try refusal(naming: name) { $0.set(key, value) }
  }

  // MARK: 23, 24: sizes

  @Test(
    arguments: [
      ("tinygptv.attention.head_count", GGUFValue.uint32(0)), ("tinygptv.attention.head_count", .uint32(3)),
      ("tinygptv.attention.layer_norm_epsilon", .float32(0)), ("tinygptv.attention.layer_norm_epsilon", .float32(.nan)),
      ("tinygptv.rope.freq_base", .float32(0)), ("tinygptv.rope.dimension_count", .uint32(7)),
      ("tinygptv.context_length", .uint32(0)), ("tinygptv.block_count", .uint32(1 << 31)),
      ("tinygptv.block_count", .uint64(UInt64.max)), ("tinygptv.block_count", .int32(-1)),
      ("tinygptv.embedding_length", .uint32(0)), ("tinygptv.vision.attention.head_count", .uint32(0)),
      ("tinygptv.vision.block_count", .uint32(1 << 31)), ("tinygptv.vision.patch_size", .uint32(0)),
      ("tinygptv.vision.image_size", .uint32(113)), ("tinygptv.vision.image_size", .uint32(1 << 31)),
      ("tinygptv.qformer.attention.head_count", .uint32(0)), ("tinygptv.qformer.query_count", .uint32(0)),
      ("tinygptv.qformer.cross_attention_frequency", .uint32(0)), ("tinygptv.adapter.scales", .array(.float32([]))),
      ("tinygptv.adapter.default", .string("other")),
    ])
  func impossibleSizesAreRefused(_ key: String, _ value: GGUFValue) throws {
    // The adapter to start with is looked up among the model's, which is an error about `adapter`.
    try refusal(naming: key.hasPrefix("tinygptv.adapter") ? "adapter" : key) { $0.set(key, value) }
  }

  @Test func aHugePatchGridIsRefused() throws {
    try refusal(naming: "tinygptv.vision.patch_size") {
      $0.set("tinygptv.vision.image_size", .uint32(4096))
      $0.set("tinygptv.vision.patch_size", .uint32(1))
    }
  }

  // MARK: 25: another file

  @Test(
    arguments: [
      "general.architecture", "tinygptv.embedding_length", "tinygptv.block_count", "tinygptv.attention.head_count",
      "tinygptv.context_length", "tinygptv.vision.image_size", "tinygptv.projection.length",
      "tinygptv.qformer.query_count", "tokenizer.ggml.tokens", "tokenizer.ggml.merges", "tokenizer.ggml.model",
    ])
  func aMissingKeyIsNamed(_ key: String) throws {
    try refusal(naming: key) { $0.set(key, nil) }
  }

  @Test(arguments: ["llama", "clip", "adapter", "", "\u{1b}[31m"])
  func anotherArchitectureIsNamed(_ architecture: String) throws {
    try refusal(naming: "general.architecture") { $0.set("general.architecture", .string(architecture)) }
  }

  @Test func anAdapterIsNoModel() throws {
    try refusal(naming: "--adapter") { $0.set("general.type", .string("adapter")) }
  }

  @Test func theVisionTowerAloneIsNoModel() throws {
    try refusal(naming: "token_embd.weight") { $0.tensors.removeAll { $0.description.name == "token_embd.weight" } }
  }

  @Test func missingAndUnexpectedTensorsAreNamed() throws {
    try refusal(naming: "missing: blk.1.attn_qkv.weight; unexpected: other") {
      let index = try #require($0.tensors.firstIndex { $0.description.name == "blk.1.attn_qkv.weight" })
      $0.tensors[index].description.name = "other"
    }
    try refusal(naming: "mismatched: blk.1.attn_qkv.weight is [80, 240]") {
      let index = try #require($0.tensors.firstIndex { $0.description.name == "blk.1.attn_qkv.weight" })
      $0.tensors[index].description.shape.reverse()
    }
  }

  @Test(arguments: ["tiny-a/eva_vit_g.pth", "tiny-a/adapters/second/adapter_model.safetensors", "tiny-a/expected.json"])
  func otherKindsOfFilesAreNoModels(_ name: String) throws {
    let result = try ask(Fixtures.path(name))
    #expect(result.ending == .exited(65))
    #expect(result.errorOutput.contains(Fixtures.path(name)))
  }

  // MARK: 26: numbers that are none

  @Test(arguments: [Float.nan, .infinity])
  func weightsThatAreNoNumbersStopTheAnswer(_ number: Float) throws {
    for name in ["blk.1.ffn_up.weight", "output_norm.weight", "token_embd.weight"] {
      try refusal(naming: "NaN or infinity") { model in
        let index = try #require(model.tensors.firstIndex { $0.description.name == name })
        let bits = withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
        // All of the row or table, so that every prompt meets it.
        for start in stride(from: 0, to: model.tensors[index].bytes.count, by: 4) {
          model.tensors[index].bytes.replaceSubrange(start..<start + 4, with: bits)
        }
      }
    }
  }

  @Test func blockScalesThatAreNoNumbersStopTheAnswer() throws {
    try refusal(type: "q8_0", naming: "NaN or infinity") { model in
      let index = try #require(model.tensors.firstIndex { $0.description.type == .q8_0 })
      for start in stride(from: 0, to: model.tensors[index].bytes.count, by: 34) {
        model.tensors[index].bytes.replaceSubrange(start..<start + 2, with: [0x00, 0x7e])
      }
    }
  }

  // MARK: 27: code

  @Test func aChatTemplateIsIgnored() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("template.gguf").path
      let proof = folder.appendingPathComponent("executed").path
      var model = try TakenApart(TinyModel.path("tiny-a"))
      model.set(
        "tokenizer.chat_template",
        .string("{{ cycler.__init__.__globals__.os.system('touch \(proof)') }}{% for x in range(10**9) %}{% endfor %}"))
      try model.write(to: path)
      let result = try ask(path)
      #expect(result.ending == .exited(0))
      #expect(try result.output == ask(TinyModel.path("tiny-a")).output)
      #expect(!FileManager.default.fileExists(atPath: proof))
    }
  }
}
