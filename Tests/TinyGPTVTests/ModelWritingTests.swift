import Diagnostics
import Foundation
import ModelFiles
import Tensors
import TestSupport
import Testing

@testable import TinyGPTV

/// A model file written from a model.
struct ModelWritingTests {
  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  @Test(arguments: ["f32", "bf16", "q8_0", "q4_0"])
  func anUnchangedModelGivesTheSameFile(_ type: String) throws {
    let source = try TinyModel.path("tiny-q", type: type)
    let model = try TinyGPTVModel(path: source)
    try withTemporaryFolder { folder in
      let path = folder.path + "/again.gguf"
      let standard = model.activeAdapter
      #expect(standard != nil)
      try model.use(adapter: nil)
      try model.write(to: path, type: model.matrixType, adapters: model.adapters, defaultAdapter: standard)
      let isTheSame = try bytes(path) == bytes(source)
      #expect(isTheSame)
    }
  }

  @Test func whatTrainingChangedIsInTheFile() throws {
    let model = try TinyGPTVModel(path: TinyModel.path("tiny-a", stage: 1))
    for name in ["mm.0.weight", "blk.1.attn_norm.weight", "v.blk.0.ffn_up.bias"] {
      let parameter = try #require(model.parameters[name])
      parameter.value = parameter.value.converted(to: .f32).scaled(by: 1.5).requiringGradient()
    }
    try withTemporaryFolder { folder in
      let path = folder.path + "/trained.gguf"
      try model.write(to: path, type: .f32, adapters: [], defaultAdapter: nil, name: "trained")
      let written = try TinyGPTVModel(path: path)
      #expect(written.name == "trained" && written.adapters.isEmpty && written.activeAdapter == nil)
      #expect(written.configuration == model.configuration)
      #expect(written.parameters.count == model.parameters.count)
      for (name, parameter) in model.parameters {
        let isTheSame = written.parameters[name]?.value.floatArray() == parameter.value.floatArray()
        #expect(isTheSame, "\(name)")
      }
    }
  }

  @Test func adaptersTravelAlongOrAreMerged() throws {
    let reference = try Reference("tiny-b")
    let (item, second) = (reference.cases[0], Fixtures.path("tiny-b/adapters/second"))
    let model = try TinyGPTVModel(path: TinyModel.path("tiny-b"))
    try model.add(Adapter(path: second, for: model.configuration.phi))
    var adapter = try #require(model.adapters.last)
    adapter.overrides["output_norm.weight"] = Tensor(
      repeating: 0.7, shape: [model.configuration.phi.hiddenSize])
    try model.add(adapter)
    try model.use(adapter: "second")
    let expected = try reference.logits(model, item).floatArray()
    try model.use(adapter: nil)
    try withTemporaryFolder { folder in
      let (kept, merged) = (folder.path + "/kept.gguf", folder.path + "/merged.gguf")
      try model.write(to: kept, type: .f32, adapters: model.adapters, defaultAdapter: "second")
      let withAdapters = try TinyGPTVModel(path: kept)
      #expect(withAdapters.adapters.map(\.name) == ["TinyGPT-V_for_Stage4", "second"])
      #expect(withAdapters.activeAdapter == "second")
      #expect(relativeError(try reference.logits(withAdapters, item).floatArray(), expected) <= 1e-6)
      try model.write(to: merged, type: .f32, adapters: [], defaultAdapter: nil, merging: adapter)
      #expect(relativeError(try reference.logits(TinyGPTVModel(path: merged), item).floatArray(), expected) <= 1e-4)
      try model.write(to: kept, type: .f32, adapters: model.adapters, defaultAdapter: nil)
      #expect(try TinyGPTVModel(path: kept).activeAdapter == nil)
    }
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let other = try Adapter(
      path: Fixtures.path("tiny-b/adapters/second"),
      for: TinyGPTVModel(path: TinyModel.path("tiny-b")).configuration.phi)
    try withTemporaryFolder { folder in
      let (model, path) = (try TinyGPTVModel(path: TinyModel.path("tiny-a")), folder.path + "/x.gguf")
      #expect(throws: InputError.self) {
        try model.write(to: path, type: .f32, adapters: [other], defaultAdapter: nil)
      }
      #expect(throws: InputError.self) {
        try model.write(to: path, type: .f32, adapters: [], defaultAdapter: nil, merging: other)
      }
      // Four bits are not rounded a second time, but may be copied or expanded.
      let small = try TinyGPTVModel(path: TinyModel.path("tiny-q", type: "q4_0"))
      let error = #expect(throws: InputError.self) {
        try small.write(to: path, type: .q8_0, adapters: [], defaultAdapter: nil)
      }
      #expect(error?.found == "q4_0")
      #expect(throws: InputError.self) {
        try small.write(to: path, type: .q4_0, adapters: [], defaultAdapter: nil, merging: small.adapters[0])
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
      try small.write(to: path, type: .f16, adapters: [], defaultAdapter: nil, merging: small.adapters[0])
      #expect(try TinyGPTVModel(path: path).matrixType == .f16)
    }
  }
}
