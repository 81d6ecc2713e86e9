import CKernels

#if canImport(Glibc)
  import Glibc
#endif

/// The gradients of a scalar, or of several that were added up, with respect to everything that was marked with
/// ``Tensor/requiringGradient()``.
public struct Gradients {
  private struct Entry {
    // Kept alive, since its identity is the key.
    let node: GradientNode
    var gradient: Tensor
  }
  private var byNode: [ObjectIdentifier: Entry] = [:]

  /// No gradients: what sums start with.
  public init() {}

  /// The gradient of a marked tensor, or nil if the scalar does not depend on it.
  public subscript(tensor: Tensor) -> Tensor? {
    tensor.node.flatMap { byNode[ObjectIdentifier($0)]?.gradient }
  }

  /// Adds another sample's gradients to these, in place where nobody else holds them. Sums are the same from run to run
  /// only if samples are added in the same order, whichever thread computed them.
  public mutating func add(_ other: Gradients) {
    for (key, entry) in other.byNode {
      if byNode[key] == nil {
        byNode[key] = entry
      } else {
        change(key) { kernels.add_scaled($0.floats, entry.gradient.floats, 1, entry.gradient.count) }
      }
    }
  }

  /// The square root of the sum of all elements' squares, of everything marked: what clipping compares with its limit.
  /// Not finite if an element is not.
  public var norm: Float {
    // The order decides the rounding; that of the marks is the same in every run.
    let entries = byNode.values.sorted { $0.node.order < $1.node.order }
    let squares = entries.reduce(0.0) { sum, entry in
      let piece = 4096
      return stride(from: 0, to: entry.gradient.count, by: piece).reduce(sum) { sum, start in
        let address = entry.gradient.floats + start
        return sum + Double(kernels.dot_f32(address, address, min(piece, entry.gradient.count - start)))
      }
    }
    return Float(squares.squareRoot())
  }
}

extension Gradients {
  /// Adds to an input's gradient; does nothing where none is wanted.
  mutating func add(_ gradient: @autoclosure () -> Tensor, to tensor: Tensor) {
    guard let node = tensor.node else { return }
    let addition = gradient()
    precondition(addition.shape == tensor.shape, "gradient \(addition.shape) of a tensor \(tensor.shape)")
    let key = ObjectIdentifier(node)
    if byNode[key] == nil {
      byNode[key] = Entry(node: node, gradient: addition)
    } else {
      change(key) { kernels.add_scaled($0.floats, addition.floats, 1, addition.count) }
    }
  }

  /// Adds to a part of an input's gradient, the rest of which is zero so far or holds other parts: `body` gets the whole
  /// gradient to add to. Does nothing where none is wanted.
  mutating func addPart(of tensor: Tensor, _ body: (Tensor) -> Void) {
    guard let node = tensor.node else { return }
    let key = ObjectIdentifier(node)
    if byNode[key] == nil { byNode[key] = Entry(node: node, gradient: Tensor(repeating: 0, shape: tensor.shape)) }
    change(key, body)
  }

  /// Changes a gradient in place; a copy of it, if someone else holds it too.
  private mutating func change(_ key: ObjectIdentifier, _ body: (Tensor) -> Void) {
    guard var entry = byNode.removeValue(forKey: key) else { return }
    if !entry.gradient.isUniquelyReferenced() {
      let copy = Tensor(uninitialized: entry.gradient.shape)
      memcpy(copy.floats, entry.gradient.floats, copy.count * 4)
      entry.gradient = copy
    }
    body(entry.gradient)
    byNode[key] = entry
  }

  /// Walks backwards from a node whose gradient is there, down to the marked tensors or to the nodes of `boundary`.
  mutating func propagate(from node: GradientNode, stoppingAt boundary: Set<ObjectIdentifier> = []) {
    var reachable: [ObjectIdentifier: GradientNode] = [:]
    var pending = [node]
    while let next = pending.popLast() {
      let key = ObjectIdentifier(next)
      guard !boundary.contains(key), reachable.updateValue(next, forKey: key) == nil else { continue }
      pending.append(contentsOf: next.inputs)
    }
    for node in reachable.values.sorted(by: { $0.order > $1.order }) {
      // A leaf's gradient is the result and stays; an inner one has done its work.
      guard let backward = node.backward, let entry = byNode.removeValue(forKey: ObjectIdentifier(node)) else {
        continue
      }
      backward(entry.gradient, &self)
    }
  }
}
