import Foundation

extension Scene {
  /// Draws a scene by chance; the same seed and style give the same scene.
  ///
  /// Objects stand inside the picture. Those that overlap do so a little: the boxes' intersection over union is at most
  /// ``maximumOverlap``, and of each object at least ``minimumVisiblePart`` can be seen. Things that would run into
  /// one another, of one colour or of one kind of icon, never overlap. Kinds and colours repeat in about half of the
  /// scenes, so that there is something to count and to tell apart.
  ///
  /// A scene whose style asks for more or larger objects than its picture can hold has smaller or fewer of them.
  public init(seed: UInt64, style: SceneStyle = SceneStyle()) {
    var random = SceneRandom(seed: seed, stream: .layout)
    let wanted = random.integer(style.objectCount)
    // The number of objects stays, the rest is drawn anew, so that small pictures do not make large numbers rare.
    for count in (1...wanted).reversed() {
      for _ in 0..<40 {
        var layout = Layout(seed: seed, style: style, random: random)
        if layout.fill(count: count) {
          self.init(width: Int(layout.size.x), height: Int(layout.size.y), objects: layout.objects, seed: seed)
          return
        }
        random = layout.random
      }
    }
    self.init(width: style.sidePixels.lowerBound, height: style.sidePixels.lowerBound, objects: [], seed: seed)
  }

  /// The seed of a scene in an endless set of them; sets of different seeds have no scenes in common, but for chance.
  public static func seed(ofScene index: Int, inSet seed: UInt64) -> UInt64 {
    var random = SceneRandom(seed: seed, stream: .set, index: index)
    return random.next()
  }

  /// The greatest intersection over union of two boxes.
  public static let maximumOverlap = 0.08
  /// The least part of an object that is not covered by others.
  public static let minimumVisiblePart = 0.82

  /// How small a thing may be for a person to tell what it is: the shorter side of a shape, the longer side of an icon,
  /// in pixels.
  public static func minimumPixels(_ kind: ObjectKind) -> Double { kind.isShape ? 12 : 24 }
}

/// A scene in the making.
private struct Layout {
  let seed: UInt64
  let style: SceneStyle
  var random: SceneRandom
  /// Width and height of the picture.
  let size: Point
  private(set) var objects: [SceneObject] = []
  /// How much of each object's box is the object.
  private var filledParts: [Double] = []

  init(seed: UInt64, style: SceneStyle, random: SceneRandom) {
    (self.seed, self.style, self.random) = (seed, style, random)
    size = Layout.pictureSize(style.sidePixels, &self.random)
  }

  private static func pictureSize(_ sides: ClosedRange<Int>, _ random: inout SceneRandom) -> Point {
    let (least, most) = (Double(sides.lowerBound), Double(sides.upperBound))
    let limit = log(min(2, most / least))
    let aspect = random.chance(0.2) ? 1 : exp(random.uniform(-limit...limit))
    let ratio = max(aspect, 1 / aspect)
    let longer = exp(random.uniform(log(least * ratio)...log(max(most, least * ratio))))
    let (long, short) = (longer.rounded(), max(least, (longer / ratio).rounded()))
    // Rounding must not make it longer than twice its height.
    return aspect >= 1 ? Point(min(long, 2 * short), short) : Point(short, min(long, 2 * short))
  }

  /// Places so many objects, or says that there is no room.
  mutating func fill(count: Int) -> Bool {
    let overlaps = random.chance(0.4)
    let looks = chosenLooks(count: count)
    let lengths = looks.map { _ in chosenLength(count: count) }
    // Large things first, while there is room; the order of drawing is by chance.
    var placed: [(place: Int, object: SceneObject)] = []
    let places = shuffled(count)
    for index in lengths.indices.sorted(by: { lengths[$0] > lengths[$1] }) {
      let (kind, colour) = looks[index]
      guard place(kind, colour, length: lengths[index], at: places[index], overlaps: overlaps) else { return false }
      placed.append((places[index], objects[objects.count - 1]))
    }
    objects = placed.sorted { $0.place < $1.place }.map(\.object)
    return true
  }

  private mutating func shuffled(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for index in order.indices { order.swapAt(index, random.integer(index...count - 1)) }
    return order
  }

  // MARK: What

  private mutating func chosenLooks(count: Int) -> [(kind: ObjectKind, colour: SceneColour?)] {
    let shapes = style.kinds.filter(\.isShape)
    let icons = style.kinds.filter { !$0.isShape }
    let (sameKind, sameColour) = random.element([(0, 0), (0, 0), (0, 0), (0.6, 0), (0.9, 0.2), (0, 0.7), (0.5, 0.5)])
    var looks: [(kind: ObjectKind, colour: SceneColour?)] = []
    for _ in 0..<count {
      let isShape = icons.isEmpty || !shapes.isEmpty && random.chance(0.5)
      var kind = random.element(isShape ? shapes : icons)
      if !looks.isEmpty, random.chance(sameKind) { kind = random.element(looks).kind }
      var colour: SceneColour?
      if kind.isShape {
        colour = random.element(style.colours)
        let used = looks.compactMap(\.colour)
        if !used.isEmpty, random.chance(sameColour) { colour = random.element(used) }
      }
      looks.append((kind, colour))
    }
    return looks
  }

