/// A question before it is put into words.
struct QuestionDraft {
  var aspect: TalkAspect
  var form: QuestionForm
  var topic: QuestionTopic
  var answer: TalkAnswer
  /// Equal for questions that are the same but for their words.
  var key: String
  var followsPrevious = false
}

/// Finds questions about a scene that have one answer, which the picture shows.
struct QuestionMaker {
  let layout: SceneLayout
  let references: References
  var random: TalkRandom

  init(scene: Scene, random: TalkRandom) {
    layout = SceneLayout(scene)
    references = References(layout)
    self.random = random
  }

  var objects: [SceneObject] { layout.objects }

  /// A question of an aspect, or several that follow one another; empty where chance finds none.
  mutating func drafts(_ aspect: TalkAspect) -> [QuestionDraft] {
    let draft: QuestionDraft?
    switch aspect {
    case .colour: draft = colour()
    case .shape: draft = shape()
    case .kind: draft = kind()
    case .count: draft = count()
    case .presence: draft = presence()
    case .position: draft = position()
    case .size: draft = size()
    case .refer: draft = refer()
    case .identify: draft = identify()
    case .detection: draft = detection()
    case .grounding: draft = grounding()
    case .caption: draft = caption()
    case .chat: return chat()
    }
    return draft.map { [$0] } ?? []
  }

  // MARK: References

  /// How likely each way to single out a thing is.
  struct ReferenceWeights {
    var name = 4.0, furthest = 1.0, outstanding = 1.0, place = 0.7, relation = 0.7

    /// For things that are compared with others, which a name that says where they are would give away.
    static let compared = ReferenceWeights(name: 12, furthest: 0, outstanding: 1, place: 0, relation: 0)
    /// For questions about the size.
    static let sized = ReferenceWeights(name: 12, furthest: 1, outstanding: 0, place: 0.5, relation: 0)
  }

  /// A description that means this object and no other.
  mutating func reference(
    to index: Int, _ weights: ReferenceWeights = ReferenceWeights(),
    where isWanted: (Description) -> Bool = { _ in true }
  ) -> Description? {
    let candidates = references.of(index, where: isWanted)
    func group(_ description: Description) -> Int {
      switch description.selector {
      case nil: 0
      case .furthest: 1
      case .outstanding: 2
      case .place: 3
      case .relation: 4
      }
    }
    var groups = [[Description]](repeating: [], count: 5)
    for candidate in candidates { groups[group(candidate)].append(candidate) }
    let all = [weights.name, weights.furthest, weights.outstanding, weights.place, weights.relation]
    guard let chosen = random.pick(groups.indices.filter { !groups[$0].isEmpty }, weight: { all[$0] }) else {
      return nil
    }
    return random.pick(groups[chosen]) { description in
      switch description.noun {
      case .kind: description.colour == nil ? 3 : 2
      case .category(.object): 1.5
      case .category(.shape): description.colour == nil ? 0.8 : 1.2
      case .category: 0.7
      }
    }
  }

  // MARK: What is not there

  /// A kind that is not in the scene, nor anything that some call so.
  mutating func absentKind(isShape: Bool? = nil) -> Description? {
    let kinds = (isShape ?? random.chance(0.5)) ? ObjectKind.shapes : ObjectKind.icons
    return absent(Array(kinds.map { Description(.kind($0)) }))
  }

  /// A shape in a colour that is not in the scene, made of a kind and a colour that are where possible.
  mutating func absentColouredShape() -> Description? {
    let shapes = objects.filter(\.kind.isShape)
    let kinds = random.chance(0.7) ? shapes.map(\.kind) : ObjectKind.shapes
    let colours = random.chance(0.6) ? shapes.compactMap(\.colour) : SceneColour.allCases
    return absent(kinds.flatMap { kind in colours.map { Description($0, .kind(kind)) } })
  }

  /// One of these that fits nothing in the scene.
  mutating func absent(_ candidates: [Description]) -> Description? {
    random.pick(candidates.filter { layout.matches($0).isEmpty && layout.isPlain($0) })
  }
}
