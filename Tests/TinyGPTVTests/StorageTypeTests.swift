import Tensors
import TestSupport
import Testing

@testable import TinyGPTV

/// How far the smaller storage types may lead away from f32.
struct StorageTypeTests {
  @Test(arguments: [("f16", 0.9999), ("bf16", 0.9999), ("q8_0", 0.999), ("q4_0", 0.97)], [false, true])
  func logitsStayClose(_ type: (name: String, limit: Double), isInterleaved: Bool) throws {
    let limit = type.limit
    let reference = try Reference("tiny-q")
    let exact = try TinyGPTVModel(path: TinyModel.path("tiny-q"))
    let model = try TinyGPTVModel(path: TinyModel.path("tiny-q", type: type.name))
    if isInterleaved { interleave(model) }
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

  /// All that can be laid out anew is.
  private func interleave(_ model: TinyGPTVModel) {
    while model.interleaveNext() {}
    #expect(model.phi.productWeights.allSatisfy { $0.isInterleaved == $0.base.canBeInterleaved })
  }

  @Test func readingAheadTellsHowFarItIs() throws {
    let model = try TinyGPTVModel(path: TinyModel.path("tiny-q", type: "q8_0"))
    var shares: [Double] = []
    model.readAhead {
      shares.append($0)
      return true
    }
    #expect(shares.last == 1 && shares == shares.sorted())
    // What was copied is not read once more.
    interleave(model)
    shares = []
    model.readAhead {
      shares.append($0)
      return true
    }
    #expect(try #require(shares.first) > model.interleavedShare && shares.last == 1)
    var calls = 0
    model.readAhead { _ in
      calls += 1
      return false
    }
    #expect(calls == 1)
  }

  /// Weights laid out anew give the same answers: without an adapter, prompts bit for bit and single tokens but for the
  /// order of sums; with one, but for the rounding of its pairs.
  @Test(arguments: ["q8_0", "q4_0"])
  func interleavedIsTheSameModel(_ type: String) throws {
    let reference = try Reference("tiny-q")
    let model = try TinyGPTVModel(path: TinyModel.path("tiny-q", type: type))
    let ahead = try TinyGPTVModel(path: TinyModel.path("tiny-q", type: type))
    interleave(ahead)
    let adapter = try #require(model.activeAdapter)
    for item in reference.cases {
      let adapted = try [model, ahead].map { try reference.logits($0, item).floatArray() }
      #expect(cosine(adapted[0], adapted[1]) >= 0.9999, "\(item.image), with the adapter")
      for model in [model, ahead] { try model.use(adapter: nil) }
      let prompts = try [model, ahead].map { try reference.logits($0, item).floatArray().map(\.bitPattern) }
      #expect(prompts[0] == prompts[1], "\(item.image)")
      let tokens = try [model, ahead].map { try reference.decoded($0, item).flatMap { $0 } }
      // A sum's last bit may round an activation to the next byte.
      #expect(cosine(tokens[1], tokens[0]) >= 0.9999, "\(item.image), token by token")
      for model in [model, ahead] { try model.use(adapter: adapter) }
      #expect(try reference.logits(ahead, item).floatArray() == adapted[1], "\(item.image), with the adapter again")
    }
    // What the file holds is still there to be written.
    for (name, parameter) in model.parameters {
      #expect(try #require(ahead.parameters[name]).base.bytes.elementsEqual(parameter.base.bytes), "\(name)")
    }
  }

  /// Half way through, the model works as well.
  @Test func someWeightsMayBeInterleaved() throws {
    let reference = try Reference("tiny-q")
    let path = try TinyModel.path("tiny-q", type: "q8_0")
    let (model, ahead) = (try TinyGPTVModel(path: path), try TinyGPTVModel(path: path))
    let goesOn = ahead.interleaveNext()
    let canBe = ahead.phi.productWeights.filter(\.base.canBeInterleaved).count
    #expect(goesOn == (canBe > 1) && ahead.phi.productWeights.filter(\.isInterleaved).count == min(canBe, 1))
    let prompts = try [model, ahead].map { try reference.logits($0, reference.cases[0]).floatArray() }
    #expect(prompts[0] == prompts[1])
  }

  /// An adapter that comes when the weights are laid out already is used as those that were there before.
  @Test func adaptersComeLaterToo() throws {
    let reference = try Reference("tiny-q")
    let path = try TinyModel.path("tiny-q", type: "q8_0")
    let models = try [TinyGPTVModel(path: path), TinyGPTVModel(path: path)]
    let second = try Adapter(path: Fixtures.path("tiny-q/adapters/second"), for: models[0].configuration.phi)
    interleave(models[0])
    for model in models {
      try model.add(second)
      try model.use(adapter: "second")
    }
    interleave(models[1])
    let logits = try models.map { try reference.logits($0, reference.question(of: "second_adapter")).floatArray() }
    #expect(logits[0] == logits[1])
  }

  /// Pairs of any magnitude and rank keep what they say when they become bytes.
  @Test(arguments: [1e-9, 1e-4, 1, 1e6], [1, 16, 32, 40])
  func pairsBecomeBytes(_ magnitude: Float, _ rank: Int) throws {
    func tensor(_ shape: [Int], _ magnitude: Float) -> Tensor {
      Tensor((0..<shape[0] * shape[1]).map { magnitude * (Float($0 * 7919 % 255) / 127 - 1) }, shape: shape)
    }
    let pair = LowRankPair(a: tensor([rank, 64], magnitude), b: tensor([10, rank], 1 / magnitude), scale: 0.5)
    let bytes = try #require(pair.asBytes)
    #expect(bytes.a.type == .q8_0 && bytes.b.type == .q8_0)
    let x = tensor([3, 64], 1)
    let products = [pair, bytes].map { pair in
      x.linear(pair.a).linear(pair.b).floatArray().map { $0 * pair.scale }
    }
    #expect(cosine(products[0], products[1]) >= 0.999)
    let sizes = products.map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    #expect(abs(sizes[1] / sizes[0] - 1) <= 0.02)
    #expect(LowRankPair(a: tensor([4, 40], 1), b: tensor([10, 4], 1), scale: 1).asBytes == nil)
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
