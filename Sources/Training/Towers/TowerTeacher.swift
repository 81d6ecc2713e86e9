import Foundation
import TinyGPTV
import Tensors

/// Linear heads that give the vision tower and the Q-Former a direct signal before any language is there: every patch
/// tells what it shows, and every query what object it stands for, as in a detector (Carion et al. 2020). They are
/// trained along and do not ship.
final class TowerTeacher {
  let patchHead: Head
  let queryHead: Head

  /// A linear layer of its own.
  struct Head {
    let weight: Parameter
    let bias: Parameter

    func callAsFunction(_ x: Tensor) -> Tensor { x.linear(weight.value, bias: bias.value) }
  }

  /// Columns of the heads' outputs.
  enum Columns {
    static let kind = 0..<SceneTargets.kinds + 1
    static let colour = kind.upperBound..<kind.upperBound + SceneTargets.colours + 1
    static let box = colour.upperBound..<colour.upperBound + 4
    /// Each edge as one of the numbers 0 to 100, which is how the language model will have to say it.
    static func edge(_ index: Int) -> Range<Int> {
      box.upperBound + 101 * index..<box.upperBound + 101 * (index + 1)
    }
  }

  init(pictureWidth: Int, queryWidth: Int, seed: UInt64) {
    var generator = SplitMix64(state: seed)
    func head(_ name: String, from input: Int, to output: Int) -> Head {
      let values = (0..<input * output).map { _ in Float(generator.nextUnit() - 0.5) * 0.07 }
      return Head(
        weight: Parameter(name: "teacher.\(name).weight", base: Tensor(values, shape: [output, input])),
        bias: Parameter(name: "teacher.\(name).bias", base: Tensor(repeating: 0, shape: [output])))
    }
    patchHead = head("patch", from: pictureWidth, to: Columns.box.upperBound)
    queryHead = head("query", from: queryWidth, to: Columns.edge(3).upperBound)
  }

  var parameters: [Parameter] { [patchHead.weight, patchHead.bias, queryHead.weight, queryHead.bias] }

  // MARK: Losses

  /// The loss of what one picture's tokens tell [1 + g², columns of the head]: kind of every patch, colour and box of
  /// those that show an object.
  func patchLoss(_ tokens: Tensor, _ targets: SceneTargets, tally: inout Tally) -> Tensor {
    let grid = Int(Double(tokens.rows - 1).squareRoot().rounded())
    let owners = targets.owners(grid: grid).map { $0.map { targets.objects[$0] } }
    let output = tokens.rows(1..<tokens.rows)
    let kindLogits = output.columns(Columns.kind)
    let answers = kindLogits.largestColumns()
    for (answer, owner) in zip(answers, owners) {
      guard let owner else { continue }
      tally.add("patch_kind", answer == owner.kind ? 1 : 0)
    }
    let colours = output.columns(Columns.colour).largestColumns()
    let boxes = output.columns(Columns.box).floatArray()
    for (patch, owner) in owners.enumerated() {
      guard let owner else { continue }
      if let colour = owner.colour { tally.add("patch_colour", colours[patch] == colour ? 1 : 0) }
      let error = (0..<4).reduce(Float(0)) { $0 + abs(boxes[patch * 4 + $1] - owner.box[$1]) }
      tally.add("patch_box_error_percent", Double(error * 25))
    }
    // Most patches show nothing; their loss is a mean of its own, lest it drown the others.
    let kindLoss = kindLogits.crossEntropy(targets: owners.map { $0?.kind })
      .plus(kindLogits.crossEntropy(targets: owners.map { $0 == nil ? SceneTargets.kinds : nil }))
    let colourLoss = output.columns(Columns.colour).crossEntropy(
      targets: owners.map { owner in owner.map { $0.colour ?? SceneTargets.colours } })
    let owned = Float(max(1, owners.count { $0 != nil }))
    let boxLoss = output.columns(Columns.box).absoluteError(
      targets: owners.flatMap { $0?.box ?? [0, 0, 0, 0] },
      weights: owners.flatMap { [Float](repeating: $0 == nil ? 0 : 1 / owned, count: 4) })
    return kindLoss.plus(colourLoss).plus(boxLoss, times: 2)
  }

