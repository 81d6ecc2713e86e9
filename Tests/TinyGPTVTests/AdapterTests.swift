import Foundation
import ModelFiles
import TestSupport
import Testing

@testable import TinyGPTV

/// Adapters in their several forms, and switching between them.
struct AdapterTests {
  private func load(_ fixture: String, adapter: String) throws -> TinyGPTVModel {
    let model = try TinyGPTVModel(path: TinyModel.path(fixture))
    let adapter = try Adapter(path: adapter, for: model.configuration.phi)
    try model.add(adapter)
    try model.use(adapter: adapter.name)
    return model
  }

  @Test(arguments: ["tiny-a", "tiny-b", "tiny-q"])
  func theCheckpointsAdapterIsTheSameAsPEFT(_ fixture: String) throws {
    let reference = try Reference(fixture)
    let embedded = try TinyGPTVModel(path: TinyModel.path(fixture))
    let separate = try load(fixture, adapter: Fixtures.path("\(fixture)/adapters/stage4"))
    let found = try reference.logits(separate, reference.cases[0]).floatArray()
    #expect(relativeError(found, try reference.logits(embedded, reference.cases[0]).floatArray()) <= 1e-6)
  }

  @Test(arguments: ["tiny-a", "tiny-b"])
  func mergingIsTheSameAsAdapting(_ fixture: String) throws {
    let reference = try Reference(fixture)
    let merged = try TinyGPTVModel(path: TinyModel.path(fixture, merge: true))
    #expect(merged.adapters.isEmpty)
    let adapted = try TinyGPTVModel(path: TinyModel.path(fixture))
    let found = try reference.logits(merged, reference.cases[0]).floatArray()
    #expect(relativeError(found, try reference.logits(adapted, reference.cases[0]).floatArray()) <= 1e-4)
  }

  @Test(arguments: ["tiny-a", "tiny-b"])
  func switchingLeavesNoTrace(_ fixture: String) throws {
    let reference = try Reference(fixture)
    let item = reference.cases[0]
    let path = Fixtures.path("\(fixture)/adapters/second")
    var fresh: [String: [Float]] = [:]
    for name in ["TinyGPT-V_for_Stage4", "second", "none"] {
      let model = try TinyGPTVModel(path: TinyModel.path(fixture))
      try model.add(Adapter(path: path, for: model.configuration.phi))
      try model.use(adapter: name == "none" ? nil : name)
      fresh[name] = try reference.logits(model, item).floatArray()
    }
    #expect(Set(fresh.values).count == 3)
    let model = try TinyGPTVModel(path: TinyModel.path(fixture))
    try model.add(Adapter(path: path, for: model.configuration.phi))
    for name in ["TinyGPT-V_for_Stage4", "second", "none", "second", "TinyGPT-V_for_Stage4"] {
      try model.use(adapter: name == "none" ? nil : name)
      let isTheSame = try reference.logits(model, item).floatArray() == fresh[name]
      #expect(isTheSame, "\(name)")
    }
  }

  /// `Tests/Fixtures/peft`: separate projections of several ranks and alphas, rank-stabilised, with norms saved whole.
  @Test func anAdapterSavedByPEFTComputesTheSame() throws {
    let expected = try SafetensorsFile(path: Fixtures.path("peft/expected.safetensors"))
    let ids = try #require(expected.tensor(named: "ids")).floatArray().map { Int($0) }
    try withTemporaryFolder { folder in
      let path = folder.path + "/phi.gguf"
      var options = ConversionOptions(phi: Fixtures.path("tiny-b/phi"), output: path)
      options.type = .f32
      try Conversion(options).write(to: path)
      let model = try TinyGPTVModel(path: path)
      for (name, adapter) in [("plain", nil), ("adapted", Fixtures.path("peft/adapter"))] {
        if let adapter {
          try model.add(Adapter(path: adapter, for: model.configuration.phi))
          try model.use(adapter: "adapter")
        }
        let found = try #require(model.trace(picture: nil, segments: [ids]).last?.tensor).floatArray()
        let logits = try #require(expected.tensor(named: name)).floatArray()
        #expect(relativeError(found, logits) <= 1e-4, "\(name)")
      }
    }
  }

  /// llama.cpp's `convert_lora_to_gguf.py` renames PEFT's tensors and leaves their rows as they are.
  @Test(arguments: ["tiny-a", "tiny-b"])
  func aGGUFAdapterIsTheSameAsPEFT(_ fixture: String) throws {
    let reference = try Reference(fixture)
    let source = Fixtures.path("\(fixture)/adapters/second")
    let expected = try reference.logits(load(fixture, adapter: source), reference.cases[0])
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("lora.gguf").path
      let tensors = try SafetensorsFile(path: source + "/adapter_model.safetensors")
      let names = tensors.tensorNames
      let descriptions = try names.map { name in
        var description = try #require(tensors.description(of: name))
        description.name = ggufName(name)
        return description
      }
      let writer = try GGUFWriter(
        path: path,
        metadata: [
          ("general.architecture", .string("phi2")), ("general.type", .string("adapter")),
          ("adapter.type", .string("lora")), ("adapter.lora.alpha", .float32(fixture == "tiny-b" ? 32 : 16)),
        ], tensors: descriptions)
      for name in names { try writer.append(try #require(tensors.tensor(named: name)).bytes) }
      try writer.finish()
      let found = try reference.logits(load(fixture, adapter: path), reference.cases[0])
      #expect(relativeError(found.floatArray(), expected.floatArray()) <= 1e-6)
    }
  }

  private func ggufName(_ name: String) -> String {
    [
      ("base_model.model.model.layers.", "blk."), ("self_attn.query_key_value", "attn_qkv"),
      ("self_attn.dense", "attn_output"), ("lora_A.weight", "weight.lora_a"), ("lora_B.weight", "weight.lora_b"),
    ].reduce(name) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
  }
}
