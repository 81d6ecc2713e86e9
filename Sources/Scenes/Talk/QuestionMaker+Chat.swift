/// Talk without a tag: single questions as a user types them, and short exchanges whose parts hang together.
extension QuestionMaker {
  mutating func chat() -> [QuestionDraft] {
    switch random.below(100) {
    case ..<25: return untagged().map { [$0] } ?? []
    case ..<33:
      return [
        QuestionDraft(
          aspect: .chat, form: .greeting, topic: QuestionTopic(), answer: .greeting, key: "greeting")
      ]
    case ..<37:
      return [
        QuestionDraft(
          aspect: .chat, form: .thanks, topic: QuestionTopic(), answer: .thanks, key: "thanks")
      ]
    case ..<40:
      return [
        QuestionDraft(
          aspect: .chat, form: .whoAreYou, topic: QuestionTopic(), answer: .introduction, key: "introduction")
      ]
    case ..<55:
      return [
        QuestionDraft(
          aspect: .chat, form: .whatDoYouSee, topic: QuestionTopic(), answer: list, key: "chat list")
      ]
    case ..<75: return colourAndColour()
    default: return aboutOne()
    }
  }

  /// A question as for `[vqa]`.
  private mutating func untagged() -> QuestionDraft? {
    let draft: QuestionDraft?
    switch random.below(5) {
    case 0: draft = colour()
    case 1: draft = count()
    case 2: draft = presence()
    case 3: draft = position()
    default: draft = kind()
    }
    guard var draft else { return nil }
    draft.aspect = .chat
    draft.key = "chat " + draft.key
    return draft
  }

  /// The colour of one thing, and then of another by its name alone.
  private mutating func colourAndColour() -> [QuestionDraft] {
    let coloured = random.shuffled(objects.indices.filter { objects[$0].colour != nil }).prefix(2)
    guard coloured.count == 2, let first = coloured.first, let second = coloured.last else { return [] }
    let drafts = [first, second].compactMap { index -> QuestionDraft? in
      guard let colour = objects[index].colour, let it = reference(to: index, where: { $0.colour == nil }) else {
        return nil
      }
      return QuestionDraft(
        aspect: .chat, form: index == first ? .colourOf : .andColourOf, topic: QuestionTopic(it: it),
        answer: .colour(colour, of: it), key: "chat colour \(index)", followsPrevious: index == second)
    }
    return drafts.count == 2 ? drafts : []
  }

  /// Something about one thing, then its colour or its place by a pronoun.
  private mutating func aboutOne() -> [QuestionDraft] {
    guard let index = random.pick(Array(objects.indices)) else { return [] }
    let object = objects[index]
    let opening: QuestionDraft?
    let name = reference(to: index, ReferenceWeights(furthest: 0, outstanding: 0, place: 0, relation: 0))
    switch random.below(3) {
    case 0:
      guard let it = name, it.noun != .category(.object) else { return [] }
      opening = QuestionDraft(
        aspect: .chat, form: .isThere, topic: QuestionTopic(it: it), answer: .statement(.exist(1, it)),
        key: "chat is there \(it)")
    case 1:
      let it = reference(to: index, ReferenceWeights(name: 0)) { description in
        if case .category = description.noun { description.colour == nil } else { false }
      }
      guard let it else { return [] }
      opening = QuestionDraft(
        aspect: .chat, form: .kindOf, topic: QuestionTopic(it: it), answer: .thing(object), key: "chat kind \(index)")
    default:
      opening = placeOf(index)
    }
    guard var opening else { return [] }
    opening.aspect = .chat
    var followUps: [QuestionDraft] = []
    // The answer has told the colour if it names the thing, and the question if it did.
    if let colour = object.colour, opening.form != .kindOf, opening.topic.it?.colour == nil {
      followUps.append(
        QuestionDraft(
          aspect: .chat, form: .itsColour, topic: QuestionTopic(), answer: .colour(colour, of: nil),
          key: "chat colour \(index)", followsPrevious: true))
    }
    let place = layout.thirds(index)
    if opening.form != .placeOf, place.column != nil, place.row != nil {
      followUps.append(
        QuestionDraft(
          aspect: .chat, form: .itsPlace, topic: QuestionTopic(), answer: .place(place, of: nil),
          key: "chat place \(index)",
          followsPrevious: true))
    }
    return followUps.isEmpty ? [] : [opening] + random.shuffled(followUps)
  }
}
