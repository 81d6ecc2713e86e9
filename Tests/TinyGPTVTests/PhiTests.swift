import Tensors
import TestSupport
import Testing

@testable import TinyGPTV

/// Rows that are wanted, of all that are computed.
struct PhiTests {
  /// Of a prompt's last layer only the last row is computed, and the cache is as whole as ever.
  @Test func logitsBehindAPromptAreThoseOfItsLastToken() throws {
    for (type, least) in [("f32", 0.999_999), ("q8_0", 0.9999)] {
      let model = try TinyGPTVModel(path: TinyModel.path("tiny-a", type: type))
      let (short, whole) = (model.makeCache(), model.makeCache())
      // So many that attention may round its operands in the second; it does not for a single row.
      for ids in [[1, 2, 3], (0..<40).map { 5 + 3 * $0 }] {
        let inputs = model.embeddings(segments: [ids], pictures: [])
        let last = try model.logits(after: inputs, cache: short)
        let each = try model.logits(afterEach: inputs, cache: whole)
        #expect(cosine(last, try #require(each.last)) >= least, "\(type)")
        #expect(cosine(last, each[each.count - 2]) < least, "\(type)")
      }
      #expect(short.count == 43 && whole.count == 43)
      #expect(model.phi(model.embeddings(segments: [[1, 2, 3]], pictures: []), onlyLast: true).rows == 1)
      // What comes next is computed from the caches.
      let next = model.embeddings(segments: [[8]], pictures: [])
      let (a, b) = (try model.logits(after: next, cache: short), try model.logits(after: next, cache: whole))
      #expect(a.map(\.bitPattern) == b.map(\.bitPattern), "\(type)")
    }
  }

  /// Rows of several sequences, of a prefix and of its continuations: as if all had been asked for, and so are the
  /// gradients that come from them, with checkpoints too.
  @Test(arguments: [0, 1, 2])
  func someRowsAreAsAmongAll(blocksPerCheckpoint: Int) throws {
    let phi = try TinyGPTVModel(path: TinyModel.path("tiny-a")).phi
    var layout = SequenceLayout()
    layout.append(count: 3)
    layout.append(prefix: 4, continuations: [5, 2, 6])
    layout.append(count: 7)
    // The last of the prefix, neighbours, single ones, and the beginning of a sequence that goes on.
    let rows = [0, 2, 6, 8, 9, 11, 12, 13, 15, 16, 19, 20, 21, 26]
    func pass(_ chosen: [Int]?) -> (hidden: [Float], gradient: [Float]) {
      let inputs = phi.embeddings(of: (0..<layout.count).map { 7 * $0 % 50 }).requiringGradient()
      let hidden = phi(inputs, layout, blocksPerCheckpoint: blocksPerCheckpoint, rows: chosen)
      let wanted = chosen == nil ? hidden.gatheringRows(rows) : hidden
      let slopes = Tensor((0..<wanted.count).map { Float($0 * 37 % 11) - 5 }, shape: wanted.shape)
      return (wanted.floatArray(), wanted.gradients(seed: slopes)[inputs]?.floatArray() ?? [])
    }
    let (all, some) = (pass(nil), pass(rows))
    #expect(some.hidden.count == rows.count * phi.configuration.hiddenSize && all.gradient.count == some.gradient.count)
    for (name, a, b) in [("hidden", all.hidden, some.hidden), ("gradient", all.gradient, some.gradient)] {
      let largest = a.reduce(0) { max($0, abs($1)) }
      let difference = zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(largest > 0 && difference <= 1e-5 * largest, "\(name): \(difference) of \(largest)")
    }
  }
}
