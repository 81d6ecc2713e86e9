import Foundation
import ModelFiles
import Pictures
import Tensors
import TestSupport
import Testing

@testable import TinyGPTV

/// What upstream's program makes of a fixture: `expected.json` and `expected.safetensors`.
struct Reference {
  /// One question about one picture.
  struct Case {
    var image: String
    var prompt: String
    var segments: [[Int]]
    var greedy: [Int]
    /// How close the two best tokens came in any step; below 1e-3 another order of summation may turn them round.
    var gap: Double

    /// What the names of its trace points start with.
    var key: String { image.replacingOccurrences(of: ".", with: "_") }
  }

  let fixture: String
  let cases: [Case]
  let json: JSONValue
  let tensors: SafetensorsFile

  static let points = [
    "pixels", "vit.block0", "vit.output", "ln_vision", "qformer", "image_embeds", "inputs_embeds", "phi.layer0",
    "phi.final_norm", "logits",
  ]

  init(_ fixture: String) throws {
    self.fixture = fixture
    json = try JSONValue.read(path: Fixtures.path("\(fixture)/expected.json"))
    tensors = try SafetensorsFile(path: Fixtures.path("\(fixture)/expected.safetensors"))
    cases = try (json["cases"]?.array ?? []).map { item in
      Case(
        image: try #require(item["image"]?.string), prompt: try #require(item["prompt"]?.string),
        segments: try #require(item["segment_ids"]?.array).map { $0.array?.compactMap(\.integer) ?? [] },
        greedy: try #require(item["greedy_ids"]?.array).compactMap(\.integer),
        gap: try #require(item["smallest_top2_gap"]?.double))
    }
  }

  /// The question of `stage1`, `second_adapter` and `no_adapter`: the first case's.
  func question(of part: String) throws -> Case {
    let image = try #require(json[part]?["image"]?.string)
    let prompt = try #require(json[part]?["prompt"]?.string)
    return try #require(cases.first { $0.image == image && $0.prompt == prompt })
  }

  func greedy(of part: String) throws -> [Int] {
    try #require(json[part]?["greedy_ids"]?.array).compactMap(\.integer)
  }

  func picture(_ item: Case) throws -> Picture {
    try Picture(contentsOf: Fixtures.path("\(fixture)/images/\(item.image)"))
  }

  /// Every trace point of a case.
  func trace(_ model: TinyGPTVModel, _ item: Case) throws -> [(name: String, tensor: Tensor)] {
    try model.trace(picture: picture(item), segments: item.segments)
  }

  /// The logits of all tokens of a case's prompt.
  func logits(_ model: TinyGPTVModel, _ item: Case) throws -> Tensor {
    try #require(trace(model, item).last { $0.name == "logits" }?.tensor)
  }

  /// A cache with a case's prompt in it, and the logits behind it.
  func prompted(_ model: TinyGPTVModel, _ item: Case) throws -> (cache: KeyValueCache, logits: [Float]) {
    let vectors = try model.encode(picture(item))
    let cache = model.makeCache()
    let logits = try model.logits(
      after: model.embeddings(segments: item.segments, pictures: [vectors]), cache: cache)
    return (cache, logits)
  }

  /// The answer's first tokens, 24 as in the reference.
  func answer(
    _ model: TinyGPTVModel, _ item: Case, _ sampling: SamplingOptions = SamplingOptions()
  ) throws -> [Int] {
    let (cache, logits) = try prompted(model, item)
    var answer: [Int] = []
    _ = try model.generate(
      after: logits, cache: cache, sampling: sampling, maximumTokens: 24, endsAtEndOfText: false
    ) { token in
      answer.append(token)
      return nil
    }
    return answer
  }

  /// The logits behind each token of the reference's answer, one by one through the cache.
  func decoded(_ model: TinyGPTVModel, _ item: Case) throws -> [[Float]] {
    let (cache, _) = try prompted(model, item)
    return try item.greedy.map { token in
      try model.logits(after: model.embeddings(segments: [[token]], pictures: []), cache: cache)
    }
  }
}

/// The greatest difference as a share of the reference's greatest magnitude; infinite for NaN and for other counts.
func relativeError(_ found: [Float], _ reference: [Float]) -> Float {
  guard found.count == reference.count, !found.isEmpty else { return .infinity }
  var difference: Float = 0
  var magnitude: Float = 0
  for (x, y) in zip(found, reference) {
    guard x.isFinite, y.isFinite else { return .infinity }
    difference = max(difference, abs(x - y))
    magnitude = max(magnitude, abs(y))
  }
  return difference == 0 ? 0 : difference / magnitude
}

/// The cosine of the angle between two lists of numbers; NaN for NaN and for other counts.
func cosine(_ x: [Float], _ y: [Float]) -> Double {
  guard x.count == y.count else { return .nan }
  var (xy, xx, yy) = (0.0, 0.0, 0.0)
  for (a, b) in zip(x, y) {
    xy += Double(a) * Double(b)
    xx += Double(a) * Double(a)
    yy += Double(b) * Double(b)
  }
  return xy / (xx * yy).squareRoot()
}
