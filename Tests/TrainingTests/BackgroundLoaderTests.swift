import Diagnostics
import Foundation
import Synchronization
import Testing

@testable import Training

/// Gives 0, 1, 2, … and remembers how many it gave.
private final class Counter: Sendable {
  private let value = Mutex(0)
  let end: Int

  init(end: Int = .max) { self.end = end }

  var given: Int { value.withLock { $0 } }

  func next() -> Int? {
    value.withLock { value in
      guard value < end else { return nil }
      value += 1
      return value - 1
    }
  }
}

@Suite struct BackgroundLoaderTests {
  @Test(arguments: [(1, 1), (1, 4), (3, 2), (8, 4)])
  func outputsComeInTheOrderOfTheInputs(depth: Int, threads: Int) throws {
    let counter = Counter(end: 200)
    let loader = BackgroundLoader<Int, Int>(depth: depth, threads: threads, nextInput: { counter.next() }) { input in
      // Later inputs are often done first.
      usleep(UInt32((input &* 7919) % 5) * 100)
      return input * 10
    }
    var outputs: [Int] = []
    while let output = try loader.next() { outputs.append(output) }
    #expect(outputs == (0..<200).map { $0 * 10 })
    #expect(try loader.next() == nil)
  }

  @Test func noMoreThanTheDepthIsAhead() throws {
    let counter = Counter()
    let reached = DispatchSemaphore(value: 0)
    let loader = BackgroundLoader<Int, Int>(depth: 3, threads: 2, nextInput: { counter.next() }) { input in
      reached.signal()
      return input
    }
    for _ in 0..<3 { reached.wait() }
    #expect(reached.wait(timeout: .now() + 0.05) == .timedOut)
    #expect(counter.given == 3)
    #expect(try loader.next() == 0)
    reached.wait()
    #expect(reached.wait(timeout: .now() + 0.05) == .timedOut)
    #expect(counter.given == 4)
  }

  @Test func threadsWorkAtTheSameTime() throws {
    let counter = Counter(end: 2)
    let second = DispatchSemaphore(value: 0)
    let loader = BackgroundLoader<Int, Bool>(depth: 2, threads: 2, nextInput: { counter.next() }) { input in
      // The first is done only when the second is.
      if input == 0 { return second.wait(timeout: .now() + 5) == .success }
      second.signal()
      return true
    }
    #expect(try loader.next() == true)
    #expect(try loader.next() == true)
  }

  @Test func faultsComeInTheirPlace() throws {
    let counter = Counter(end: 6)
    let loader = BackgroundLoader<Int, Int>(depth: 4, threads: 3, nextInput: { counter.next() }) {
      input throws(InputError) in
      guard input % 3 != 1 else { throw InputError(file: "\(input)", expected: "", found: "") }
      return input
    }
    var seen: [String] = []
    for _ in 0..<6 {
      do throws(InputError) {
        seen.append(try loader.next().map { "\($0)" } ?? "end")
      } catch {
        seen.append("fault \(error.file)")
      }
    }
    #expect(seen == ["0", "fault 1", "2", "3", "fault 4", "5"])
    #expect(try loader.next() == nil)
  }

  @Test func nothingToDoEndsAtOnce() throws {
    let loader = BackgroundLoader<Int, Int>(depth: 2, threads: 2, nextInput: { nil }) { $0 }
    #expect(try loader.next() == nil)
  }

  @Test func cancellingWakesWhoWaits() throws {
    let release = DispatchSemaphore(value: 0)
    let loader = BackgroundLoader<Int, Int>(depth: 1, nextInput: { 1 }) { input in
      release.wait()
      return input
    }
    Thread {
      usleep(20_000); loader.cancel()
    }.start()
    #expect(try loader.next() == nil)
    release.signal()
    #expect(try loader.next() == nil)
  }

  @Test func aLoaderThatIsLetGoEndsItsThreads() {
    final class Witness: Sendable {
      let gone: DispatchSemaphore
      init(_ gone: DispatchSemaphore) { self.gone = gone }
      deinit { gone.signal() }
    }
    let gone = DispatchSemaphore(value: 0)
    do {
      let witness = Witness(gone)
      _ = BackgroundLoader<Int, Int>(depth: 2, threads: 2, nextInput: { 1 }) { input in
        withExtendedLifetime(witness) { input }
      }
    }
    // The closures go when the last thread has ended.
    #expect(gone.wait(timeout: .now() + 5) == .success)
  }
}
