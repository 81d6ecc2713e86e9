import TinyGPTV
import Tensors

/// The Q-Former's output for pictures already seen, for runs that train neither it nor the vision tower: 32 vectors a
/// picture, computed once.
struct FrozenFeatures: Sendable {
  let cache: FeatureCache

  /// The Q-Former's output for a picture, from the cache or computed and kept.
  func queries(of picture: RecordPicture, size: Int, _ vision: VisionEncoder) -> Tensor {
    guard let key = picture.key else { return picture.queries(size: size, vision) }
    if let known = cache.tensor(for: key) { return known }
    let computed = picture.queries(size: size, vision)
    // What goes on is what a later pass will read, also if the cache rounds.
    _ = cache.store(computed, for: key)
    return cache.rounded(computed)
  }
}
