/// Words for several kinds at once.
enum Category: CaseIterable {
  case object, shape, icon, animal, vehicle, fruit

  /// Whether things of a kind are called so.
  func contains(_ kind: ObjectKind) -> Bool {
    switch self {
    case .object: true
    case .shape: kind.isShape
    case .icon: !kind.isShape
    case .animal: [.dog, .cat, .horse, .bird, .fish, .rabbit].contains(kind)
    case .vehicle: [.car, .bus, .bicycle, .airplane, .boat].contains(kind)
    case .fruit: [.apple, .banana, .strawberry].contains(kind)
    }
  }
}

/// What a thing is called.
enum Noun: Hashable {
  case kind(ObjectKind)
  case category(Category)

  func contains(_ kind: ObjectKind) -> Bool {
    switch self {
    case .kind(let own): own == kind
    case .category(let category): category.contains(kind)
    }
  }
}

/// A description of things in a scene, in no language: "red stars", "the biggest icon", "the shape left of the dog".
struct Description: Hashable {
  /// What tells one thing from others of the same name.
  enum Selector: Hashable {
    case furthest(Direction)
    case outstanding(biggest: Bool)
    case place(Place)
    /// In this direction of another thing, of which this description holds without a selector.
    case relation(Direction, colour: SceneColour?, Noun)
  }

  var colour: SceneColour?
  var noun: Noun
  var selector: Selector?

  init(_ colour: SceneColour?, _ noun: Noun, _ selector: Selector? = nil) {
    (self.colour, self.noun, self.selector) = (colour, noun, selector)
  }

  init(_ noun: Noun, _ selector: Selector? = nil) { self.init(nil, noun, selector) }

  /// What a thing is called in full: "red star", "dog".
  init(of object: SceneObject) { self.init(object.colour, .kind(object.kind)) }
}

extension SceneLayout {
  /// The objects of this name and colour, the selector aside, in reading order.
  func matches(_ description: Description) -> [Int] {
    readingOrder.filter { index in
      let object = objects[index]
      return description.noun.contains(object.kind)
        && (description.colour == nil || description.colour == object.colour)
    }
  }

  /// The one object that a description means; nil if it may mean several, none, or one may argue.
  func referent(_ description: Description) -> Int? {
    let candidates = matches(description)
    switch description.selector {
    case nil: return candidates.count == 1 ? candidates[0] : nil
    case .furthest(let direction): return furthest(direction, of: candidates)
    case .outstanding(let biggest): return outstanding(biggest: biggest, of: candidates)
    case .place(let place):
      let inside = candidates.filter { isAt(place, $0) != false }
      return inside.count == 1 && isAt(place, inside[0]) == true ? inside[0] : nil
    case .relation(let direction, let colour, let noun):
      guard let other = referent(Description(colour, noun)) else { return nil }
      // What is a little further in this direction only might be meant, too.
      let possible = candidates.filter { $0 != other && distance($0, direction, of: other) > 0 }
      return possible.count == 1 && isClearly(possible[0], direction, of: other) ? possible[0] : nil
    }
  }

  /// The kinds that some people call by this one's name, so that "no" and numbers may be argued about beside them.
  static func lookalikes(of kind: ObjectKind) -> [ObjectKind] {
    switch kind {
    case .circle: [.ball, .clock, .sun, .moon, .pizza]
    case .ball: [.circle]
    case .rectangle: [.square, .book, .phone]
    case .square: [.rectangle]
    default: []
    }
  }

  /// Whether nobody argues which objects of the scene a name and colour fit.
  func isPlain(_ description: Description) -> Bool {
    if description.noun == .category(.object), description.colour != nil {
      // Icons have colours of their own.
      return objects.allSatisfy(\.kind.isShape)
    }
    guard case .kind(let kind) = description.noun else { return true }
    let others = Self.lookalikes(of: kind)
    return !objects.contains { object in
      others.contains(object.kind)
        && (description.colour == nil || (object.colour ?? description.colour) == description.colour)
    }
  }
}

/// All descriptions that mean exactly one object of a scene.
struct References {
  /// For each object.
  private var descriptions: [[Description]]

  init(_ layout: SceneLayout) {
    descriptions = layout.objects.map { _ in [] }
    var bases: [Description] = []
    for index in layout.readingOrder {
      let object = layout.objects[index]
      for noun in [Noun.kind(object.kind)] + Category.allCases.filter({ $0.contains(object.kind) }).map(Noun.category) {
        bases.append(Description(noun))
        if let colour = object.colour { bases.append(Description(colour, noun)) }
      }
    }
    var seen: Set<Description> = []
    bases = bases.filter { seen.insert($0).inserted && ($0.colour == nil || layout.isPlain($0)) }
    let anchors = bases.filter { base in
      guard case .kind = base.noun else { return false }
      // "The red star" where there is one star is said, but "the dog left of the red star" is longer than need be.
      let isShorter = base.colour == nil || layout.referent(Description(base.noun)) == nil
      return isShorter && layout.referent(base) != nil
    }
    let selectors: [Description.Selector?] =
      [nil] + Direction.allCases.map { .furthest($0) }
      + [.outstanding(biggest: true), .outstanding(biggest: false)]
      + (Place.sides + Place.corners + [.middle]).map { .place($0) }
      + anchors.flatMap { anchor in Direction.allCases.map { .relation($0, colour: anchor.colour, anchor.noun) } }
    for base in bases {
      for selector in selectors {
        let description = Description(base.colour, base.noun, selector)
        if let index = layout.referent(description) { descriptions[index].append(description) }
      }
    }
  }

  /// Those that mean an object and pass a filter.
  func of(_ index: Int, where isWanted: (Description) -> Bool = { _ in true }) -> [Description] {
    descriptions[index].filter(isWanted)
  }
}
