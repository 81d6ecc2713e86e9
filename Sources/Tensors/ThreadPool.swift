import CKernels
import CSystem
import Synchronization

/// The threads that share the inner loops. One pool for the process: it stands for the machine's cores, of which there
/// is one set however many models are loaded.
///
/// How work is cut into pieces may depend on whether it is a piece itself, but never on the number of threads, so
/// results do not either.
public final class ThreadPool: @unchecked Sendable {
  private static let current = Mutex<ThreadPool?>(nil)

  /// The process's pool, made with one thread a core at first use.
  public static var shared: ThreadPool {
    current.withLock { pool in
      if let pool { return pool }
      let made = ThreadPool(threads: availableCores)
      pool = made
      return made
    }
  }

  /// Replaces the process's pool by one with this many threads (1 to 1024). Work under way finishes on the old one.
  public static func configure(threads: Int) {
    precondition((1...1024).contains(threads), "a pool of \(threads) threads")
    let pool = ThreadPool(threads: threads)
    current.withLock { $0 = pool }
  }

  /// The cores that this process may run on.
  public static var availableCores: Int { Int(csystem_available_cores()) }

  /// Whether the caller is one of several pieces of work, so that what it cuts into pieces itself stays on its thread.
  static var isInsidePiece: Bool { ckernels_pool_is_inside() }

  /// How many threads work, the caller among them.
  public let threads: Int
  private let pool: OpaquePointer

  init(threads: Int) {
    self.threads = threads
    pool = ckernels_pool_create(Int32(threads))
  }

  deinit { ckernels_pool_destroy(pool) }

  /// Calls `body` with every number from 0 to `count` − 1, in any order and on any thread, and waits for all of them.
  /// Distinct calls must write to distinct memory.
  public func forEach(_ count: Int, _ body: (Int) -> Void) {
    guard count > 1 else {
      if count == 1 { body(0) }
      return
    }
    // The pool must outlive the call even if it is replaced meanwhile.
    withExtendedLifetime(self) {
      withoutActuallyEscaping(body) { body in
        let call = Call(body)
        withExtendedLifetime(call) {
          ckernels_pool_run(
            pool, Int32(count),
            { context, index in
              Unmanaged<Call>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.body(Int(index)) }
            },
            Unmanaged.passUnretained(call).toOpaque())
        }
      }
    }
  }

  /// What the threads call: from a constant of an object that is kept alive they need not count references, which would
  /// have them wait for one another.
  private final class Call {
    let body: (Int) -> Void
    init(_ body: @escaping (Int) -> Void) { self.body = body }
  }

  /// Cuts 0 ..< `count` into ranges of `grain` numbers and calls `body` with each, as ``forEach(_:_:)`` does.
  public func forEachRange(of count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
    let pieces = (count + grain - 1) / grain
    forEach(pieces) { body($0 * grain..<min(count, ($0 + 1) * grain)) }
  }
}

/// The inner loops for this processor.
nonisolated(unsafe) let kernels: ckernels_table = ckernels().pointee
