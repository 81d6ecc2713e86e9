/// Counting, presence.
extension QuestionMaker {
  /// Larger numbers can be asked for in few scenes and by few names; this makes up for it.
  private static let countWeights = [0.45, 0.55, 1, 1.6, 2.4, 3.2, 5]

  mutating func count() -> QuestionDraft? {
    var names = Category.allCases.map { Description(.category($0)) }
    for object in objects {
      names.append(Description(.kind(object.kind)))
      guard let colour = object.colour else { continue }
      names += [Description(colour, .kind(object.kind)), Description(colour, .category(.shape))]
    }
    names += [absentKind(), absentColouredShape()].compactMap { $0 }
    var byCount = [[Description]](repeating: [], count: 7)
    for name in names where layout.isPlain(name) {
      let count = layout.matches(name).count
      if byCount.indices.contains(count), !byCount[count].contains(name) { byCount[count].append(name) }
    }
    let possible = byCount.indices.filter { !byCount[$0].isEmpty }
    guard let count = random.pick(possible, weight: { Self.countWeights[$0] }),
      let name = random.pick(byCount[count], weight: { $0.noun == .category(.object) ? 2 : 1 })
    else { return nil }
    let isAll = name == Description(.category(.object))
    return QuestionDraft(
      aspect: .count, form: isAll && random.chance(0.6) ? .howManyAtAll : .howMany, topic: QuestionTopic(it: name),
      answer: .number(count, name), key: "count \(name)")
  }

  mutating func presence() -> QuestionDraft? {
    let isThere = random.chance(0.5)
    guard let it = presenceName(isThere) else { return nil }
    return QuestionDraft(
      aspect: .presence, form: random.chance(0.3) ? .isThereNot : .isThere, topic: QuestionTopic(it: it),
      answer: .statement(.exist(layout.matches(it).count, it)), key: "presence \(it)")
  }

  private mutating func presenceName(_ isThere: Bool) -> Description? {
    func any(_ names: [Description]) -> Description? {
      random.pick(names.filter { layout.matches($0).isEmpty != isThere })
    }
    let name: Description?
    switch random.below(10) {
    case 0: name = any([.animal, .vehicle, .fruit, .shape].map { Description(.category($0)) })
    case 1: name = any(SceneColour.allCases.map { Description($0, .category(.shape)) })
    case 2...4 where isThere: name = random.pick(objects.filter(\.kind.isShape).map { Description(of: $0) })
    case 2...4: name = absentColouredShape()
    default: name = nil
    }
    // Without a fallback, what cannot be asked would tip the balance.
    return name ?? (isThere ? random.pick(objects.map { Description(.kind($0.kind)) }) : absentKind())
  }
}
