import ModelFiles
import TestSupport
import Testing

@testable import TinyGPTV

/// The model computes what upstream's program computes.
struct ParityTests {
  @Test(arguments: ["tiny-a", "tiny-b", "tiny-q"])
  func everyTracePointAgrees(_ fixture: String) throws {
    let reference = try Reference(fixture)
    #expect(reference.cases.count == 6)
    let model = try TinyGPTVModel(path: TinyModel.path(fixture))
    for item in reference.cases {
      let trace = try reference.trace(model, item)
      #expect(trace.map(\.name) == Reference.points)
      for (name, tensor) in trace {
        let expected = try #require(reference.tensors.tensor(named: "\(item.key)/\(name)"))
        #expect(tensor.shape == expected.shape, "\(item.image) \(name)")
        #expect(relativeError(tensor.floatArray(), expected.floatArray()) <= 1e-4, "\(item.image) \(name)")
      }
    }
  }

  @Test(arguments: ["tiny-a", "tiny-b", "tiny-q"])
  func greedyAnswersAgree(_ fixture: String) throws {
    let reference = try Reference(fixture)
    let model = try TinyGPTVModel(path: TinyModel.path(fixture))
    for item in reference.cases {
      #expect(item.greedy.count == 24)
      let answer = try reference.answer(model, item)
      #expect(answer.count == 24)
      if item.gap >= 1e-3 { #expect(answer == item.greedy, "\(item.image)") }
    }
  }

  @Test(arguments: ["tiny-a", "tiny-b", "tiny-q"])
  func stageOneAgrees(_ fixture: String) throws {
    let model = try TinyGPTVModel(path: TinyModel.path(fixture, stage: 1))
    #expect(model.adapters.isEmpty)
    try expectLogits(model, Reference(fixture), "stage1")
  }

  @Test(arguments: ["tiny-a", "tiny-b", "tiny-q"])
  func otherAdaptersAgree(_ fixture: String) throws {
    let reference = try Reference(fixture)
    let model = try TinyGPTVModel(path: TinyModel.path(fixture))
    #expect(model.adapters.map(\.name) == ["TinyGPT-V_for_Stage4"])
    #expect(model.activeAdapter == "TinyGPT-V_for_Stage4")

    try model.add(Adapter(path: Fixtures.path("\(fixture)/adapters/second"), for: model.configuration.phi))
    try model.use(adapter: "second")
    try expectLogits(model, reference, "second_adapter")
    let item = try reference.question(of: "second_adapter")
    #expect(try reference.answer(model, item) == reference.greedy(of: "second_adapter"))

    try model.use(adapter: nil)
    try expectLogits(model, reference, "no_adapter")
    #expect(try reference.answer(model, item) == reference.greedy(of: "no_adapter"))
  }

  private func expectLogits(_ model: TinyGPTVModel, _ reference: Reference, _ part: String) throws {
    let found = try reference.logits(model, reference.question(of: part))
    let expected = try #require(reference.tensors.tensor(named: "\(part)/logits"))
    #expect(found.shape == expected.shape)
    #expect(relativeError(found.floatArray(), expected.floatArray()) <= 1e-4)
  }
}