  /// The loss of what one layer's queries tell, [queries, columns of the head], given which query stands for which object.
  func queryLoss(_ output: Tensor, _ targets: SceneTargets, queryOfObject: [Int]) -> Tensor {
    let queries = output.rows
    var objectOfQuery = [SceneTargets.Object?](repeating: nil, count: queries)
    for (object, query) in queryOfObject.enumerated() { objectOfQuery[query] = targets.objects[object] }
    let kindLogits = output.columns(Columns.kind)
    var loss = kindLogits.crossEntropy(targets: objectOfQuery.map { $0?.kind })
    // As with patches, what shows nothing counts apart.
    loss = loss.plus(kindLogits.crossEntropy(targets: objectOfQuery.map { $0 == nil ? SceneTargets.kinds : nil }))
    loss = loss.plus(
      output.columns(Columns.colour).crossEntropy(
        targets: objectOfQuery.map { object in object.map { $0.colour ?? SceneTargets.colours } }))
    let count = Float(max(1, queryOfObject.count))
    loss = loss.plus(
      output.columns(Columns.box).absoluteError(
        targets: objectOfQuery.flatMap { $0?.box ?? [0, 0, 0, 0] },
        weights: objectOfQuery.flatMap { [Float](repeating: $0 == nil ? 0 : 1 / count, count: 4) }), times: 2)
    for edge in 0..<4 {
      loss = loss.plus(
        output.columns(Columns.edge(edge)).crossEntropy(
          targets: objectOfQuery.map { object in object.map { Int(($0.box[edge] * 100).rounded()) } }), times: 0.1)
    }
    return loss
  }

  /// Which query should stand for which object: the one that already tells it best, near its place in the picture.
  func assignment(_ output: Tensor, _ targets: SceneTargets, tally: inout Tally) -> [Int] {
    let (values, width) = (output.detached().floatArray(), output.width)
    let queries = output.rows
    func probabilities(_ query: Int, _ columns: Range<Int>) -> [Float] {
      let logits = values[query * width + columns.lowerBound..<query * width + columns.upperBound]
      let largest = logits.max() ?? 0
      let exponentials = logits.map { exp($0 - largest) }
      let sum = exponentials.reduce(0, +)
      return exponentials.map { $0 / sum }
    }
    let kinds = (0..<queries).map { probabilities($0, Columns.kind) }
    let colours = (0..<queries).map { probabilities($0, Columns.colour) }
    func box(_ query: Int) -> [Float] {
      Array(values[query * width + Columns.box.lowerBound..<query * width + Columns.box.upperBound])
    }
    let cost = targets.objects.map { object in
      (0..<queries).map { query in
        let distance = zip(box(query), object.box).reduce(0) { $0 + abs($1.0 - $1.1) }
        let anchor = Self.anchor(query, of: queries)
        let (x, y) = object.center
        let away = ((anchor.x - x) * (anchor.x - x) + (anchor.y - y) * (anchor.y - y)).squareRoot()
        return distance - kinds[query][object.kind] - 0.5 * colours[query][object.colour ?? SceneTargets.colours]
          + 2 * away
      }
    }
    let queryOfObject = Assignment.cheapest(cost: cost)
    let answers = output.columns(Columns.kind).largestColumns()
    let colourAnswers = output.columns(Columns.colour).largestColumns()
    for (object, query) in zip(targets.objects, queryOfObject) {
      tally.add("kind", answers[query] == object.kind ? 1 : 0)
      if let colour = object.colour { tally.add("colour", colourAnswers[query] == colour ? 1 : 0) }
      let error = zip(box(query), object.box).reduce(0) { $0 + abs($1.0 - $1.1) } * 25
      tally.add("box_error_percent", Double(error))
    }
    let inventions = (0..<queries).count { answers[$0] != SceneTargets.kinds && !queryOfObject.contains($0) }
    tally.add("inventions_per_scene", Double(inventions))
    return queryOfObject
  }

  /// Where in the picture a query looks first: the queries are spread over it, six columns wide; what is left over looks
  /// at the middle.
  static func anchor(_ query: Int, of queries: Int) -> (x: Float, y: Float) {
    let columns = 6
    let rows = max(1, queries / columns)
    guard query < rows * columns else { return (0.5, 0.5) }
    return (
      (Float(query % columns) + 0.5) / Float(columns), (Float(query / columns) + 0.5) / Float(rows)
    )
  }
}
