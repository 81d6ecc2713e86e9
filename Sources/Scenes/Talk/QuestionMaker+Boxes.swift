import Dialogue

/// Referring, identifying, detecting, describing with and without boxes.
extension QuestionMaker {
  mutating func refer() -> QuestionDraft? {
    if random.chance(0.1) {
      guard let it = random.chance(0.5) ? absentKind() : absentColouredShape() else { return nil }
      return QuestionDraft(
        aspect: .refer, form: .refer, topic: QuestionTopic(it: it), answer: .notThere, key: "refer \(it)")
    }
    let weights = ReferenceWeights(name: 3, furthest: 1, outstanding: 1, place: 1, relation: 1.2)
    guard let index = random.pick(Array(objects.indices)), let it = reference(to: index, weights) else { return nil }
    return QuestionDraft(
      aspect: .refer, form: .refer, topic: QuestionTopic(it: it), answer: .box(layout.boxes[index]),
      key: "refer \(index) \(it.selector == nil)")
  }

  mutating func identify() -> QuestionDraft? {
    if random.chance(0.05), let box = emptyRegion() {
      return QuestionDraft(
        aspect: .identify, form: .identify, topic: QuestionTopic(box: box.markup), answer: .nothing,
        key: "identify nothing")
    }
    // Where two boxes are nearly one, nobody can tell which is meant.
    let boxes = layout.boxes
    let distinct = boxes.indices.filter { a in
      boxes.indices.allSatisfy { $0 == a || boxes[a].intersectionOverUnion(boxes[$0]) < 0.4 }
    }
    guard let index = random.pick(distinct) else { return nil }
    var box = boxes[index]
    if random.chance(0.5) {
      let most = min(2, min(box.x1 - box.x0, box.y1 - box.y0) / 5)
      var edges = [box.x0, box.y0, box.x1, box.y1]
      for edge in edges.indices { edges[edge] += random.below(2 * most + 1) - most }
      box = BoundingBox(x0: edges[0], y0: edges[1], x1: edges[2], y1: edges[3])
    }
    return QuestionDraft(
      aspect: .identify, form: .identify, topic: QuestionTopic(box: box.markup), answer: .thing(objects[index]),
      key: "identify \(index)")
  }

  /// A region that no object reaches.
  private mutating func emptyRegion() -> BoundingBox? {
    for _ in 0..<10 {
      let (width, height) = (12 + random.below(30), 12 + random.below(30))
      let (x, y) = (random.below(101 - width), random.below(101 - height))
      let isFree = layout.boxes.allSatisfy {
        $0.x1 < x || $0.x0 > x + width || $0.y1 < y || $0.y0 > y + height
      }
      if isFree { return BoundingBox(x0: x, y0: y, x1: x + width, y1: y + height) }
    }
    return nil
  }

  mutating func detection() -> QuestionDraft? {
    let count = random.pick([1, 1, 1, 1, 1, 1, 2, 2, 2, 3]) ?? 1
    var names: [Description] = []
    for _ in 0..<count {
      guard let name = detectable() else { continue }
      // "Dogs and animals" would name a thing twice.
      let found = layout.matches(name)
      let isNew = names.allSatisfy { $0 != name && Set(layout.matches($0)).isDisjoint(with: found) }
      if isNew, names.isEmpty || !layout.matches(name).isEmpty || random.chance(0.5) { names.append(name) }
    }
    guard !names.isEmpty else { return nil }
    let found = names.map { name in
      NamedBoxes(name: name, isCounted: false, boxes: layout.matches(name).map { layout.boxes[$0] })
    }.filter { !$0.boxes.isEmpty }
    return QuestionDraft(
      aspect: .detection, form: .detection, topic: QuestionTopic(names: names),
      answer: found.isEmpty ? .notThere : .boxes(found), key: "detection \(names)")
  }

  private mutating func detectable() -> Description? {
    if random.chance(0.1) { return random.chance(0.6) ? absentKind() : absentColouredShape() }
    guard let object = random.pick(objects) else { return nil }
    var names = [Description(.kind(object.kind)), Description(.kind(object.kind))]
    if object.colour != nil { names.append(Description(of: object)) }
    if random.chance(0.3) {
      names += Category.allCases.filter { $0.contains(object.kind) }.map { Description(.category($0)) }
      if let colour = object.colour { names.append(Description(colour, .category(.shape))) }
    }
    return random.pick(names.filter(layout.isPlain))
  }

  mutating func grounding() -> QuestionDraft? {
    let boxes = layout.groups.map { indices in
      NamedBoxes(
        name: Description(of: objects[indices[0]]), isCounted: true, boxes: indices.map { layout.boxes[$0] })
    }
    return QuestionDraft(
      aspect: .grounding, form: .grounding, topic: QuestionTopic(), answer: boxes.isEmpty ? .nothing : .boxes(boxes),
      key: "grounding")
  }

  mutating func caption() -> QuestionDraft? {
    QuestionDraft(aspect: .caption, form: .caption, topic: QuestionTopic(), answer: list, key: "caption")
  }

  /// All that there is.
  var list: TalkAnswer {
    let things = layout.groups.map { (count: $0.count, Description(of: objects[$0[0]])) }
    return things.isEmpty ? .nothing : .list(things)
  }
}

extension SceneLayout {
  /// The objects in reading order, those that look the same together where the first of them stands.
  var groups: [[Int]] {
    var groups: [[Int]] = []
    for index in readingOrder {
      let own = Description(of: objects[index])
      if let group = groups.firstIndex(where: { Description(of: objects[$0[0]]) == own }) {
        groups[group].append(index)
      } else {
        groups.append([index])
      }
    }
    return groups
  }
}

extension BoundingBox {
  /// The share of the two boxes' union that both cover. Areas count the edges as upstream's evaluation does: 0...0 is 1 wide.
  func intersectionOverUnion(_ other: BoundingBox) -> Double {
    func area(_ box: BoundingBox) -> Int { (box.x1 - box.x0 + 1) * (box.y1 - box.y0 + 1) }
    let width = min(x1, other.x1) - max(x0, other.x0) + 1
    let height = min(y1, other.y1) - max(y0, other.y0) + 1
    guard width > 0, height > 0 else { return 0 }
    return Double(width * height) / Double(area(self) + area(other) - width * height)
  }
}