  /// The longer side of an object in pixels: mostly 15 to 45 % of the picture's shorter side, less among many.
  private mutating func chosenLength(count: Int) -> Double {
    let part =
      switch random.unit() {
      case ..<0.1: random.uniform(0.08...0.15)
      case ..<0.85: random.uniform(0.15...0.45)
      default: random.uniform(0.45...0.7)
      }
    let crowding = min(1, 1.12 - 0.08 * Double(count))
    return max(style.size.lowerBound, min(part * crowding, style.size.upperBound)) * min(size.x, size.y)
  }

  // MARK: Where

  /// Finds room for an object, smaller if need be; `index` is its place in the finished list.
  private mutating func place(
    _ kind: ObjectKind, _ colour: SceneColour?, length: Double, at index: Int, overlaps: Bool
  ) -> Bool {
    let rotation = kind == .circle ? 0 : random.uniform(-style.maximumRotation...style.maximumRotation)
    let (extent, filledPart) = turnedExtent(kind, rotation: rotation, index: index)
    let longer = max(extent.x, extent.y)
    let least = Scene.minimumPixels(kind) * (kind.isShape ? longer / min(extent.x, extent.y) : 1)
    let floor = max(least, style.size.lowerBound * min(size.x, size.y))
    var length = max(length, floor)
    repeat {
      let box = extent * (length / longer)
      let room = size - box - 2
      guard room.x > 0, room.y > 0 else {
        length *= 0.8
        continue
      }
      for _ in 0..<30 {
        let low = Point(1 + room.x * random.unit(), 1 + room.y * random.unit())
        let object = SceneObject(
          kind: kind, colour: colour, x0: low.x, y0: low.y, x1: low.x + box.x, y1: low.y + box.y, rotation: rotation)
        if fits(object, filledPart: filledPart, overlaps: overlaps) {
          objects.append(object)
          filledParts.append(filledPart)
          return true
        }
      }
      length *= 0.8
    } while length >= floor
    return false
  }

  /// The width and height of a turned object up to its scale, and how much of that is the object.
  private mutating func turnedExtent(_ kind: ObjectKind, rotation: Double, index: Int) -> (Point, Double) {
    let (cosine, sine) = (cos(rotation), sin(rotation))
    guard kind.isShape else {
      let icon = IconLibrary.icon(kind)
      let isMirrored = Scene.isMirrored(index, seed: seed)
      let upright = Extent(icon.outline).size
      let turned = Extent(icon.outline(cosine: cosine, sine: sine, isMirrored: isMirrored)).size
      return (turned, icon.filledPart * upright.x * upright.y / (turned.x * turned.y))
    }
    let ratio = kind == .rectangle ? random.uniform(1.6...2.5) : 1
    let rectangle = random.chance(0.6) ? Point(ratio, 1) : Point(1, ratio)
    let points = ShapeOutline.points(kind, rectangle: rectangle).map { $0.turned(cosine: cosine, sine: sine) }
    return (Extent(points).size, ShapeOutline.filledPart(points))
  }

  /// Whether an object stands well with those that are there.
  private func fits(_ object: SceneObject, filledPart: Double, overlaps: Bool) -> Bool {
    let gap = max(2, 0.01 * min(size.x, size.y))
    let area = object.size.x * object.size.y
    var covered = 0.0
    var coveredOfOthers = [Double](repeating: 0, count: objects.count)
    for (index, other) in objects.enumerated() {
      let common =
        pointwiseMin(Point(object.x1, object.y1), Point(other.x1, other.y1))
        - pointwiseMax(Point(object.x0, object.y0), Point(other.x0, other.y0))
      if min(common.x, common.y) <= -gap { continue }
      let runTogether = object.kind.isShape ? object.colour == other.colour : object.kind == other.kind
      guard overlaps, !runTogether else { return false }
      let intersection = max(0, common.x) * max(0, common.y)
      let otherArea = other.size.x * other.size.y
      guard intersection <= Scene.maximumOverlap * (area + otherArea - intersection) else { return false }
      covered += intersection
      coveredOfOthers[index] = intersection
    }
    // Boxes cover more than what is in them, so that more can be seen than is reckoned here.
    let limit = 1 - Scene.minimumVisiblePart
    guard covered <= limit * area * filledPart else { return false }
    return objects.indices.allSatisfy { index in
      let other = objects[index]
      let before = objects.indices.reduce(0) { $0 + (index == $1 ? 0 : other.commonArea(objects[$1])) }
      return coveredOfOthers[index] == 0
        || before + coveredOfOthers[index] <= limit * other.size.x * other.size.y * filledParts[index]
    }
  }
}

extension SceneObject {
  /// The area that two boxes share, in pixels.
  func commonArea(_ other: SceneObject) -> Double {
    max(0, min(x1, other.x1) - max(x0, other.x0)) * max(0, min(y1, other.y1) - max(y0, other.y0))
  }
}
