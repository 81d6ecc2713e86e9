import Synchronization

/// How a tensor was computed: a node of the graph that ``Tensor/gradients()`` walks backwards.
///
/// An operation makes a node only if one of its inputs has one; a frozen prefix of a model leaves no trace.
public final class GradientNode: @unchecked Sendable {
  /// Passes the gradient of this node's tensor on to the inputs.
  typealias Backward = (_ gradient: Tensor, _ gradients: inout Gradients) -> Void

  private static let counter = Atomic<UInt64>(0)

  /// Later nodes depend only on earlier ones.
  let order: UInt64
  let inputs: [GradientNode]
  let backward: Backward?

  init(inputs: [GradientNode], backward: Backward?) {
    order = Self.counter.add(1, ordering: .relaxed).newValue
    self.inputs = inputs
    self.backward = backward
  }
}

/// The gradients of one scalar with respect to everything that was marked with ``Tensor/requiringGradient()``.
public struct Gradients {
  private var byNode: [ObjectIdentifier: Tensor] = [:]

  init() {}

  /// The gradient of a marked tensor, or nil if the scalar does not depend on it.
  public subscript(tensor: Tensor) -> Tensor? {
    tensor.node.flatMap { byNode[ObjectIdentifier($0)] }
  }

  /// Adds to an input's gradient; does nothing where none is wanted.
  mutating func add(_ gradient: @autoclosure () -> Tensor, to tensor: Tensor) {
    guard let node = tensor.node else { return }
    let addition = gradient()
    precondition(addition.shape == tensor.shape, "gradient \(addition.shape) of a tensor \(tensor.shape)")
    if let present = byNode.removeValue(forKey: ObjectIdentifier(node)) {
      byNode[ObjectIdentifier(node)] = present.plus(addition)
    } else {
      byNode[ObjectIdentifier(node)] = addition
    }
  }

  fileprivate mutating func take(_ node: GradientNode) -> Tensor? {
    // A leaf's gradient is the result and stays; an inner one has done its work.
    node.backward == nil
      ? byNode[ObjectIdentifier(node)] : byNode.removeValue(forKey: ObjectIdentifier(node))
  }
}

extension Tensor {
  /// The same tensor as a leaf of the gradient graph: a parameter to train. Must be f32.
  public func requiringGradient() -> Tensor {
    precondition(type == .f32, "a gradient for \(type)")
    var leaf = self
    leaf.node = GradientNode(inputs: [], backward: nil)
    return leaf
  }

  /// The same tensor without its history.
  public func detached() -> Tensor {
    var copy = self
    copy.node = nil
    return copy
  }

  /// This freshly computed tensor with the memory of how it was computed, if any input wants a gradient.
  func recorded(from inputs: Tensor..., backward: @escaping GradientNode.Backward) -> Tensor {
    let nodes = inputs.compactMap(\.node)
    guard !nodes.isEmpty else { return self }
    var result = self
    result.node = GradientNode(inputs: nodes, backward: backward)
    return result
  }

  /// The gradients of this tensor, times `seed` (ones if nil) summed over all elements, with respect to every marked
  /// tensor that it depends on.
  public func gradients(seed: Tensor? = nil) -> Gradients {
    var gradients = Gradients()
    guard let node else { return gradients }
    gradients.add(seed ?? Tensor(repeating: 1, shape: shape), to: self)
    var reachable: [ObjectIdentifier: GradientNode] = [:]
    var pending = [node]
    while let next = pending.popLast() {
      guard reachable.updateValue(next, forKey: ObjectIdentifier(next)) == nil else { continue }
      pending.append(contentsOf: next.inputs)
    }
    for node in reachable.values.sorted(by: { $0.order > $1.order }) {
      guard let gradient = gradients.take(node), let backward = node.backward else { continue }
      backward(gradient, &gradients)
    }
    return gradients
  }
}
