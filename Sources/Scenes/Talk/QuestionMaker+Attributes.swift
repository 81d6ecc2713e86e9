/// Colour, shape, kind.
extension QuestionMaker {
  mutating func colour() -> QuestionDraft? {
    if random.chance(0.07), let it = absentKind(isShape: true) {
      return QuestionDraft(
        aspect: .colour, form: .colourOf, topic: QuestionTopic(it: it), answer: .absent(it), key: "colour of \(it)")
    }
    if random.chance(0.12), let draft = commonColour() { return draft }
    guard let index = random.pick(objects.indices.filter { objects[$0].colour != nil }),
      let colour = objects[index].colour, let it = reference(to: index, where: { $0.colour == nil })
    else { return nil }
    guard random.chance(0.15) else {
      return QuestionDraft(
        aspect: .colour, form: .colourOf, topic: QuestionTopic(it: it), answer: .colour(colour, of: it),
        key: "colour \(index)")
    }
    var asked = colour
    if random.chance(0.5) {
      let present = objects.compactMap(\.colour).filter { $0 != colour }
      let others = present.isEmpty || random.chance(0.5) ? SceneColour.allCases : present
      asked = random.pick(others.filter { $0 != colour }) ?? colour
    }
    return QuestionDraft(
      aspect: .colour, form: .isColour, topic: QuestionTopic(it: it, colour: asked),
      answer: .statement(.isColour(it, asked, actual: colour)), key: "colour \(index) \(asked)")
  }

  /// The colour that several things of one kind share.
  private mutating func commonColour() -> QuestionDraft? {
    let names = objects.filter(\.kind.isShape).map { Description(.kind($0.kind)) }.filter { name in
      let found = layout.matches(name)
      return found.count > 1 && Set(found.map { objects[$0].colour }).count == 1
    }
    guard let it = random.pick(names), let colour = objects[layout.matches(it)[0]].colour else { return nil }
    return QuestionDraft(
      aspect: .colour, form: .coloursOf, topic: QuestionTopic(it: it), answer: .colours(colour, of: it),
      key: "colours \(it.noun)")
  }

  mutating func shape() -> QuestionDraft? {
    if random.chance(0.07),
      let it = absent(SceneColour.allCases.map { Description($0, .category(.shape)) }), let colour = it.colour
    {
      return QuestionDraft(
        aspect: .shape, form: .shapeInColour, topic: QuestionTopic(colour: colour), answer: .absent(it),
        key: "shape in \(colour)")
    }
    guard let index = random.pick(objects.indices.filter { objects[$0].kind.isShape }) else { return nil }
    let kind = objects[index].kind
    if random.chance(0.5), let colour = objects[index].colour {
      let it = Description(colour, .category(.shape))
      guard layout.referent(it) == index else { return nil }
      return QuestionDraft(
        aspect: .shape, form: .shapeInColour, topic: QuestionTopic(colour: colour), answer: .shape(kind, of: it),
        key: "shape \(index)")
    }
    // "What shape is the biggest shape?" is asked by nobody.
    let weights = ReferenceWeights(name: 1, furthest: 1, outstanding: 1, place: 0.7, relation: 0.7)
    guard let it = reference(to: index, weights, where: { $0.noun == .category(.object) }) else { return nil }
    return QuestionDraft(
      aspect: .shape, form: .shapeOf, topic: QuestionTopic(it: it), answer: .shape(kind, of: it), key: "shape \(index)")
  }

  mutating func kind() -> QuestionDraft? {
    let chance = random.below(100)
    switch chance {
    case ..<6:
      guard let it = absent([.animal, .vehicle, .fruit].map { Description(.category($0)) }) else { return nil }
      return QuestionDraft(
        aspect: .kind, form: .whatCategory, topic: QuestionTopic(it: it), answer: .absent(it), key: "kind of \(it.noun)"
      )
    case ..<25:
      let names = [Category.animal, .vehicle, .fruit, .icon].map { Description(.category($0)) }
      guard let it = random.pick(names.filter { layout.referent($0) != nil }), let index = layout.referent(it) else {
        return nil
      }
      return QuestionDraft(
        aspect: .kind, form: .whatCategory, topic: QuestionTopic(it: it), answer: .thing(objects[index]),
        key: "kind of \(it.noun)")
    case ..<50: return kindAtPlace()
    default: break
    }
    guard let index = random.pick(Array(objects.indices)) else { return nil }
    if objects.count == 1 {
      return QuestionDraft(
        aspect: .kind, form: .onlyThing, topic: QuestionTopic(), answer: .thing(objects[index]), key: "kind \(index)")
    }
    let it = reference(to: index, ReferenceWeights(name: 0)) { description in
      if case .category = description.noun { description.colour == nil } else { false }
    }
    guard let it else { return nil }
    return QuestionDraft(
      aspect: .kind, form: .kindOf, topic: QuestionTopic(it: it), answer: .thing(objects[index]), key: "kind \(index)")
  }

  private mutating func kindAtPlace() -> QuestionDraft? {
    guard let place = random.pick(Place.sides + Place.corners + [.middle]) else { return nil }
    var draft = QuestionDraft(
      aspect: .kind, form: .whatAt, topic: QuestionTopic(place: place), answer: .nothing, key: "kind at \(place)")
    if let index = layout.referent(Description(.category(.object), .place(place))) {
      draft.answer = .thing(objects[index])
      return draft
    }
    return layout.isEmpty(place) && random.chance(0.25) ? draft : nil
  }
}

extension SceneLayout {
  /// Whether no object reaches into a third or ninth of the picture, however wide one takes it.
  func isEmpty(_ place: Place) -> Bool {
    func span(_ third: Int?) -> (Int, Int) {
      guard let third else { return (0, 100) }
      return [(0, 48), (32, 68), (52, 100)][third]
    }
    let (x0, x1) = span(place.column?.rawValue)
    let (y0, y1) = span(place.row?.rawValue)
    return boxes.allSatisfy { $0.x1 <= x0 || $0.x0 >= x1 || $0.y1 <= y0 || $0.y0 >= y1 }
  }
}
