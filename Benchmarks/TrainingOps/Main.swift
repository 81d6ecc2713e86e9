// How near the operations of a small model's training step come to the matrix products alone, on one thread, and what a
// second thread adds when each thread takes whole samples:
//
//   swift run -c release TrainingOpsBenchmark [rows] [width]

import CKernels
import COpenBLAS
import Foundation
import Tensors

/// The least processor time of several calls, in seconds: of this thread, or of all. The time on the clock would count
/// what else the machine does.
func fastest(of clock: clockid_t = CLOCK_THREAD_CPUTIME_ID, _ body: () -> Void) -> Double {
  func now() -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
  var best = Double.infinity
  var (rounds, total) = (0, 0.0)
  while rounds < 5 || total < 0.3 {
    let start = now()
    body()
    let elapsed = now() - start
    best = min(best, elapsed)
    total += elapsed
    rounds += 1
  }
  return best
}

func normals(_ shape: [Int], seed: UInt64, scale: Float = 1) -> Tensor {
  var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
  let values = (0..<shape.reduce(1, *)).map { _ -> Float in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (Float(state >> 40) / Float(1 << 24) - 0.5) * 3.46 * scale
  }
  return Tensor(values, shape: shape)
}

/// GFLOP/s of C = A·B at this size, by OpenBLAS.
func productSpeed(_ m: Int, _ n: Int, _ k: Int) -> Double {
  let (a, b) = (normals([m, k], seed: 1), normals([k, n], seed: 2))
  let c = Tensor(uninitialized: [m, n])
  func floats(_ tensor: Tensor) -> UnsafeMutablePointer<Float> { tensor.address.assumingMemoryBound(to: Float.self) }
  let seconds = fastest {
    copenblas_sgemm(
      false, false, Int32(m), Int32(n), Int32(k), 1, floats(a), Int32(k), floats(b), Int32(n), 0, floats(c), Int32(n))
  }
  return 2e-9 * Double(m * n * k) / seconds
}

struct Measurement {
  let name: String
  /// Floating-point operations of the matrix products in the forward pass; the backward pass has twice as many.
  let products: Int
  let inputs: [Tensor]
  let operation: ([Tensor]) -> Tensor

  func report(peak: Double) {
    let marked = inputs.map { $0.requiringGradient() }
    let seed = normals(operation(inputs).shape, seed: 99)
    let forward = fastest { _ = operation(inputs) }
    let both = fastest { _ = operation(marked).gradients(seed: seed) }
    let ideal = Double(products) / peak * 1e-9
    func column(_ seconds: Double, ideal: Double) -> String {
      String(format: "%9.3f ms %5.0f %%", seconds * 1e3, 100 * ideal / seconds)
    }
    print(
      name.padding(toLength: 24, withPad: " ", startingAt: 0), column(forward, ideal: ideal),
      column(both, ideal: 3 * ideal))
  }
}

/// A vision transformer's block, as EVA's.
struct Block {
  var norm1, norm1Bias, queryKeyValue, queryKeyValueBias, output, outputBias: Tensor
  var norm2, norm2Bias, up, upBias, down, downBias: Tensor
  let heads: Int

  init(width: Int, heads: Int) {
    self.heads = heads
    let scale = 1 / Float(width).squareRoot()
    (norm1, norm1Bias) = (normals([width], seed: 3), normals([width], seed: 4))
    (queryKeyValue, queryKeyValueBias) = (
      normals([3 * width, width], seed: 5, scale: scale), normals([3 * width], seed: 6)
    )
    (output, outputBias) = (normals([width, width], seed: 7, scale: scale), normals([width], seed: 8))
    (norm2, norm2Bias) = (normals([width], seed: 9), normals([width], seed: 10))
    (up, upBias) = (normals([4 * width, width], seed: 11, scale: scale), normals([4 * width], seed: 12))
    (down, downBias) = (normals([width, 4 * width], seed: 13, scale: scale), normals([width], seed: 14))
  }

  var parameters: [Tensor] {
    [
      norm1, norm1Bias, queryKeyValue, queryKeyValueBias, output, outputBias, norm2, norm2Bias, up, upBias, down,
      downBias,
    ]
  }

  static func apply(_ p: [Tensor], heads: Int, to x: Tensor) -> Tensor {
    let n = x.layerNorm(weight: p[0], bias: p[1], epsilon: 1e-6).linear(p[2], bias: p[3])
    let third = n.width / 3
    let (q, k, v) = (n.columns(0..<third), n.columns(third..<2 * third), n.columns(2 * third..<3 * third))
    let y = x.plus(q.attention(keys: k, values: v, heads: heads, causal: false).linear(p[4], bias: p[5]))
    let hidden = y.layerNorm(weight: p[6], bias: p[7], epsilon: 1e-6).linear(p[8], bias: p[9]).activated(.gelu)
    return y.plus(hidden.linear(p[10], bias: p[11]))
  }
}

