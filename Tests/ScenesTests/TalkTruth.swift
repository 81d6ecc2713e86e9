import Dialogue

@testable import Scenes

/// Says whether a question has one answer and whether that is it, from the scene alone: geometry and rules are written anew
/// here, by other means than the talk's own.
struct TalkTruth {
  let scene: Scene

  /// What is wrong with a question; nil if nothing is.
  func fault(_ draft: QuestionDraft) -> String? {
    switch draft.answer {
    case .colour(let colour, let it):
      guard let it else { return nil }
      guard let index = meant(it) else { return "no single \(it)" }
      return it.colour == nil && scene.objects[index].colour == colour ? nil : "colour of \(it)"
    case .colours(let colour, let it):
      let found = named(it)
      return found.count > 1 && found.allSatisfy { scene.objects[$0].colour == colour } ? nil : "colours of \(it)"
    case .shape(let kind, let it):
      if case .kind = it.noun { return "the shape is in the question" }
      return meant(it).map { scene.objects[$0].kind } == kind && kind.isShape ? nil : "shape of \(it)"
    case .thing(let object): return thing(object, draft)
    case .statement(let statement): return fault(statement)
    case .number(let count, let it): return named(it).count == count ? nil : "number of \(it)"
    case .place(let place, let it):
      guard let it else { return nil }
      guard let index = meant(it) else { return "no single \(it)" }
      return isNear(place, index) ? nil : "place of \(it)"
    case .direction(let direction, let it, let other): return isIn(it, direction, other) ? nil : "direction of \(it)"
    case .choice(let chosen, let comparison):
      guard let it = draft.topic.it, let other = draft.topic.other, chosen == it || chosen == other else {
        return "chosen among others"
      }
      let rest = chosen == it ? other : it
      let isRight =
        switch comparison {
        case .bigger: isBigger(chosen, rest)
        case .smaller: isBigger(rest, chosen)
        case .further(let direction): isIn(chosen, direction, rest)
        }
      return isRight ? nil : "choice of \(chosen)"
    case .absent(let it): return named(it).isEmpty ? nil : "there is \(it)"
    case .notThere:
      let names = draft.topic.names + [draft.topic.it].compactMap { $0 }
      return !names.isEmpty && names.allSatisfy { named($0).isEmpty } ? nil : "there is some of \(names)"
    case .nothing: return nothing(draft)
    case .box(let box): return draft.topic.it.flatMap(meant).map(self.box) == box ? nil : "box of what is referred to"
    case .boxes(let named): return boxes(named, draft)
    case .list(let things):
      let counts = things.map { named($0.1).count }
      let isWhole = counts.reduce(0, +) == scene.objects.count && counts == things.map(\.count)
      return isWhole ? nil : "list \(things)"
    case .greeting, .thanks, .introduction: return nil
    }
  }

  /// What is wrong with an answer about "it", which is what the first question of an exchange is about.
  func faultOfPronouns(_ drafts: [QuestionDraft]) -> String? {
    for draft in drafts.dropFirst() {
      guard let subject = drafts[0].topic.it.flatMap(meant) else { return "nothing that it could be" }
      switch draft.answer {
      case .colour(let colour, nil): if scene.objects[subject].colour != colour { return "its colour" }
      case .place(let place, nil): if !isNear(place, subject) { return "its place" }
      default: break
      }
    }
    return nil
  }

  private func thing(_ object: SceneObject, _ draft: QuestionDraft) -> String? {
    let topic = draft.topic
    let index: Int?
    switch draft.form {
    case .identify:
      let region = GroundedText(parsing: topic.box, isFinal: true).phrases.first?.boxes.first
      let near = scene.objects.indices.filter { index in
        guard let region else { return false }
        let own = box(index)
        return [region.x0 - own.x0, region.y0 - own.y0, region.x1 - own.x1, region.y1 - own.y1].allSatisfy {
          abs($0) <= 2
        }
      }
      // Two may be as near only if they are as good an answer.
      return near.contains { scene.objects[$0] == object } ? nil : "identify"
    case .onlyThing: index = scene.objects.count == 1 ? 0 : nil
    case .whatAt: index = topic.place.flatMap { meant(Description(.category(.object), .place($0))) }
    case .whatInDirection:
      guard let other = topic.other, let direction = topic.direction else { return "no other" }
      index = meant(Description(.category(.object), .relation(direction, colour: other.colour, other.noun)))
    case .whichIsBiggest:
      index = topic.it.flatMap { meant(Description($0.colour, $0.noun, .outstanding(biggest: topic.bigger))) }
    default: index = topic.it.flatMap(meant)
    }
    return index.map { scene.objects[$0] } == object ? nil : "thing for \(draft.form) \(topic)"
  }

  private func fault(_ statement: TalkAnswer.Statement) -> String? {
    switch statement {
    case .exist(let count, let it): return named(it).count == count ? nil : "existence of \(it)"
    case .isColour(let it, _, let actual):
      return meant(it).map { scene.objects[$0].colour } == actual ? nil : "\(statement)"
    case .isInDirection(let it, let asked, let other, let actual):
      return (actual == asked || actual == asked.opposite) && isIn(it, actual, other) ? nil : "\(statement)"
    case .isBigger(let it, _, let other, let actual):
      return (actual ? isBigger(it, other) : isBigger(other, it)) ? nil : "\(statement)"
    }
  }

