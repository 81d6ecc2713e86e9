import Tensors

/// The keys and values of the tokens that a language model has seen, layer by layer.
public final class KeyValueCache {
  /// One layer's keys and values, [tokens, hidden] each.
  final class Layer {
    fileprivate let keys: RowBuffer
    fileprivate let values: RowBuffer

    fileprivate init(capacity: Int, width: Int, type: ScalarType) {
      keys = RowBuffer(capacity: capacity, width: width, type: type)
      values = RowBuffer(capacity: capacity, width: width, type: type)
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

  /// Room for as many tokens as the model's context holds, stored as f32 or f16.
  init(_ configuration: PhiConfiguration, adapter: String?, type: ScalarType) {
    layers = (0..<configuration.layers).map { _ in
      Layer(capacity: configuration.contextLength, width: configuration.hiddenSize, type: type)
    }
    self.adapter = adapter
  }

  /// How many tokens have been seen.
  public var count: Int { layers.first?.keys.count ?? 0 }

  /// Bytes of the keys and values that are there.
  var bytes: Int {
    layers.reduce(0) { $0 + $1.keys.contents.byteCount + $1.values.contents.byteCount }
  }

  /// Forgets all tokens from this one on.
  public func truncate(to count: Int) {
    for layer in layers {
      layer.keys.truncate(to: count)
      layer.values.truncate(to: count)
    }
  }
}
