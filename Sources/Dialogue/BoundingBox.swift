/// A box in a picture, in whole percents of its width and height: 0 is the left or upper edge, 100 the right or lower.
public struct BoundingBox: Sendable, Equatable, Hashable, Codable {
  /// A box in pixels: edges from (0, 0) at the picture's upper left corner.
  public struct Pixels: Sendable, Equatable, Codable {
    /// Left, upper, right and lower edge.
    public let x0, y0, x1, y1: Int
  }

  /// Left, upper, right and lower edge, in 0...100, `x0 <= x1` and `y0 <= y1`.
  public let x0, y0, x1, y1: Int

  /// The box between two opposite corners, which may lie in any order; coordinates beyond 0...100 are moved to the edge.
  public init(x0: Int, y0: Int, x1: Int, y1: Int) {
    func percent(_ value: Int) -> Int { min(max(value, 0), 100) }
    self.x0 = percent(min(x0, x1))
    self.y0 = percent(min(y0, y1))
    self.x1 = percent(max(x0, x1))
    self.y1 = percent(max(y0, y1))
  }

  /// The box in the pixels of a picture of this size, each edge rounded to the nearest.
  public func pixels(width: Int, height: Int) -> Pixels {
    func scaled(_ percent: Int, _ size: Int) -> Int {
      let (hundreds, rest) = max(size, 0).quotientAndRemainder(dividingBy: 100)
      return hundreds * percent + (rest * percent + 50) / 100
    }
    return Pixels(x0: scaled(x0, width), y0: scaled(y0, height), x1: scaled(x1, width), y1: scaled(y1, height))
  }

  /// The box as the model reads and writes it: `{<10><20><55><90>}`.
  public var markup: String { "{<\(x0)><\(y0)><\(x1)><\(y1)>}" }

  private enum CodingKeys: String, CodingKey { case x0, y0, x1, y1 }

  /// Decodes like ``init(x0:y0:x1:y1:)``, so that a stored box keeps the ranges too.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      x0: try values.decode(Int.self, forKey: .x0), y0: try values.decode(Int.self, forKey: .y0),
      x1: try values.decode(Int.self, forKey: .x1), y1: try values.decode(Int.self, forKey: .y1))
  }
}
