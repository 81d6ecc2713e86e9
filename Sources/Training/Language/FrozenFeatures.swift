import Diagnostics
import ModelFiles
import Synchronization
import Tensors
import TinyGPTV

/// The Q-Former's output for pictures already seen, for runs that train neither it nor the vision tower: 32 vectors a
/// picture, computed once.
final class FrozenFeatures: Sendable {
  let cache: FeatureCache
  private let warnings = Mutex<[InputError]>([])

  init(cache: FeatureCache) { self.cache = cache }

  /// What went wrong with the cache since the last call.
  func takeWarnings() -> [InputError] {
    warnings.withLock { warnings in
      defer { warnings = [] }
      return warnings
    }
  }

  /// The Q-Former's output for a picture that was not in the cache when its batch was prepared: from the cache, where a
  /// step since then may have put it, or computed and kept.
  func queries(_ key: ContentDigest, _ compute: () -> Tensor) -> Tensor {
    if let known = cache.tensor(for: key) { return known }
    let computed = compute()
    // What goes on is what a later pass will read, also if the cache rounds.
    if let warning = cache.store(computed, for: key) { warnings.withLock { $0.append(warning) } }
    return cache.rounded(computed)
  }
}
