import Diagnostics
import Foundation
import ModelFiles
import Tensors
import TestSupport
import Testing

@testable import TinyGPTV

/// What is written as an adapter reads back as the same adapter.
struct AdapterWritingTests {
  private let phi: PhiConfiguration = {
    var phi = PhiConfiguration()
    (phi.hiddenSize, phi.intermediateSize, phi.layers, phi.heads) = (24, 32, 2, 3)
    return phi
  }()

  private func random(_ shape: [Int], _ seed: UInt64) -> Tensor {
    var generator = SplitMix64(state: seed)
    return Tensor((0..<shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &generator) }, shape: shape)
  }

  /// Two layers, of which one adapts more, with ranks and scales of their own if they are to differ.
  private func adapter(uniform: Bool, overrides: Bool = true) -> Adapter {
    var pairs: [String: LowRankPair] = [:]
    for layer in 0..<2 {
      for (index, name) in ["attn_qkv", "attn_output", "ffn_up", "ffn_down"].enumerated() where uniform || index < 3 {
        let (rows, columns) = [(72, 24), (24, 24), (32, 24), (24, 32)][index]
        let rank = uniform ? 3 : 3 + index + layer
        pairs["blk.\(layer).\(name)"] = LowRankPair(
          a: random([rank, columns], UInt64(10 * layer + index)), b: random([rows, rank], UInt64(100 * layer + index)),
          scale: uniform ? 16 / 3 : 0.1 * Float(1 + index))
      }
    }
    if !uniform { pairs["blk.1.attn_output"] = nil }
    guard overrides else { return Adapter(name: "trained", source: "memory", pairs: pairs) }
    return Adapter(
      name: "trained", source: "memory", pairs: pairs,
      overrides: [
        "blk.0.attn_norm.weight": random([24], 1), "blk.0.attn_q_norm.weight": random([8], 2),
        "blk.0.attn_q_norm.bias": random([8], 3), "blk.1.post_attention_norm.weight": random([24], 4),
        "blk.1.attn_qkv.bias": random([72], 5), "blk.1.attn_output.bias": random([24], 6),
        "output_norm.weight": random([24], 7), "output.weight": random([40, 24], 8), "mm.0.weight": random([6, 4], 9),
      ])
  }

  private func expectSame(_ found: Adapter, _ expected: Adapter) {
    #expect(found.name == expected.name)
    #expect(found.pairs.keys.sorted() == expected.pairs.keys.sorted())
    for (layer, pair) in expected.pairs {
      let other = found.pairs[layer]
      #expect(other?.scale == pair.scale, "\(layer)")
      #expect(other?.a.shape == pair.a.shape && other?.a.floatArray() == pair.a.floatArray(), "\(layer)")
      #expect(other?.b.shape == pair.b.shape && other?.b.floatArray() == pair.b.floatArray(), "\(layer)")
    }
    #expect(found.overrides.keys.sorted() == expected.overrides.keys.sorted())
    for (name, tensor) in expected.overrides {
      #expect(found.overrides[name]?.shape == tensor.shape, "\(name)")
      #expect(found.overrides[name]?.floatArray() == tensor.floatArray(), "\(name)")
    }
  }

  @Test(arguments: AttentionLayout.allCases, [true, false])
  func aPEFTDirectoryReadsBack(_ layout: AttentionLayout, uniform: Bool) throws {
    let adapter = adapter(uniform: uniform)
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("trained").path
      // The second time over what is there.
      for _ in 0..<2 { try adapter.writePEFT(to: path, for: phi, layout: layout, dropout: 0.05) }
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: path).sorted() == [
          "adapter_config.json", "adapter_model.safetensors",
        ])
      expectSame(try Adapter(path: path, for: phi), adapter)
    }
  }

  @Test func aPEFTDirectoryHasUpstreamsNames() throws {
    try withTemporaryFolder { folder in
      for layout in AttentionLayout.allCases {
        let path = folder.appendingPathComponent(layout.rawValue).path
        try adapter(uniform: true).writePEFT(to: path, for: phi, layout: layout, dropout: 0.05)
        let file = try SafetensorsFile(path: path + "/adapter_model.safetensors")
        let prefix = "base_model.model.model.layers.1.self_attn."
        #expect(file.tensorNames.contains(prefix + "query_key_value.lora_B.weight") == (layout == .fused))
        #expect(file.tensorNames.contains(prefix + "v_proj.lora_B.weight") == (layout == .split))
        #expect(file.tensorNames.contains(prefix + "dense.base_layer.bias"))
        #expect(file.tensorNames.contains("base_model.model.model.layers.0.self_attn.q_layernorm.weight"))
        #expect(file.tensorNames.contains("base_model.model.lm_head.weight"))
        let settings = try JSONValue.read(path: path + "/adapter_config.json")
        #expect(settings["r"]?.integer == 3)
        #expect(settings["lora_alpha"]?.integer == 16)
        #expect(settings["lora_dropout"]?.double == 0.05)
        let attention = layout == .fused ? ["query_key_value"] : ["k_proj", "q_proj", "v_proj"]
        #expect(
          settings["target_modules"]?.array?.compactMap(\.string) == (["dense", "fc1", "fc2"] + attention).sorted())
        #expect(
          settings["modules_to_save"]?.array?.compactMap(\.string) == [
            "final_layernorm", "lm_head", "model.layers.0.input_layernorm", "model.layers.0.self_attn.q_layernorm",
            "model.layers.1.post_layernorm",
          ])
      }
    }
  }

  /// PEFT refuses a directory that has the weight of a norm and not its bias.
  @Test func aModuleIsSavedWhole() throws {
    let model = try TinyGPTVModel(path: TinyModel.path("tiny-a"))
    var adapter = try #require(model.adapters.first)
    let weights = model.parameters.filter { $0.key.hasSuffix("norm.weight") && !$0.key.hasPrefix("qf.") }
    adapter.overrides = weights.mapValues { $0.base.scaled(by: 2) }
    adapter.overrides["mm.0.weight"] = model.parameters["mm.0.weight"]?.base
    try withTemporaryFolder { folder in
      try adapter.writePEFT(to: folder.path, for: model)
      let found = try Adapter(path: folder.path, for: model.configuration.phi)
      for (name, tensor) in adapter.overrides { #expect(found.overrides[name]?.floatArray() == tensor.floatArray()) }
      let added = Set(found.overrides.keys).subtracting(adapter.overrides.keys)
      #expect(added.count == weights.count - model.configuration.phi.layers && added.contains("output_norm.bias"))
      for name in added {
        #expect(found.overrides[name]?.floatArray() == model.parameters[name]?.base.floatArray(), "\(name)")
      }
      let settings = try JSONValue.read(path: folder.path + "/adapter_config.json")
      #expect(
        settings["modules_to_save"]?.array?.compactMap(\.string) == [
          "final_layernorm", "input_layernorm", "k_layernorm", "post_layernorm", "q_layernorm",
        ])
    }
  }

  /// Row h·3·D + p·D + d of upstream's fused matrix is row p·H·D + h·D + d of ours.
  @Test func fusedRowsAreHeadByHead() throws {
    let adapter = adapter(uniform: true, overrides: false)
    try withTemporaryFolder { folder in
      try adapter.writePEFT(to: folder.path, for: phi, layout: .fused)
      let file = try SafetensorsFile(path: folder.path + "/adapter_model.safetensors")
      let name = "base_model.model.model.layers.0.self_attn.query_key_value.lora_B.weight"
      let written = try #require(file.tensor(named: name)).floatArray()
      let ours = try #require(adapter.pairs["blk.0.attn_qkv"]).b.floatArray()
      for (head, part, inHead) in [(0, 0, 0), (1, 0, 5), (2, 1, 7), (0, 2, 3)] {
        #expect(written[(head * 24 + part * 8 + inHead) * 3] == ours[(part * 24 + head * 8 + inHead) * 3])
      }
    }
  }

  @Test func anAdapterWithoutPairsIsWritten() throws {
    var adapter = adapter(uniform: true)
    adapter.pairs = [:]
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("trained").path
      try adapter.writePEFT(to: path, for: phi, layout: .fused)
      expectSame(try Adapter(path: path, for: phi), adapter)
      try adapter.writeGGUF(to: path + ".gguf")
      expectSame(try Adapter(path: path + ".gguf", for: phi), adapter)
    }
  }

  @Test func whatIsNotOfTheLanguageModelIsRefused() throws {
    try withTemporaryFolder { folder in
      for name in ["v.post_ln.weight", "qf.query_tokens", "blk.0.nothing.weight"] {
        var adapter = adapter(uniform: true)
        adapter.overrides[name] = random([24], 1)
        #expect(throws: InputError.self) { try adapter.writePEFT(to: folder.path + "/x", for: phi, layout: .fused) }
      }
      var adapter = adapter(uniform: true)
      adapter.pairs["blk.0.attn_qkv"]?.b = random([24, 3], 1)
      #expect(throws: InputError.self) { try adapter.writePEFT(to: folder.path + "/x", for: phi, layout: .fused) }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(left.isEmpty)
    }
  }

  @Test func aGGUFAdapterReadsBack() throws {
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("trained.gguf").path
      for _ in 0..<2 { try adapter(uniform: true).writeGGUF(to: path) }
      expectSame(try Adapter(path: path, for: phi), adapter(uniform: true))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["trained.gguf"])
      // One α is all that the file has; other scales go into B.
      let adapter = adapter(uniform: false)
      try adapter.writeGGUF(to: path)
      let found = try Adapter(path: path, for: phi)
      for (layer, pair) in adapter.pairs {
        let other = try #require(found.pairs[layer])
        #expect(other.a.floatArray() == pair.a.floatArray())
        let products = (other.b.scaled(by: other.scale), pair.b.scaled(by: pair.scale))
        #expect(relativeError(products.0.floatArray(), products.1.floatArray()) <= 1e-6, "\(layer)")
      }
    }
  }

  @Test func aGGUFAdapterMayBeF16() throws {
    let adapter = adapter(uniform: true)
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent("trained.gguf").path
      try adapter.writeGGUF(to: path, type: .f16)
      let found = try Adapter(path: path, for: phi)
      for (layer, pair) in adapter.pairs {
        #expect(found.pairs[layer]?.b.type == .f16)
        #expect(found.pairs[layer]?.b.floatArray() == pair.b.converted(to: .f16).floatArray())
      }
      #expect(found.overrides["output.weight"]?.type == .f32)
    }
  }

  /// The reference's adapter, out of a model file into each of the forms and back.
  @Test(arguments: ["tiny-a", "tiny-b"], ["fused", "split", "gguf"])
  func everyFormComputesTheSame(_ fixture: String, _ form: String) throws {
    let reference = try Reference(fixture)
    let model = try TinyGPTVModel(path: TinyModel.path(fixture))
    let item = reference.cases[0]
    let expected = try reference.logits(model, item).floatArray()
    try withTemporaryFolder { folder in
      let path = folder.appendingPathComponent(form == "gguf" ? "again.gguf" : "again").path
      let adapter = try #require(model.adapters.first)
      if let layout = AttentionLayout(rawValue: form) {
        try adapter.writePEFT(to: path, for: model, layout: layout)
      } else {
        try adapter.writeGGUF(to: path)
      }
      try model.add(Adapter(path: path, for: model.configuration.phi))
      try model.use(adapter: "again")
      let isTheSame = try reference.logits(model, item).floatArray() == expected
      #expect(isTheSame)
    }
  }
}
