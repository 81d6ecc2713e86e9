import Diagnostics
import Foundation

/// Makes outputs from inputs on threads of its own, a few ahead, and hands them over in the order of the inputs.
///
/// It is for what a step needs besides arithmetic: pictures decoded and resized, texts tokenised, while the step before
/// computes. Inputs are asked for earlier than their outputs are taken; what has to be stored of a position in the data
/// belongs into the outputs.
public final class BackgroundLoader<Input: Sendable, Output: Sendable>: Sendable {
  private let state: LoaderState<Input, Output>

  /// Starts the threads.
  ///
  /// - Parameters:
  ///   - depth: how many outputs may be ready or in the making; at least 1.
  ///   - threads: how many are made at once; at least 1.
  ///   - nextInput: gives the next input, or nil at the end. It is called in order and never twice at once, on any thread,
  ///     and should be quick: ``next()`` waits for it.
  ///   - transform: makes an output; called on any thread, for several inputs at once if there are several threads.
  public init(
    depth: Int, threads: Int = 1, nextInput: @escaping @Sendable () -> Input?,
    transform: @escaping @Sendable (Input) throws(InputError) -> Output
  ) {
    precondition(depth > 0 && threads > 0, "a loader has a thread, and room for one output")
    let state = LoaderState(depth: depth, nextInput: nextInput, transform: transform)
    self.state = state
    for _ in 0..<min(threads, depth) {
      let thread = Thread { state.work() }
      thread.name = "loader"
      thread.start()
    }
  }

  deinit { state.cancel() }

  /// The next output, as soon as it is there; nil behind the last one and after ``cancel()``.
  ///
  /// - Throws: what `transform` threw for this input. The outputs of the inputs that follow can still be had.
  public func next() throws(InputError) -> Output? { try state.next() }

  /// Ends the work: what is in the making is finished and dropped, a thread that waits in ``next()`` gets nil.
  public func cancel() { state.cancel() }
}

/// What the threads of a loader share. They keep this, not the loader, so that a loader that is let go ends them.
///
/// Unchecked: everything that changes is read and written under `condition`.
private final class LoaderState<Input: Sendable, Output: Sendable>: @unchecked Sendable {
  private let depth: Int
  private let nextInput: @Sendable () -> Input?
  private let transform: @Sendable (Input) throws(InputError) -> Output

  private let condition = NSCondition()
  /// By the number of their input.
  private var results: [Int: Result<Output, InputError>] = [:]
  /// Inputs that were taken.
  private var started = 0
  /// Outputs that were handed over.
  private var delivered = 0
  private var isAtEnd = false
  private var isCancelled = false

  init(
    depth: Int, nextInput: @escaping @Sendable () -> Input?,
    transform: @escaping @Sendable (Input) throws(InputError) -> Output
  ) {
    self.depth = depth
    self.nextInput = nextInput
    self.transform = transform
  }

  func work() {
    while let (number, input) = take() {
      let result: Result<Output, InputError>
      do throws(InputError) {
        result = .success(try transform(input))
      } catch {
        result = .failure(error)
      }
      condition.withLock {
        if !isCancelled { results[number] = result }
        condition.broadcast()
      }
    }
  }

  private func take() -> (number: Int, input: Input)? {
    condition.withLock {
      while !isCancelled, !isAtEnd, started - delivered >= depth { condition.wait() }
      guard !isCancelled, !isAtEnd else { return nil }
      guard let input = nextInput() else {
        isAtEnd = true
        condition.broadcast()
        return nil
      }
      started += 1
      return (started - 1, input)
    }
  }

  func next() throws(InputError) -> Output? {
    let result = condition.withLock { () -> Result<Output, InputError>? in
      while !isCancelled {
        if let result = results.removeValue(forKey: delivered) {
          delivered += 1
          condition.broadcast()
          return result
        }
        if isAtEnd, delivered == started { return nil }
        condition.wait()
      }
      return nil
    }
    return try result?.get()
  }

  func cancel() {
    condition.withLock {
      isCancelled = true
      results = [:]
      condition.broadcast()
    }
  }
}
