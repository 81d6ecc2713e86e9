import Pictures

/// A picture in black and white for terminals without colours, where shades would only be noise.
///
/// On a plain ground, what differs from the ground is white, whatever its brightness: the things in the picture stand
/// on the terminal's own background. Elsewhere the brighter part is white, parted where the two parts differ most
/// (Otsu's threshold).
struct Silhouette {
  let picture: Picture

  /// - Parameter isLight: whether white is drawn dark, on a light background; shades are turned over then.
  init(_ picture: Picture, isLight: Bool) {
    let pixels = picture.pixels
    let count = picture.width * picture.height
    let values: [UInt8]
    if let ground = Self.ground(pixels, count) {
      values = (0..<count).map { Self.distance(pixels, $0, ground) > Self.nearness ? 255 : 0 }
    } else {
      let grays = (0..<count).map { Self.gray(pixels, $0) }
      let threshold = Self.threshold(grays)
      values = grays.map { ($0 > threshold) != isLight ? 255 : 0 }
    }
    let gray = (0..<3 * count).map { values[$0 / 3] }
    self.picture = Picture(width: picture.width, height: picture.height, pixels: gray)
  }

  /// Colours nearer than this, by the sum of the channels' distances, are one.
  private static let nearness = 80
  /// A ground fills at least this part of the picture.
  private static let leastGround = 0.3

  private static func gray(_ pixels: [UInt8], _ index: Int) -> Int {
    (299 * Int(pixels[3 * index]) + 587 * Int(pixels[3 * index + 1]) + 114 * Int(pixels[3 * index + 2])) / 1000
  }

  private static func distance(_ pixels: [UInt8], _ index: Int, _ color: (Int, Int, Int)) -> Int {
    abs(Int(pixels[3 * index]) - color.0) + abs(Int(pixels[3 * index + 1]) - color.1)
      + abs(Int(pixels[3 * index + 2]) - color.2)
  }

  /// The colour that most of the picture has, if one fills enough of it.
  private static func ground(_ pixels: [UInt8], _ count: Int) -> (Int, Int, Int)? {
    func bin(_ index: Int) -> Int {
      Int(pixels[3 * index] >> 4) << 8 | Int(pixels[3 * index + 1] >> 4) << 4 | Int(pixels[3 * index + 2] >> 4)
    }
    var bins = [Int](repeating: 0, count: 4096)
    for index in 0..<count { bins[bin(index)] += 1 }
    guard count > 0, let most = bins.indices.max(by: { bins[$0] < bins[$1] }) else { return nil }
    var sum = (0, 0, 0)
    for index in 0..<count where bin(index) == most {
      sum.0 += Int(pixels[3 * index])
      sum.1 += Int(pixels[3 * index + 1])
      sum.2 += Int(pixels[3 * index + 2])
    }
    let color = (sum.0 / bins[most], sum.1 / bins[most], sum.2 / bins[most])
    let near = (0..<count).count { distance(pixels, $0, color) <= nearness }
    // All of one colour has nothing on its ground.
    return Double(near) >= leastGround * Double(count) && near < count ? color : nil
  }

  /// The grey at which the parts below and above differ most in their means, weighted by their sizes.
  private static func threshold(_ grays: [Int]) -> Int {
    var histogram = [Int](repeating: 0, count: 256)
    for gray in grays { histogram[gray] += 1 }
    let total = histogram.indices.reduce(0) { $0 + $1 * histogram[$1] }
    var (best, bestSpread) = (127, 0.0)
    var (below, sumBelow) = (0, 0)
    for gray in 0..<255 {
      below += histogram[gray]
      sumBelow += gray * histogram[gray]
      let above = grays.count - below
      guard below > 0, above > 0 else { continue }
      let difference = Double(sumBelow) / Double(below) - Double(total - sumBelow) / Double(above)
      let spread = Double(below) * Double(above) * difference * difference
      if spread > bestSpread { (best, bestSpread) = (gray, spread) }
    }
    return best
  }
}
