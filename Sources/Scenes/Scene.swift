import Pictures

/// The colours that shapes have.
public enum SceneColour: String, CaseIterable, Sendable, Codable {
  case red, green, blue, yellow, orange, purple, pink, brown, black, white, gray, teal
}

/// What stands in a scene: eight coloured shapes, and icons that bring their own colours.
public enum ObjectKind: String, CaseIterable, Sendable, Codable {
  case circle, square, rectangle, triangle, pentagon, star, heart, cross
  case dog, cat, horse, bird, fish, rabbit, car, bus, bicycle, airplane, boat, apple, banana, strawberry, pizza, cake
  case cup, book, clock, key, umbrella, ball, guitar, house, tree, flower, sun, moon, hat, shoe, lamp, phone, camera
  case scissors, chair, bell

  /// Whether it is drawn from a formula, in one colour.
  public var isShape: Bool { Self.shapes.contains(self) }
  /// The shapes.
  public static let shapes: [ObjectKind] = [.circle, .square, .rectangle, .triangle, .pentagon, .star, .heart, .cross]
  /// The icons.
  public static let icons: [ObjectKind] = allCases.filter { !$0.isShape }
}

/// One thing in a scene.
public struct SceneObject: Sendable, Codable, Equatable {
  /// What it is.
  public var kind: ObjectKind
  /// Its colour; nil for an icon.
  public var colour: SceneColour?
  /// The edges of what is drawn, in pixels of the scene: left, upper, right, lower.
  public var x0, y0, x1, y1: Double
  /// By how much it is turned, in radians.
  public var rotation: Double

  /// Puts an object together.
  public init(
    kind: ObjectKind, colour: SceneColour?, x0: Double, y0: Double, x1: Double, y1: Double, rotation: Double
  ) {
    self.kind = kind
    self.colour = colour
    (self.x0, self.y0, self.x1, self.y1) = (x0, y0, x1, y1)
    self.rotation = rotation
  }
}

/// A made-up picture: what is in it, and where.
public struct Scene: Sendable, Codable, Equatable {
  /// In pixels.
  public var width: Int
  /// In pixels.
  public var height: Int
  /// Everything that is in it; later ones are drawn over earlier ones.
  public var objects: [SceneObject]
  /// Decides what chance decides when it is drawn and talked about.
  public var seed: UInt64

  /// Puts a scene together.
  public init(width: Int, height: Int, objects: [SceneObject], seed: UInt64) {
    self.width = width
    self.height = height
    self.objects = objects
    self.seed = seed
  }
}
