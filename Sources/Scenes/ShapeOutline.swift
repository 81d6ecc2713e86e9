import Foundation

/// A point in a picture, y downwards.
typealias Point = SIMD2<Double>

/// The edges of a set of points.
struct Extent: Equatable {
  var low: Point
  var high: Point

  var size: Point { high - low }

  /// The extent of some points; there must be one.
  init(_ points: [Point]) {
    (low, high) = (points[0], points[0])
    for point in points {
      low = pointwiseMin(low, point)
      high = pointwiseMax(high, point)
    }
  }

  init(low: Point, high: Point) { (self.low, self.high) = (low, high) }
}

extension Point {
  /// The point turned around the origin, clockwise as one sees it.
  func turned(cosine: Double, sine: Double) -> Point { Point(cosine * x - sine * y, sine * x + cosine * y) }
}

/// The outlines of shapes as polygons around the origin. Curves have corners too fine to be seen at 1024 pixels.
enum ShapeOutline {
  /// The outline of an upright shape, of a size near 2. A rectangle has this width and height.
  static func points(_ kind: ObjectKind, rectangle: Point = Point(2, 1)) -> [Point] {
    switch kind {
    case .square: return corners(halfWidth: 1, halfHeight: 1)
    case .rectangle: return corners(halfWidth: rectangle.x / 2, halfHeight: rectangle.y / 2)
    case .triangle: return regular(3)
    case .pentagon: return regular(5)
    case .star:
      return (0..<10).map { onCircle(turn: Double($0) / 10, radius: $0.isMultiple(of: 2) ? 1 : 0.42) }
    case .cross:
      let arm = 0.34
      return [
        Point(-arm, -1), Point(arm, -1), Point(arm, -arm), Point(1, -arm), Point(1, arm), Point(arm, arm),
        Point(arm, 1), Point(-arm, 1), Point(-arm, arm), Point(-1, arm), Point(-1, -arm), Point(-arm, -arm),
      ]
    case .heart:
      // The well-known sextic heart; it is 32 wide.
      return (0..<120).map { step in
        let t = 2 * Double.pi * Double(step) / 120
        let y = 13 * cos(t) - 5 * cos(2 * t) - 2 * cos(3 * t) - cos(4 * t)
        return Point(pow(sin(t), 3), -y / 16)
      }
    default: return (0..<120).map { onCircle(turn: Double($0) / 120, radius: 1) }
    }
  }

  /// The part of a polygon's extent that the polygon fills.
  static func filledPart(_ points: [Point]) -> Double {
    var doubled = 0.0
    for (index, point) in points.enumerated() {
      let next = points[(index + 1) % points.count]
      doubled += point.x * next.y - next.x * point.y
    }
    let size = Extent(points).size
    return abs(doubled) / 2 / (size.x * size.y)
  }

  /// The width and height of the rectangle that fills an extent when it is turned by an angle; nil if none does.
  static func rectangle(filling size: Point, cosine: Double, sine: Double) -> Point? {
    // width·|cos| + height·|sin| = size.x, width·|sin| + height·|cos| = size.y
    let (c, s) = (abs(cosine), abs(sine))
    let determinant = c * c - s * s
    guard abs(determinant) > 0.05 else { return nil }
    let solution = Point(c * size.x - s * size.y, c * size.y - s * size.x) / determinant
    return solution.x > 0 && solution.y > 0 ? solution : nil
  }

  private static func corners(halfWidth x: Double, halfHeight y: Double) -> [Point] {
    [Point(-x, -y), Point(x, -y), Point(x, y), Point(-x, y)]
  }

  private static func regular(_ corners: Int) -> [Point] {
    (0..<corners).map { onCircle(turn: Double($0) / Double(corners), radius: 1) }
  }

  /// A point on a circle, a part of a whole turn clockwise from the top.
  private static func onCircle(turn: Double, radius: Double) -> Point {
    Point(radius * sin(2 * .pi * turn), -radius * cos(2 * .pi * turn))
  }
}
