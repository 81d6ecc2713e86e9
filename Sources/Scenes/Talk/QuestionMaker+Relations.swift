/// Position, size.
extension QuestionMaker {
  mutating func position() -> QuestionDraft? {
    switch random.below(100) {
    case ..<4:
      guard let it = absentKind() else { return nil }
      return QuestionDraft(
        aspect: .position, form: .placeOf, topic: QuestionTopic(it: it), answer: .absent(it), key: "place of \(it)")
    case ..<37: return isInDirection()
    case ..<52: return whatInDirection()
    case ..<67: return whichDirection()
    case ..<75: return whichIsFurther()
    case ..<86: return side()
    default:
      guard let index = random.pick(Array(objects.indices)) else { return nil }
      return placeOf(index)
    }
  }

  /// Two objects of which the first is clearly in a direction of the second.
  private mutating func pair() -> (first: Int, Direction, second: Int)? {
    guard let direction = random.pick(Direction.allCases) else { return nil }
    let pairs = objects.indices.flatMap { a in
      objects.indices.filter { $0 != a && layout.isClearly(a, direction, of: $0) }.map { (a, direction, $0) }
    }
    return random.pick(pairs)
  }

  private mutating func isInDirection() -> QuestionDraft? {
    guard let (first, actual, second) = pair(), let it = reference(to: first, .compared),
      let other = reference(to: second, .compared)
    else { return nil }
    let asked = random.chance(0.5) ? actual : actual.opposite
    return QuestionDraft(
      aspect: .position, form: .isInDirection, topic: QuestionTopic(it: it, other: other, direction: asked),
      answer: .statement(.isInDirection(it, asked, other, actual: actual)),
      key: "position \(first) \(asked) \(second)")
  }

  private mutating func whatInDirection() -> QuestionDraft? {
    guard let (first, direction, second) = pair() else { return nil }
    let wanted = references.of(first) { description in
      guard description.noun == .category(.object), description.colour == nil,
        case .relation(direction, let colour, let noun) = description.selector
      else { return false }
      return layout.referent(Description(colour, noun)) == second
    }
    guard case .relation(_, let colour, let noun) = random.pick(wanted)?.selector else { return nil }
    return QuestionDraft(
      aspect: .position, form: .whatInDirection,
      topic: QuestionTopic(other: Description(colour, noun), direction: direction), answer: .thing(objects[first]),
      key: "position what \(direction) \(second)")
  }

  private mutating func whichDirection() -> QuestionDraft? {
    guard let (first, direction, second) = pair(), let it = reference(to: first, .compared),
      let other = reference(to: second, .compared)
    else { return nil }
    return QuestionDraft(
      aspect: .position, form: direction.isHorizontal ? .leftOrRight : .aboveOrBelow,
      topic: QuestionTopic(it: it, other: other), answer: .direction(direction, it, of: other),
      key: "position \(first) \(direction.isHorizontal) \(second)")
  }

  private mutating func whichIsFurther() -> QuestionDraft? {
    guard let (first, direction, second) = pair(), let it = reference(to: first, .compared),
      let other = reference(to: second, .compared)
    else { return nil }
    let isSwapped = random.chance(0.5)
    return QuestionDraft(
      aspect: .position, form: .furtherLeftOrRight,
      topic: QuestionTopic(it: isSwapped ? other : it, other: isSwapped ? it : other, direction: direction),
      answer: .choice(it, .further(direction)), key: "position further \(direction) \(first) \(second)")
  }

  /// On the left or on the right; at the top or at the bottom.
  private mutating func side() -> QuestionDraft? {
    guard let index = random.pick(Array(objects.indices)),
      let it = reference(to: index, ReferenceWeights(furthest: 0, place: 0, relation: 0))
    else { return nil }
    let isHorizontal = random.chance(0.5)
    let (x, y) = layout.centre(index)
    let value = isHorizontal ? x : y
    guard abs(value - 0.5) > 0.1 else { return nil }
    let place =
      isHorizontal ? Place(column: value < 0.5 ? .left : .right) : Place(row: value < 0.5 ? .top : .bottom)
    return QuestionDraft(
      aspect: .position, form: isHorizontal ? .side : .level, topic: QuestionTopic(it: it),
      answer: .place(place, of: it), key: "position side \(isHorizontal) \(index)")
  }

  /// The ninth of the picture in which an object is.
  mutating func placeOf(_ index: Int) -> QuestionDraft? {
    let place = layout.thirds(index)
    guard place.column != nil, place.row != nil,
      let it = reference(to: index, ReferenceWeights(furthest: 0, place: 0, relation: 0))
    else { return nil }
    return QuestionDraft(
      aspect: .position, form: .placeOf, topic: QuestionTopic(it: it), answer: .place(place, of: it),
      key: "position place \(index)")
  }

  // MARK: Size

  mutating func size() -> QuestionDraft? {
    let chance = random.below(100)
    if chance < 25 { return whichIsBiggest() }
    let pairs = objects.indices.flatMap { a in
      objects.indices.filter { $0 != a && layout.isClearlyBigger(a, than: $0) }.map { (a, $0) }
    }
    guard let (big, small) = random.pick(pairs), let bigName = reference(to: big, .sized),
      let smallName = reference(to: small, .sized)
    else { return nil }
    let isSwapped = random.chance(0.5)
    let (it, other) = isSwapped ? (smallName, bigName) : (bigName, smallName)
    let asked = random.chance(0.5)
    let topic = QuestionTopic(it: it, other: other, bigger: asked)
    if chance < 55 {
      return QuestionDraft(
        aspect: .size, form: .whichIsBigger, topic: topic,
        answer: .choice(asked ? bigName : smallName, asked ? .bigger : .smaller),
        key: "size which \(asked) \(big) \(small)")
    }
    return QuestionDraft(
      aspect: .size, form: .isBigger, topic: topic,
      answer: .statement(.isBigger(it, asked: asked, other, actual: !isSwapped)),
      key: "size \(it) \(asked) \(other)")
  }

  private mutating func whichIsBiggest() -> QuestionDraft? {
    let bigger = random.chance(0.5)
    var names = [Category.object, .object, .shape, .icon, .animal].map { Description(.category($0)) }
    // Asked of things that look the same, the answer would say nothing.
    names += objects.map { Description(.kind($0.kind)) }.filter { name in
      Set(layout.matches(name).map { objects[$0].colour }).count > 1
    }
    names = names.filter { layout.outstanding(biggest: bigger, of: layout.matches($0)) != nil }
    guard let it = random.pick(names), let index = layout.outstanding(biggest: bigger, of: layout.matches(it)) else {
      return nil
    }
    return QuestionDraft(
      aspect: .size, form: .whichIsBiggest, topic: QuestionTopic(it: it, bigger: bigger),
      answer: .thing(objects[index]), key: "size biggest \(bigger) \(it)")
  }
}
