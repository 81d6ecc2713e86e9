import Tensors

/// The keys and values of the tokens that a language model has seen, layer by layer.
public final class KeyValueCache {
  /// One layer's keys and values, [tokens, hidden] each.
  final class Layer {
    fileprivate let keys: RowBuffer
    fileprivate let values: RowBuffer

    fileprivate init(capacity: Int, width: Int) {
      keys = RowBuffer(capacity: capacity, width: width)
      values = RowBuffer(capacity: capacity, width: width)
    }

    /// Adds the new tokens' keys and values and returns those of all tokens.
    func appending(_ keys: Tensor, _ values: Tensor) -> (Tensor, Tensor) {
      self.keys.append(keys)
      self.values.append(values)
      return (self.keys.contents, self.values.contents)
    }
  }

  let layers: [Layer]
  /// The adapter that the keys and values were computed with; another one makes them worthless.
  let adapter: String?

  /// Room for as many tokens as the model's context holds.
  init(_ configuration: PhiConfiguration, adapter: String?) {
    layers = (0..<configuration.layers).map { _ in
      Layer(capacity: configuration.contextLength, width: configuration.hiddenSize)
    }
    self.adapter = adapter
  }

  /// How many tokens have been seen.
  public var count: Int { layers.first?.keys.count ?? 0 }

  /// Forgets all tokens from this one on.
  public func truncate(to count: Int) {
    for layer in layers {
      layer.keys.truncate(to: count)
      layer.values.truncate(to: count)
    }
  }
}