  private func nothing(_ draft: QuestionDraft) -> String? {
    if let region = GroundedText(parsing: draft.topic.box, isFinal: true).phrases.first?.boxes.first {
      let isFree = scene.objects.indices.allSatisfy { index in
        let own = box(index)
        return own.x1 < region.x0 || own.x0 > region.x1 || own.y1 < region.y0 || own.y0 > region.y1
      }
      return isFree ? nil : "region with something"
    }
    guard let place = draft.topic.place else { return scene.objects.isEmpty ? nil : "nothing" }
    let isFree = scene.objects.indices.allSatisfy { !isNear(place, $0) }
    return isFree ? nil : "place with something"
  }

  private func boxes(_ parts: [NamedBoxes], _ draft: QuestionDraft) -> String? {
    for part in parts
    where Set(part.boxes) != Set(named(part.name).map(box)) || part.boxes.count != named(part.name).count {
      return "boxes of \(part.name)"
    }
    if draft.form == .grounding {
      return parts.reduce(0) { $0 + $1.boxes.count } == scene.objects.count ? nil : "description leaves something out"
    }
    let isWhole = draft.topic.names.allSatisfy { name in named(name).isEmpty || parts.contains { $0.name == name } }
    return isWhole ? nil : "detection leaves something out"
  }

  // MARK: The scene

  private func box(_ index: Int) -> BoundingBox {
    let object = scene.objects[index]
    let (width, height) = (Double(scene.width) / 100, Double(scene.height) / 100)
    return BoundingBox(
      x0: Int((object.x0 / width).rounded()), y0: Int((object.y0 / height).rounded()),
      x1: Int((object.x1 / width).rounded()), y1: Int((object.y1 / height).rounded()))
  }

  private func centre(_ index: Int) -> (x: Double, y: Double) {
    let object = scene.objects[index]
    return ((object.x0 + object.x1) / Double(2 * scene.width), (object.y0 + object.y1) / Double(2 * scene.height))
  }

  private func area(_ index: Int) -> Double {
    (scene.objects[index].x1 - scene.objects[index].x0) * (scene.objects[index].y1 - scene.objects[index].y0)
  }

  private static let groups: [Category: Set<String>] = [
    .animal: ["dog", "cat", "horse", "bird", "fish", "rabbit"],
    .vehicle: ["car", "bus", "bicycle", "airplane", "boat"],
    .fruit: ["apple", "banana", "strawberry"],
    .shape: ["circle", "square", "rectangle", "triangle", "pentagon", "star", "heart", "cross"],
  ]

  private func named(_ it: Description) -> [Int] {
    scene.objects.indices.filter { index in
      let object = scene.objects[index]
      if let colour = it.colour, object.colour != colour { return false }
      switch it.noun {
      case .kind(let kind): return object.kind.rawValue == kind.rawValue
      case .category(.object): return true
      case .category(.icon): return object.colour == nil
      case .category(let category): return Self.groups[category]?.contains(object.kind.rawValue) ?? false
      }
    }
  }

  /// The one thing that a reader would take a description to mean, however generously it is read.
  private func meant(_ it: Description) -> Int? {
    let found = named(it)
    func only(_ isMeant: (Int) -> Bool) -> Int? {
      let meant = found.filter(isMeant)
      return meant.count == 1 ? meant[0] : nil
    }
    switch it.selector {
    case nil: return only { _ in true }
    case .furthest(let direction):
      let sorted = found.sorted { value($0, direction) > value($1, direction) }
      guard sorted.count > 1, value(sorted[0], direction) - value(sorted[1], direction) > 0.0799 else { return nil }
      return sorted[0]
    case .outstanding(let biggest):
      let sorted = found.sorted { biggest ? area($0) > area($1) : area($0) < area($1) }
      guard sorted.count > 1 else { return nil }
      let ratio = area(sorted[0]) / area(sorted[1])
      return (biggest ? ratio : 1 / ratio) > 1.399 ? sorted[0] : nil
    case .place(let place):
      return only { isNear(place, $0) }
    case .relation(let direction, let colour, let noun):
      guard let other = meant(Description(colour, noun)) else { return nil }
      let index = only { $0 != other && value($0, direction) > value(other, direction) }
      return index.flatMap { value($0, direction) - value(other, direction) > 0.0799 ? $0 : nil }
    }
  }

  private func value(_ index: Int, _ direction: Direction) -> Double {
    let (x, y) = centre(index)
    switch direction {
    case .left: return -x
    case .right: return x
    case .above: return -y
    case .below: return y
    }
  }

  /// Whether a generous reader would say that a coordinate is in a third of the picture.
  private func isNear(_ value: Double, _ third: Int) -> Bool {
    switch third {
    case 0: value < 0.48
    case 1: abs(value - 0.5) < 0.18
    default: value > 0.52
    }
  }

  private func isNear(_ place: Place, _ index: Int) -> Bool {
    let (x, y) = centre(index)
    return (place.column.map { isNear(x, $0.rawValue) } ?? true) && (place.row.map { isNear(y, $0.rawValue) } ?? true)
  }

  private func isIn(_ it: Description, _ direction: Direction, _ other: Description) -> Bool {
    guard let a = meant(it), let b = meant(other), a != b else { return false }
    return value(a, direction) - value(b, direction) > 0.0799
  }

  private func isBigger(_ it: Description, _ other: Description) -> Bool {
    guard let a = meant(it), let b = meant(other) else { return false }
    return area(a) / area(b) > 1.399
  }
}