@main enum TrainingOpsBenchmark {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
    let (t, d) = (arguments.first ?? 257, arguments.dropFirst().first ?? 192)
    let heads = d / 32
    guard copenblas_load(ckernels_openblas_core_type()) else {
      print("OpenBLAS is not installed")
      return
    }
    ThreadPool.configure(threads: 1)
    print("OpenBLAS \(String(cString: copenblas_core_name())), kernels \(String(cString: ckernels().pointee.name))")
    let products = [
      (1024, 1024, 1024), (512, 512, 512), (t, 3 * d, d), (t, d, d), (t, 4 * d, d), (t, d, 4 * d), (d, d, t),
    ]
    var peak = 0.0
    for (m, n, k) in products {
      let speed = productSpeed(m, n, k)
      peak = max(peak, speed)
      print("  product \(m)×\(n)×\(k): \(Int(speed)) GFLOP/s")
    }
    let x = normals([t, d], seed: 1)
    let block = Block(width: d, heads: heads)
    let wide = normals([t, 3 * d], seed: 20)
    let hidden = normals([t, 4 * d], seed: 21)
    let blockProducts = 24 * t * d * d + 4 * t * t * d
    print("\(t) rows of width \(d), \(heads) heads; one thread; % of \(Int(peak)) GFLOP/s")
    print("                              forward            forward and backward")
    let measurements = [
      Measurement(name: "layerNorm", products: 0, inputs: [x, block.norm1, block.norm1Bias]) {
        $0[0].layerNorm(weight: $0[1], bias: $0[2], epsilon: 1e-6)
      },
      Measurement(
        name: "linear to 3d", products: 6 * t * d * d, inputs: [x, block.queryKeyValue, block.queryKeyValueBias]
      ) { $0[0].linear($0[1], bias: $0[2]) },
      Measurement(name: "split in three", products: 0, inputs: [wide]) { x in
        x[0].columns(0..<d).plus(x[0].columns(d..<2 * d)).plus(x[0].columns(2 * d..<3 * d))
      },
      Measurement(name: "attention", products: 4 * t * t * d, inputs: [x, x.scaled(by: 1), x.scaled(by: 1)]) {
        $0[0].attention(keys: $0[1], values: $0[2], heads: heads, causal: false)
      },
      Measurement(name: "attention, causal", products: 2 * t * t * d, inputs: [x, x.scaled(by: 1), x.scaled(by: 1)]) {
        $0[0].attention(keys: $0[1], values: $0[2], heads: heads, causal: true)
      },
      Measurement(name: "linear to d", products: 2 * t * d * d, inputs: [x, block.output, block.outputBias]) {
        $0[0].linear($0[1], bias: $0[2])
      },
      Measurement(name: "plus", products: 0, inputs: [x, x.scaled(by: 1)]) { $0[0].plus($0[1]) },
      Measurement(name: "linear to 4d", products: 8 * t * d * d, inputs: [x, block.up, block.upBias]) {
        $0[0].linear($0[1], bias: $0[2])
      },
      Measurement(name: "gelu of 4d", products: 0, inputs: [hidden]) { $0[0].activated(.gelu) },
      Measurement(name: "geluTanh of 4d", products: 0, inputs: [hidden]) { $0[0].activated(.geluTanh) },
      Measurement(name: "linear from 4d", products: 8 * t * d * d, inputs: [hidden, block.down, block.downBias]) {
        $0[0].linear($0[1], bias: $0[2])
      },
      Measurement(name: "crossEntropy of 4d", products: 0, inputs: [hidden]) {
        $0[0].crossEntropy(targets: (0..<t).map { $0 })
      },
      Measurement(name: "block", products: blockProducts, inputs: [x] + block.parameters) {
        Block.apply(Array($0.dropFirst()), heads: heads, to: $0[0])
      },
    ]
    for measurement in measurements { measurement.report(peak: peak) }

    let marked = block.parameters.map { $0.requiringGradient() }
    let seed = normals([t, d], seed: 99)
    let samples = 16
    func step() {
      ThreadPool.shared.forEach(samples) { _ in
        var y = x
        for _ in 0..<4 { y = Block.apply(marked, heads: heads, to: y) }
        _ = y.gradients(seed: seed)
      }
    }
    for threads in 1...2 {
      ThreadPool.configure(threads: threads)
      let seconds = fastest(of: CLOCK_PROCESS_CPUTIME_ID, step) / Double(samples)
      let best = fastest(of: CLOCK_MONOTONIC, step) / Double(samples)
      print(
        String(
          format:
            "four blocks forward and backward, %d thread(s): a sample takes %.1f ms of a core, %.1f ms of the clock",
          threads, seconds * 1e3, best * 1e3))
    }
  }
}
