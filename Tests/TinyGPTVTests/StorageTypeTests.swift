import TestSupport
import Testing

@testable import TinyGPTV

/// How far the smaller storage types may lead away from f32.
struct StorageTypeTests {
  @Test(arguments: [("f16", 0.9999), ("bf16", 0.9999), ("q8_0", 0.999), ("q4_0", 0.97)])
  func logitsStayClose(_ type: String, _ limit: Double) throws {
    let reference = try Reference("tiny-q")
    let exact = try TinyGPTVModel(path: TinyModel.path("tiny-q"))
    let model = try TinyGPTVModel(path: TinyModel.path("tiny-q", type: type))
    for item in reference.cases {
      let whole = cosine(
        try reference.logits(model, item).floatArray(), try reference.logits(exact, item).floatArray())
      #expect(whole >= limit, "\(item.image)")
      let decoded = try reference.decoded(model, item).flatMap { $0 }
      let exactDecoded = try reference.decoded(exact, item).flatMap { $0 }
      #expect(cosine(decoded, exactDecoded) >= limit, "\(item.image), token by token")
      let differs = decoded != exactDecoded
      #expect(differs)
    }
  }

  /// As exact as the weights: f32 beside f32, half of that beside all others.
  @Test func keysAndValuesTakeHalfTheMemoryBesideSmallWeights() throws {
    let exact = try TinyGPTVModel(path: TinyModel.path("tiny-a"))
    let small = try TinyGPTVModel(path: TinyModel.path("tiny-a", type: "q8_0"))
    #expect(exact.cacheType == .f32 && small.cacheType == .f16)
    #expect(exact.cacheBytes(tokens: 10) == 2 * small.cacheBytes(tokens: 10))
    for (model, bytes) in [(exact, 4), (small, 2)] {
      let cache = model.makeCache()
      _ = try model.logits(after: model.embeddings(segments: [[1, 2, 3]], pictures: []), cache: cache)
      let width = model.configuration.phi.hiddenSize
      #expect(cache.bytes == 2 * model.configuration.phi.layers * width * bytes * 3)
    }
  }

  @Test(arguments: ["tiny-a", "tiny-b"])
  func tokenByTokenIsTheSameAsAtOnce(_ fixture: String) throws {
    let reference = try Reference(fixture)
    let model = try TinyGPTVModel(path: TinyModel.path(fixture))
    for item in reference.cases.prefix(2) {
      let steps = try reference.decoded(model, item).flatMap { $0 }
      var continued = item
      continued.segments[continued.segments.count - 1] += item.greedy
      let whole = try reference.logits(model, continued)
      let last = whole.rows(whole.rows - item.greedy.count..<whole.rows).floatArray()
      #expect(relativeError(steps, last) <= 1e-4, "\(item.image)")
    }
  }
}
