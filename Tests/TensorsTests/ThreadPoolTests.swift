import Foundation
import Synchronization
import Testing

@testable import Tensors

/// The pool does everything once, and how many threads it has shows in the time only. One after another, since some
/// replace the process's pool.
@Suite(.serialized) struct ThreadPoolTests {
  @Test(arguments: [1, 2, 3, 8])
  func everyIndexExactlyOnce(threads: Int) {
    let pool = ThreadPool(threads: threads)
    for count in [0, 1, 2, 3, 1000] { #expect(counts(pool, count) == [Int](repeating: 1, count: count)) }
    for (count, grain) in [(0, 4), (1, 4), (4, 4), (5, 4), (1001, 10)] {
      let seen = Mutex([Int](repeating: 0, count: count))
      pool.forEachRange(of: count, grain: grain) { range in
        #expect(!range.isEmpty && range.count <= grain)
        seen.withLock { for i in range { $0[i] += 1 } }
      }
      #expect(seen.withLock { $0 } == [Int](repeating: 1, count: count))
    }
  }

  @Test func severalThreadsReallyWork() {
    let pool = ThreadPool(threads: 3)
    let names = Mutex<Set<UInt>>([])
    // Each waits until all three are inside: only possible on three threads.
    pool.forEach(3) { _ in
      let deadline = Date(timeIntervalSinceNow: 20)
      names.withLock { _ = $0.insert(UInt(pthread_self())) }
      while names.withLock({ $0.count }) < 3 && Date() < deadline { usleep(100) }
    }
    #expect(names.withLock { $0.count } == 3)
  }

  @Test func nestedCallsRunWhereTheyAre() {
    let pool = ThreadPool(threads: 3)
    let total = Atomic(0)
    pool.forEach(20) { outer in
      let here = pthread_self()
      pool.forEach(50) { inner in
        #expect(pthread_equal(here, pthread_self()) != 0)
        total.add(outer * 50 + inner, ordering: .relaxed)
      }
    }
    #expect(total.load(ordering: .relaxed) == 999 * 1000 / 2)
    #expect(counts(pool, 100) == [Int](repeating: 1, count: 100))
  }

  @Test func callersTakeTurns() {
    let pool = ThreadPool(threads: 3)
    let wrong = Atomic(0)
    let callers = (0..<4).map { _ in
      Thread {
        for round in 0..<200 where counts(pool, round % 40) != [Int](repeating: 1, count: round % 40) {
          wrong.add(1, ordering: .relaxed)
        }
      }
    }
    run(callers)
    #expect(wrong.load(ordering: .relaxed) == 0)
  }

  @Test func manyTinyRounds() {
    let pool = ThreadPool(threads: 3)
    let total = Atomic(0)
    for _ in 0..<100_000 { pool.forEach(3) { total.add($0, ordering: .relaxed) } }
    #expect(total.load(ordering: .relaxed) == 300_000)
    // Workers that have gone to sleep wake up again.
    for _ in 0..<20 {
      usleep(2000)
      pool.forEach(3) { total.add($0, ordering: .relaxed) }
    }
    #expect(total.load(ordering: .relaxed) == 300_060)
  }

  @Test func configuringWhileOthersWork() {
    let before = ThreadPool.shared.threads
    defer { ThreadPool.configure(threads: before) }
    let wrong = Atomic(0)
    let finished = Atomic(false)
    let caller = Thread {
      while !finished.load(ordering: .relaxed) {
        if counts(.shared, 64) != [Int](repeating: 1, count: 64) { wrong.add(1, ordering: .relaxed) }
      }
    }
    let configurer = Thread {
      for round in 0..<300 { ThreadPool.configure(threads: round % 4 + 1) }
      // From inside a body too: the pool that is working must not wait for itself.
      ThreadPool.shared.forEach(8) { _ in ThreadPool.configure(threads: 2) }
      finished.store(true, ordering: .relaxed)
    }
    run([caller, configurer])
    #expect(wrong.load(ordering: .relaxed) == 0)
    #expect(ThreadPool.shared.threads == 2)
  }

  /// Value and gradients of every operation, bit for bit, and a product large enough for many pieces.
  @Test func resultsDoNotDependOnThreads() {
    let before = ThreadPool.shared.threads
    defer { ThreadPool.configure(threads: before) }
    let large = OperationCase("linear", [800, 64], [400, 64], [400]) {
      $0[0].linear($0[1], bias: $0[2])
    } textbook: {
      $0[0]
    }
    for operation in Operations.all + [large] {
      let inputs = operation.inputs()
      var first: [[UInt32]] = []
      for threads in 1...3 {
        ThreadPool.configure(threads: threads)
        let (output, _, gradients) = operation.run(inputs)
        let bits = ([output] + gradients.compactMap { $0 }).map { $0.floatArray().map(\.bitPattern) }
        if threads == 1 {
          first = bits
        } else {
          #expect(bits == first, "\(operation.testDescription), \(threads) threads")
        }
      }
    }
    // Whole passes side by side, as training does it.
    let inputs = large.inputs()
    let sideBySide = (1...3).map { threads in
      ThreadPool.configure(threads: threads)
      let bits = Mutex([[UInt32]](repeating: [], count: 4))
      ThreadPool.shared.forEach(4) { index in
        let (output, _, gradients) = large.run(inputs)
        let own = ([output] + gradients.compactMap { $0 }).flatMap { $0.floatArray().map(\.bitPattern) }
        bits.withLock { $0[index] = own }
      }
      return bits.withLock { $0 }
    }
    #expect(sideBySide[0] == sideBySide[1] && sideBySide[0] == sideBySide[2])
    #expect(sideBySide[0].allSatisfy { $0 == sideBySide[0][0] })
    for type in [ScalarType.f16, .bf16, .q8_0, .q4_0, .q4_k, .q6_k] {
      let weight = Tensor.stored([2000, 256], type)
      for rows in [1, 4, 9] {
        let x = Tensor.random([rows, 256], seed: 2)
        let results = (1...3).map { threads in
          ThreadPool.configure(threads: threads)
          return x.linear(weight).floatArray().map(\.bitPattern)
        }
        #expect(results[0] == results[1] && results[0] == results[2], "\(type), \(rows) rows")
      }
    }
  }
}

/// How often the pool called each index.
private func counts(_ pool: ThreadPool, _ count: Int) -> [Int] {
  let seen = Mutex([Int](repeating: 0, count: count))
  pool.forEach(count) { index in seen.withLock { $0[index] += 1 } }
  return seen.withLock { $0 }
}

private func run(_ threads: [Thread]) {
  for thread in threads { thread.start() }
  while !threads.allSatisfy(\.isFinished) { usleep(1000) }
}
