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

  /// The Q-Former's output for a picture, from the cache or computed and kept.
  func queries(of picture: RecordPicture, size: Int, _ vision: VisionEncoder) -> Tensor {
    guard let key = picture.key else { return picture.queries(size: size, vision) }
    if let known = cache.tensor(for: key) { return known }
    let computed = picture.queries(size: size, vision)
    // What goes on is what a later pass will read, also if the cache rounds.
    if let warning = cache.store(computed, for: key) { warnings.withLock { $0.append(warning) } }
    return cache.rounded(computed)
  }
}
