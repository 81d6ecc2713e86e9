import Tensors

/// A weight of the model: what the file holds, and what stands in its place while an adapter overrides it or the
/// trainer changes it.
public final class Parameter {
  /// The tensor's name in the model file.
  public let name: String
  /// What the file holds.
  public private(set) var base: Tensor
  /// What the model computes with.
  public var value: Tensor
  /// The type to which both sides of a product with this weight are rounded; nil to leave them as they are.
  package var productType: ScalarType?

  package init(name: String, base: Tensor) {
    self.name = name
    self.base = base
    value = base
  }

  /// Whether products round their other side too, to the 8 bits of quantised weights.
  var isRounded: Bool { value.type.isQuantized }

  /// Whether products read a copy of the file's bytes.
  var isInterleaved: Bool { base.isInterleaved }

  /// Makes products with what the file holds faster, see ``Tensor/interleaved(in:)``; the file's pages may leave memory. False
  /// if there is no memory for it.
  func interleave() -> Bool {
    guard let interleaved = base.interleaved() else { return false }
    if value.address == base.address { value = interleaved }
    base.discardPages()
    base = interleaved
    return true
  }
}

/// y = x·Wᵀ + b, with a slot for an adapter's low-rank pair.
public final class Linear {
  /// [out, in], in any storage type.
  public let weight: Parameter
  /// [out], f32.
  public let bias: Parameter?
  /// The adapter in use, if it adapts this layer.
  public var lowRank: LowRankPair?
  /// The share of the pair's inputs that training drops.
  package var dropoutRate: Float = 0

  init(_ loader: inout ParameterLoader, _ name: String, from input: Int, to output: Int, bias: Bool = true) {
    weight = loader.matrix("\(name).weight", [output, input])
    self.bias = bias ? loader.vector("\(name).bias", output) : nil
  }

  func callAsFunction(_ x: Tensor, dropoutSeed: UInt64? = nil) -> Tensor {
    self(ProductInput(x), dropoutSeed: dropoutSeed)
  }

  /// - Parameter dropoutSeed: decides which inputs of the low-rank pair are dropped; nil outside training.
  func callAsFunction(_ input: ProductInput, dropoutSeed: UInt64? = nil) -> Tensor {
    let x = rounded(input)
    let product = LinearProduct(x, rounded(weight.value), bias: bias?.value)
    guard let lowRank else { return LinearProduct.results(of: [product])[0] }
    var kept = x
    if let dropoutSeed, dropoutRate > 0 {
      let seed = weight.name.utf8.reduce(dropoutSeed) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
      kept = ProductInput(rounded(input.tensor.dropout(rate: dropoutRate, seed: seed)))
    }
    let results = LinearProduct.results(of: [product, LinearProduct(kept, rounded(lowRank.a))])
    let inner = ProductInput(rounded(results[1]))
    return inner.linear(rounded(lowRank.b), times: lowRank.scale, addedTo: results[0])
  }

  /// An f32 side of a product in the type that training computes in.
  private func rounded(_ side: Tensor) -> Tensor {
    guard let type = weight.productType, side.type == .f32 else { return side }
    return side.rounded(to: type)
  }

  private func rounded(_ input: ProductInput) -> ProductInput {
    weight.productType == nil ? input : ProductInput(rounded(input.tensor))
  }
}

/// LayerNorm with its weight and bias.
public final class LayerNorm {
  /// [width], f32.
  public let weight: Parameter
  /// [width], f32.
  public let bias: Parameter
  /// What keeps the division finite.
  public let epsilon: Float

  init(_ loader: inout ParameterLoader, _ name: String, _ width: Int, epsilon: Float) {
    weight = loader.vector("\(name).weight", width)
    bias = loader.vector("\(name).bias", width)
    self.epsilon = epsilon
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    x.layerNorm(weight: weight.value, bias: bias.value, epsilon: epsilon)
  }
}

/// RMSNorm with its weight.
public final class RMSNorm {
  /// [width], f32.
  public let weight: Parameter
  /// What keeps the division finite.
  public let epsilon: Float

  init(_ loader: inout ParameterLoader, _ name: String, _ width: Int, epsilon: Float) {
    weight = loader.vector("\(name).weight", width)
    self.epsilon = epsilon
  }

  func callAsFunction(_ x: Tensor) -> Tensor { x.rmsNorm(weight: weight.value, epsilon: epsilon) }
}
