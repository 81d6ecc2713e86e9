import Synchronization

/// How a tensor was computed: a node of the graph that ``Tensor/gradients(seed:)`` walks backwards.
///
/// An operation makes a node only if one of its inputs has one; a frozen prefix of a model leaves no trace.
public final class GradientNode: @unchecked Sendable {
  /// Passes the gradient of this node's tensor on to the inputs.
  typealias Backward = (_ gradient: Tensor, _ gradients: inout Gradients) -> Void

  private static let counter = Atomic<UInt64>(0)

  /// Whether a checkpointed body runs, which must compute the same with and without a record of it.
  @TaskLocal static var isInCheckpoint = false

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

/// While one is set, operations run without recording and only note what they would have depended on.
final class DependencyNotes: @unchecked Sendable {
  @TaskLocal static var current: DependencyNotes?

  /// Each node once, in the order of first use. Used by the thread that set the notes only.
  private(set) var nodes: [GradientNode] = []
  private var known: Set<ObjectIdentifier> = []

  func add(_ more: [GradientNode]) {
    for node in more where known.insert(ObjectIdentifier(node)).inserted { nodes.append(node) }
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
    recorded(from: inputs, backward: backward)
  }

  func recorded(from inputs: [Tensor], backward: @escaping GradientNode.Backward) -> Tensor {
    let nodes = inputs.compactMap(\.node)
    guard !nodes.isEmpty else { return self }
    if let notes = DependencyNotes.current {
      notes.add(nodes)
      return self
    }
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
    gradients.propagate(from: node)
    return gradients
  }

  /// What `body` computes, without any memory of how: nothing is kept for a backward pass that will not come. Holds on
  /// the thread that calls it.
  public static func withoutHistory<Result>(_ body: () -> Result) -> Result {
    // Whoever notes dependencies records none; what is noted here nobody reads.
    DependencyNotes.$current.withValue(DependencyNotes(), operation: body)
  }

  /// What a body makes of `inputs`, without keeping anything else for the backward pass, which calls it once more
  /// (Chen et al. 2016). Gradients reach the inputs and every marked tensor that it captures, and are the same, bit
  /// for bit, as if it had been called outright.
  ///
  /// The body must give the same result both times: it may not change anything, nor draw random numbers without a seed.
  public static func checkpointed(_ inputs: [Tensor], _ unmarked: @escaping ([Tensor]) -> Tensor) -> Tensor {
    let body: ([Tensor]) -> Tensor = { inputs in GradientNode.$isInCheckpoint.withValue(true) { unmarked(inputs) } }
    // Inside another checkpoint's first pass there is nothing to save.
    guard DependencyNotes.current == nil else { return body(inputs) }
    let notes = DependencyNotes()
    let result = DependencyNotes.$current.withValue(notes) { body(inputs) }
    // A body that hands on one of its tensors has computed nothing to forget.
    guard result.node == nil else { return result }
    guard !notes.nodes.isEmpty else { return result }
    var recorded = result
    let outside = Set(notes.nodes.map(ObjectIdentifier.init))
    recorded.node = GradientNode(inputs: notes.nodes) { gradient, gradients in
      let again = body(inputs)
      guard let node = again.node else { return }
      gradients.add(gradient, to: again)
      gradients.propagate(from: node, stoppingAt: outside)
    }
    return recorded
  }
}
