import Dialogue

/// The four directions in which things stand to each other.
enum Direction: CaseIterable {
  case left, right, above, below

  var opposite: Direction {
    switch self {
    case .left: .right
    case .right: .left
    case .above: .below
    case .below: .above
    }
  }

  var isHorizontal: Bool { self == .left || self == .right }
}

/// A part of the picture: one third of the width and one of the height, nil for all of it.
struct Place: Hashable {
  enum Column: Int { case left, middle, right }
  enum Row: Int { case top, middle, bottom }

  var column: Column?
  var row: Row?

  static let middle = Place(column: .middle, row: .middle)
  static let sides = [Place(column: .left), Place(column: .right), Place(row: .top), Place(row: .bottom)]
  static let corners = [
    Place(column: .left, row: .top), Place(column: .right, row: .top), Place(column: .left, row: .bottom),
    Place(column: .right, row: .bottom),
  ]
}

/// Where the objects of a scene are, and which of their relations a person would call clear.
struct SceneLayout {
  let scene: Scene
  /// The objects' boxes in percent.
  let boxes: [BoundingBox]
  /// The indices of the objects in reading order: from left to right by their boxes' centres, then from top to bottom.
  let readingOrder: [Int]

  init(_ scene: Scene) {
    self.scene = scene
    func percent(_ value: Double, _ side: Int) -> Int {
      Int((min(max(value / Double(max(side, 1)), 0), 1) * 100).rounded())
    }
    let boxes = scene.objects.map { object in
      BoundingBox(
        x0: percent(object.x0, scene.width), y0: percent(object.y0, scene.height),
        x1: percent(object.x1, scene.width), y1: percent(object.y1, scene.height))
    }
    self.boxes = boxes
    self.readingOrder = boxes.indices.sorted {
      let (a, b) = (boxes[$0], boxes[$1])
      return (a.x0 + a.x1, a.y0 + a.y1, $0) < (b.x0 + b.x1, b.y0 + b.y1, $1)
    }
  }

  var objects: [SceneObject] { scene.objects }

  /// The centre of an object, in 0...1 of the scene's width and height.
  func centre(_ index: Int) -> (x: Double, y: Double) {
    let object = objects[index]
    return (
      (object.x0 + object.x1) / 2 / Double(max(scene.width, 1)),
      (object.y0 + object.y1) / 2 / Double(max(scene.height, 1))
    )
  }

  // MARK: Direction

  /// How far `a` lies from `b` in a direction, as a share of the scene's side; negative: in the other direction.
  func distance(_ a: Int, _ direction: Direction, of b: Int) -> Double {
    let (first, second) = (centre(a), centre(b))
    switch direction {
    case .left: return second.x - first.x
    case .right: return first.x - second.x
    case .above: return second.y - first.y
    case .below: return first.y - second.y
    }
  }

  /// Whether anybody would say that `a` is left of (right of, above, below) `b`: the centres differ by 8 % of the side at
  /// least, that difference is not small beside the one across it, and neither box reaches beyond the other on both sides.
  func isClearly(_ a: Int, _ direction: Direction, of b: Int) -> Bool {
    let along = distance(a, direction, of: b)
    guard along >= 0.08 else { return false }
    let across = distance(a, direction.isHorizontal ? .above : .left, of: b)
    let (width, height) = (Double(scene.width), Double(scene.height))
    let alongPixels = along * (direction.isHorizontal ? width : height)
    let acrossPixels = abs(across) * (direction.isHorizontal ? height : width)
    guard alongPixels >= acrossPixels / 2 || along >= 0.2 else { return false }
    let (first, second) = (objects[a], objects[b])
    switch direction {
    case .left: return first.x0 < second.x0 && first.x1 < second.x1
    case .right: return first.x0 > second.x0 && first.x1 > second.x1
    case .above: return first.y0 < second.y0 && first.y1 < second.y1
    case .below: return first.y0 > second.y0 && first.y1 > second.y1
    }
  }

  /// The one of these that is furthest in a direction, clearly; nil if two compete or there is one only.
  func furthest(_ direction: Direction, of candidates: [Int]) -> Int? {
    guard candidates.count > 1 else { return nil }
    return candidates.first { a in
      candidates.allSatisfy { b in
        guard a != b else { return true }
        guard distance(a, direction, of: b) >= 0.08 else { return false }
        let (first, second) = (objects[a], objects[b])
        switch direction {
        case .left: return first.x0 < second.x0
        case .right: return first.x1 > second.x1
        case .above: return first.y0 < second.y0
        case .below: return first.y1 > second.y1
        }
      }
    }
  }

  // MARK: Size

  /// Whether anybody would say that `a` is bigger than `b`: its box has 1.4 times the area, and is not the shorter one.
  func isClearlyBigger(_ a: Int, than b: Int) -> Bool {
    func sides(_ index: Int) -> (area: Double, longest: Double) {
      let object = objects[index]
      let (width, height) = (object.x1 - object.x0, object.y1 - object.y0)
      return (width * height, max(width, height))
    }
    let (first, second) = (sides(a), sides(b))
    return first.area >= 1.4 * second.area && first.longest >= second.longest
  }

  /// The biggest or smallest of these, clearly; nil if two compete or there is one only.
  func outstanding(biggest: Bool, of candidates: [Int]) -> Int? {
    guard candidates.count > 1 else { return nil }
    return candidates.first { a in
      candidates.allSatisfy { b in a == b || (biggest ? isClearlyBigger(a, than: b) : isClearlyBigger(b, than: a)) }
    }
  }

  // MARK: Place

  /// The third of the width and of the height in which an object's centre is, nil for one near a border of thirds.
  func thirds(_ index: Int) -> Place {
    func third(_ value: Double) -> Int? {
      if value < 0.34 { return 0 }
      if value > 0.66 { return 2 }
      return (0.41...0.59).contains(value) ? 1 : nil
    }
    let (x, y) = centre(index)
    return Place(column: third(x).flatMap(Place.Column.init), row: third(y).flatMap(Place.Row.init))
  }

  /// Whether an object's centre is at a place; nil where one may argue.
  func isAt(_ place: Place, _ index: Int) -> Bool? {
    let (x, y) = centre(index)
    let column = place.column.map { Self.isIn(third: $0.rawValue, x) } ?? true
    let row = place.row.map { Self.isIn(third: $0.rawValue, y) } ?? true
    if column == false || row == false { return false }
    return column == true && row == true ? true : nil
  }

  private static func isIn(third: Int, _ value: Double) -> Bool? {
    switch third {
    case 0: value < 0.38 ? true : value > 0.48 ? false : nil
    case 1: abs(value - 0.5) < 0.1 ? true : abs(value - 0.5) > 0.18 ? false : nil
    default: value > 0.62 ? true : value < 0.52 ? false : nil
    }
  }
}
