import Foundation
import Testing

@testable import Tensors

/// What is kept, added up and changed in place while a model learns.
@Suite struct TrainingTests {
  // MARK: Packed attention

  @Test func packedPicturesDoNotSeeEachOther() {
    let x = Tensor.random([90, 64], seed: 1)
    let ranges = [0..<37, 37..<38, 38..<90]
    let packed = x.attention(keys: x, values: x, heads: 2, spans: AttentionSpan.blocks(queries: ranges, keys: ranges))
    for range in ranges {
      let alone = x.rows(range).attention(keys: x.rows(range), values: x.rows(range), heads: 2, causal: false)
      expectClose(
        packed.rows(range).floatArray(), alone.floatArray().map(Double.init), 1e-6, "\(range)", #_sourceLocation)
    }
  }

  @Test func continuationsAreAsIfEachStoodAlone() {
    let x = Tensor.random([60, 32], seed: 2)
    let spans = AttentionSpan.continuations([20..<45, 45..<60], ofPrefix: 20)
    let packed = x.attention(keys: x, values: x, heads: 4, spans: spans)
    for segment in [20..<45, 45..<60] {
      let alone = Tensor.concatenatingRows([x.rows(0..<20), x.rows(segment)])
      let expected = alone.attention(keys: alone, values: alone, heads: 4, causal: true)
      expectClose(
        packed.rows(segment).floatArray(), expected.rows(20..<expected.rows).floatArray().map(Double.init), 1e-6,
        "\(segment)", #_sourceLocation)
    }
  }

  // MARK: Dropout

  @Test func dropoutIsAFunctionOfSeedAndIndex() {
    let ones = Tensor(repeating: 1, shape: [100_000])
    let kept = ones.dropout(rate: 0.2, seed: 7).floatArray()
    #expect(Set(kept) == [0, 1.25])
    #expect(ones.dropout(rate: 0.2, seed: 7).floatArray() == kept)
    #expect(ones.rows(0..<30_001).dropout(rate: 0.2, seed: 7).floatArray() == Array(kept.prefix(30_001)))
    // Five standard deviations of a hundred thousand throws.
    #expect(abs(kept.count { $0 == 0 } - 20_000) < 650)
    #expect(ones.dropout(rate: 0, seed: 7).floatArray() == ones.floatArray())
    // Masks of other seeds, and a mask and itself moved on, agree as often as independent ones do.
    for other in [8, 9, 1 << 32, 7 + 1 << 40] as [UInt64] {
      let second = ones.dropout(rate: 0.2, seed: other).floatArray()
      for shift in [0, 1, 2, 1024] {
        let agreement = zip(kept, second.dropFirst(shift)).count { $0 == $1 }
        #expect(abs(agreement - (100_000 - shift) * 68 / 100) < 800, "seed \(other), shift \(shift)")
      }
    }
    for shift in [1, 2, 64, 4096] {
      let agreement = zip(kept, kept.dropFirst(shift)).count { $0 == $1 }
      #expect(abs(agreement - (100_000 - shift) * 68 / 100) < 800, "shift \(shift)")
    }
  }

  // MARK: Gradients in place

  @Test func sumsInPlaceLeaveOthersAlone() {
    let x = Tensor.random([3, 4], seed: 1).requiringGradient()
    let seed = Tensor.random([3, 4], seed: 2)
    let before = seed.floatArray()
    // The seed itself is the first gradient of both addends, and is added to.
    let gradients = x.plus(x).plus(x, times: 2).gradients(seed: seed)
    #expect(seed.floatArray() == before)
    #expect(gradients[x]?.floatArray() == before.map { 4 * $0 })
    var sum = gradients
    sum.add(gradients)
    sum.add(gradients)
    #expect(gradients[x]?.floatArray() == before.map { 4 * $0 }, "a copy was changed with its original")
    #expect(sum[x]?.floatArray() == before.map { 12 * $0 })
  }

  @Test func withoutHistoryNothingIsKept() {
    let x = Tensor.random([3, 4], seed: 1).requiringGradient()
    func body() -> Tensor { Tensor.checkpointed([x]) { $0[0].plus(x, times: 2) }.total() }
    let plain = body()
    let bare = Tensor.withoutHistory(body)
    #expect(bare.floatArray() == plain.floatArray())
    #expect(plain.gradients()[x] != nil && bare.gradients()[x] == nil)
    #expect(plain.node != nil && bare.node == nil)
    // And afterwards all is as before.
    #expect(body().gradients()[x] != nil)
  }

  @Test func gradientsOfSeveralSamplesAddUp() {
    let weight = Tensor.random([5, 8], seed: 1).requiringGradient()
    let other = Tensor.random([5], seed: 2).requiringGradient()
    let samples = (0..<3).map { Tensor.random([4, 8], seed: UInt64(10 + $0)) }
    let all = Tensor.concatenatingRows(samples).linear(weight).total().gradients()
    var sum = Gradients()
    for sample in samples { sum.add(sample.linear(weight).total().gradients()) }
    sum.add(other.total().gradients())
    expectClose(
      sum[weight]?.floatArray() ?? [], all[weight]?.floatArray().map(Double.init) ?? [], 1e-6, "sum", #_sourceLocation)
    #expect(sum[other]?.floatArray() == [1, 1, 1, 1, 1])
    let squares = [weight, other].flatMap { sum[$0]?.floatArray() ?? [] }.reduce(0) { $0 + Double($1) * Double($1) }
    #expect(abs(Double(sum.norm) / squares.squareRoot() - 1) < 1e-6)
    #expect(Gradients().norm == 0)
    #expect(!weight.scaled(by: .nan).total().gradients().norm.isFinite)
  }

  // MARK: Checkpoints

  /// A little network with a captured weight used twice, a captured intermediate result, and nested checkpoints.
  private func network(_ x: Tensor, _ weight: Tensor, _ norm: Tensor, checkpointed: Bool) -> Tensor {
    func maybe(_ inputs: [Tensor], _ body: @escaping ([Tensor]) -> Tensor) -> Tensor {
      checkpointed ? Tensor.checkpointed(inputs, body) : body(inputs)
    }
    let first = x.linear(weight).activated(.gelu)
    let second = maybe([first]) { inputs in
      let inner = maybe([inputs[0].scaled(by: 1.5)]) { $0[0].linear(weight).plus(first) }
      return inner.layerNorm(weight: norm, bias: nil, epsilon: 1e-3).plus(inputs[0]).dropout(rate: 0.25, seed: 3)
    }
    let third = maybe([second, first]) { inputs in
      inputs[0].attention(keys: inputs[1], values: inputs[0], heads: 2, causal: true).linear(weight)
    }
    return third.plus(second).plus(first)
  }

  @Test func checkpointsChangeNoBit() {
    let x = Tensor.random([30, 16], seed: 1).requiringGradient()
    let weight = Tensor.random([16, 16], seed: 2, scale: 0.3).requiringGradient()
    let norm = Tensor.random([16], seed: 3).requiringGradient()
    let seed = Tensor.random([30, 16], seed: 4)
    let (plain, checked) = (
      network(x, weight, norm, checkpointed: false), network(x, weight, norm, checkpointed: true)
    )
    #expect(checked.floatArray() == plain.floatArray())
    let (expected, found) = (plain.gradients(seed: seed), checked.gradients(seed: seed))
    for tensor in [x, weight, norm] {
      #expect(found[tensor]?.floatArray().map(\.bitPattern) == expected[tensor]?.floatArray().map(\.bitPattern))
    }
  }

  @Test func checkpointsKeepOnlyTheirInputs() {
    let x = Tensor.random([64, 64], seed: 1)
    let weight = Tensor.random([64, 64], seed: 2).requiringGradient()
    weak var kept: TensorStorage?
    var calls = 0
    let y = Tensor.checkpointed([x]) { inputs in
      calls += 1
      let hidden = inputs[0].linear(weight)
      kept = hidden.storage
      return hidden.activated(.gelu)
    }
    #expect(kept == nil && calls == 1)
    #expect(y.gradients()[weight] != nil && calls == 2)
    // With nothing to train inside, nothing is recorded; a body that computes nothing is no checkpoint.
    #expect(Tensor.checkpointed([x]) { $0[0].activated(.gelu) }.node == nil)
    #expect(Tensor.checkpointed([x, weight]) { $0[1] }.node === weight.node)
  }

  // MARK: AdamW

  /// Three steps of torch.optim.AdamW (2.13) with lr 0.01, betas 0.9 and 0.98, eps 1e-8, weight_decay 0.05.
  @Test(arguments: [1, 3])
  func stepsAsPyTorchDoes(copies: Int) {
    func repeated(_ values: [Float]) -> Tensor {
      let all = Array(repeating: values, count: copies).flatMap(\.self)
      return Tensor(all, shape: [all.count])
    }
    let parameter = repeated([1, -0.5, 0.25, 3, -2, 1e-3, 0])
    let (first, second) = (repeated([0, 0, 0, 0, 0, 0, 0]), repeated([0, 0, 0, 0, 0, 0, 0]))
    let gradients: [[Float]] = [
      [0.1, -0.2, 0.3, -0.4, 1e-3, 0, 5], [0.05, 0.3, -0.3, 0.2, -1e-3, 1e-6, -4], [-0.2, 0.1, 0, 0.1, 2, -1e-6, 0.5],
    ]
    let expected: [[Double]] = [
      [
        0.9894999861717224, -0.4897499978542328, 0.23987498879432678, 3.00849986076355, -2.008999824523926,
        0.0009995000436902046, -0.010000000707805157,
      ],
      [
        0.979656457901001, -0.4919775724411011, 0.2402813583612442, 3.0096664428710938, -2.0074689388275146,
        -0.006304154638200998, -0.010576864704489708,
      ],
      [
        0.9812189340591431, -0.4952923655509949, 0.24057002365589142, 3.008779764175415, -2.0127923488616943,
        -0.005856738891452551, -0.011522735469043255,
      ],
    ]
    for (index, gradient) in gradients.enumerated() {
      // Gradients of twice the size that are halved first come to the same.
      let step = AdamWStep(
        step: index + 1, learningRate: 0.01, beta2: 0.98, weightDecay: 0.05, gradientFactor: index == 1 ? 0.5 : 1)
      step.update(
        parameter, gradient: repeated(gradient.map { index == 1 ? 2 * $0 : $0 }), firstMoment: first,
        secondMoment: second)
      for (found, expected) in zip(
        parameter.floatArray(), Array(repeating: expected[index], count: copies).flatMap(\.self))
      {
        #expect(abs(Double(found) - expected) <= 1e-6 * abs(expected) + 2e-9, "step \(index + 1)")
      }
    }
    expectClose(
      Array(first.floatArray().prefix(7)),
      [
        -0.007400000002235174, 0.020800001919269562, -0.002700000535696745, -0.004399999976158142, 0.19999100267887115,
        -9.999996386511611e-09, 0.0949999988079071,
      ], 1e-6, "first moment", #_sourceLocation)
    expectClose(
      Array(second.floatArray().prefix(7)),
      [
        0.001041080104187131, 0.002732320223003626, 0.0034927204251289368, 0.004057280253618956, 0.08000003546476364,
        3.959999984718722e-14, 0.7987999320030212,
      ], 1e-6, "second moment", #_sourceLocation)
  }

  // MARK: bf16

  /// Products of bf16 numbers, and a gradient rounded to bf16 before its own products.
  @Test(arguments: [2, 9])
  func bf16ProductsRoundTheirOperands(rows: Int) {
    let (x, bias) = (
      Tensor.random([rows, 40], seed: 1).requiringGradient(), Tensor.random([6], seed: 3).requiringGradient()
    )
    let master = Tensor.random([6, 40], seed: 2).requiringGradient()
    let seed = Tensor.random([rows, 6], seed: 4)
    func rounded(_ tensor: Tensor) -> Values {
      Values(tensor.shape, tensor.converted(to: .bf16).floatArray().map(Double.init))
    }
    let y = x.rounded(to: .bf16).linear(master.rounded(to: .bf16), bias: bias)
    #expect(y.type == .f32)
    let exact = Textbook.linear(rounded(x), rounded(master), Values([6], bias.floatArray().map(Double.init)))
    expectClose(y.floatArray(), exact.elements, 1e-6, "value", #_sourceLocation)
    let gradients = y.gradients(seed: seed)
    let (dy, w, a) = (rounded(seed).elements, rounded(master).elements, rounded(x).elements)
    var (dx, dw) = ([Double](repeating: 0, count: rows * 40), [Double](repeating: 0, count: 6 * 40))
    var db = [Double](repeating: 0, count: 6)
    for t in 0..<rows {
      for j in 0..<6 {
        db[j] += Double(seed.floatArray()[t * 6 + j])
        for i in 0..<40 {
          dx[t * 40 + i] += dy[t * 6 + j] * w[j * 40 + i]
          dw[j * 40 + i] += dy[t * 6 + j] * a[t * 40 + i]
        }
      }
    }
    expectClose(gradients[x]?.floatArray() ?? [], dx, 1e-6, "dx", #_sourceLocation)
    expectClose(gradients[master]?.floatArray() ?? [], dw, 1e-6, "dw", #_sourceLocation)
    expectClose(gradients[bias]?.floatArray() ?? [], db, 1e-6, "db", #_sourceLocation)
  }
}
