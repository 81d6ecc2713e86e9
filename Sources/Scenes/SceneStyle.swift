import Diagnostics

/// What scenes may hold and how they may look, so that a curriculum can begin with simple ones.
public struct SceneStyle: Sendable, Codable, Equatable {
  /// How many objects a scene has.
  public var objectCount: ClosedRange<Int> = 1...6
  /// The kinds that occur; shapes and icons get half of the objects each where both are among them.
  public var kinds: [ObjectKind] = ObjectKind.allCases
  /// The colours of shapes that occur.
  public var colours: [SceneColour] = SceneColour.allCases
  /// The longer side of an object as a part of the picture's shorter side. However small the picture, an object is at
  /// least as large as a person needs to tell what it is (``Scene/minimumPixels(_:)``).
  public var size: ClosedRange<Double> = 0.08...0.7
  /// The sides of the picture, in pixels; the longer one is at most twice the shorter one.
  public var sidePixels: ClosedRange<Int> = 64...1024
  /// How far an object is turned at most, in radians.
  public var maximumRotation: Double = 0.35
  /// Whether there are stripes, checks, grain and gradients behind the objects; otherwise one colour.
  public var hasTexturedBackgrounds = true
  /// Whether some pictures have JPEG artefacts, blur or noise.
  public var hasDegradations = true

  /// All there is.
  public init() {}

  /// Reads a style in which anything may be left out.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func read<Value: Decodable>(_ key: CodingKeys, into value: inout Value) throws {
      if let found = try values.decodeIfPresent(Value.self, forKey: key) { value = found }
    }
    try read(.objectCount, into: &objectCount)
    try read(.kinds, into: &kinds)
    try read(.colours, into: &colours)
    try read(.size, into: &size)
    try read(.sidePixels, into: &sidePixels)
    try read(.maximumRotation, into: &maximumRotation)
    try read(.hasTexturedBackgrounds, into: &hasTexturedBackgrounds)
    try read(.hasDegradations, into: &hasDegradations)
  }

  /// Checks that scenes of this style can be drawn; `file` is what the error calls its source.
  public func check(file: String) throws(InputError) {
    func require(_ holds: Bool, _ field: String, _ expected: String, _ found: Any) throws(InputError) {
      if !holds { throw InputError(file: file, field: field, expected: expected, found: "\(found)") }
    }
    try require(objectCount.lowerBound >= 1 && objectCount.upperBound <= 12, "objectCount", "1 to 12", objectCount)
    try require(!kinds.isEmpty, "kinds", "at least one kind", "none")
    try require(!colours.isEmpty || kinds.allSatisfy { !$0.isShape }, "colours", "at least one colour", "none")
    try require(size.lowerBound > 0 && size.upperBound <= 0.9, "size", "parts above 0 and up to 0.9", size)
    try require(
      sidePixels.lowerBound >= 48 && sidePixels.upperBound <= 4096, "sidePixels", "48 to 4096", sidePixels)
    try require(
      (0...0.6).contains(maximumRotation), "maximumRotation", "0 to 0.6, or shapes are hard to tell", maximumRotation)
  }
}
