import Foundation

/// What is behind the objects: one colour, or a pattern between two that are told apart from every object.
struct Background {
  /// How the two colours alternate.
  enum Pattern: CaseIterable {
    case plain, linear, radial, stripes, checks, grain, clouds
  }

  let pattern: Pattern
  let first, second: Shade
  private let angle: Double
  /// The width of a stripe or a check, or of a cloud, as a part of the shorter side.
  private let period: Double
  private let seed: UInt64

  /// The least distance of an object's colour from the background's.
  static let leastContrast: Float = 0.19

  /// Chooses a background for objects of these colours.
  init(behind shades: [Shade], seed: UInt64, isTextured: Bool) {
    var random = SceneRandom(seed: seed, stream: .background)
    self.seed = seed
    var pattern = Pattern.plain
    if isTextured {
      pattern = random.element([.plain, .plain, .linear, .linear, .radial, .stripes, .checks, .grain, .clouds])
    }
    angle = random.uniform(0...(2 * .pi))
    period = random.uniform(0.04...0.14)
    var best: (first: Shade, second: Shade, contrast: Float) = (Shade(vector: .zero), Shade(vector: .zero), -1)
    var sort = random.unit()
    for attempt in 0..<60 {
      // Dark ones suit most objects: were the sort drawn anew each time, most backgrounds would be dark.
      if attempt > 20 { sort = random.unit() }
      let first = Background.baseShade(sort, &random)
      // Where nothing fits, the colours of the pattern draw together.
      let second = attempt < 40 ? Background.partner(of: first, in: pattern, &random) : first
      let contrast = Background.contrast(of: shades, from: first, to: second)
      if contrast > best.contrast { best = (first, second, contrast) }
      if contrast >= Background.leastContrast { break }
    }
    (first, second) = (best.first, best.second)
    self.pattern = pattern
  }

  /// How far the colours of the background stay from a colour.
  func contrast(to shade: Shade) -> Float { Background.contrast(of: [shade], from: first, to: second) }

  private static func contrast(of shades: [Shade], from first: Shade, to second: Shade) -> Float {
    var least = Float(1)
    for part in [Float(0), 0.25, 0.5, 0.75, 1] {
      let between = first.mixed(with: second, part)
      for shade in shades { least = min(least, between.distance(to: shade)) }
    }
    return least
  }

  /// A colour of the sort that a number from 0 to 1 says.
  private static func baseShade(_ sort: Double, _ random: inout SceneRandom) -> Shade {
    let hue = random.uniform(0...360)
    switch sort {
    case ..<0.25:  // white or light grey
      return Shade(lightness: random.uniform(0.78...1), chroma: random.uniform(0...0.015), hue: hue)
    case ..<0.55:  // pastel
      return Shade(lightness: random.uniform(0.7...0.94), chroma: random.uniform(0.03...0.09), hue: hue)
    case ..<0.75:  // anything dull
      return Shade(lightness: random.uniform(0.45...0.8), chroma: random.uniform(0...0.07), hue: hue)
    case ..<0.87:  // dark and coloured
      return Shade(lightness: random.uniform(0.25...0.45), chroma: random.uniform(0.03...0.1), hue: hue)
    default:  // black or dark grey
      return Shade(lightness: random.uniform(0.12...0.38), chroma: random.uniform(0...0.02), hue: hue)
    }
  }

  /// The pattern's other colour. Patterns with edges stay faint: a check must not pass for a square.
  private static func partner(of shade: Shade, in pattern: Pattern, _ random: inout SceneRandom) -> Shade {
    let reach: ClosedRange<Double> =
      switch pattern {
      case .plain: 0...0
      case .linear, .radial: 0.06...0.25
      case .stripes, .checks: 0.025...0.06
      case .grain: 0.05...0.12
      case .clouds: 0.04...0.09
      }
    let change = Float(random.uniform(reach) * (random.chance(0.5) ? 1 : -1))
    let turn =
      pattern == .plain
      ? SIMD2<Float>.zero : SIMD2(Float(random.uniform(-0.03...0.03)), Float(random.uniform(-0.03...0.03)))
    let vector = SIMD3(shade.vector.x + change, shade.vector.y + turn.x, shade.vector.z + turn.y)
    // A change that leads out of what can be shown goes the other way.
    return Shade(vector: vector.x > 1 || vector.x < 0.05 ? SIMD3(vector.x - 2 * change, vector.y, vector.z) : vector)
  }

  // MARK: Drawing

  /// Draws it at a size.
  func canvas(width: Int, height: Int) -> Canvas {
    let count = 3 * width * height
    let colours = (0..<256).map { step -> SIMD3<UInt8> in
      let rgb = first.mixed(with: second, Float(step) / 255).rgb
      return SIMD3(UInt8(rgb.x.rounded()), UInt8(rgb.y.rounded()), UInt8(rgb.z.rounded()))
    }
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { target, initializedCount in
      var parts = [Float](repeating: 0, count: width)
      var filler = RowFiller(self, width: width, height: height)
      for row in 0..<height {
        if pattern != .plain { filler.fill(&parts, row: row) }
        var index = 3 * row * width
        for column in 0..<width {
          let colour = colours[Int(max(0, min(parts[column], 1)) * 255)]
          target[index] = colour.x
          target[index + 1] = colour.y
          target[index + 2] = colour.z
          index += 3
        }
      }
      initializedCount = count
    }
    return Canvas(width: width, height: height, pixels: pixels)
  }

  /// Reckons how much of the second colour there is in each pixel of a row.
  private struct RowFiller {
    let background: Background
    let width, height: Int
    /// One pixel in the direction of the pattern, and across it, where the shorter side of the picture is 1.
    let along, across: SIMD2<Float>
    let period: Float
    let longest: Float
    /// Pixels in a period.
    let sharpness: Float
    var random: SceneRandom
    let clouds: [SmoothNoise]

    init(_ background: Background, width: Int, height: Int) {
      self.background = background
      (self.width, self.height) = (width, height)
      let unit = 1 / Double(min(width, height))
      let (c, s) = (Float(cos(background.angle) * unit), Float(sin(background.angle) * unit))
      (along, across) = (SIMD2(c, s), SIMD2(-s, c))
      period = Float(background.period)
      longest = abs(c) * Float(width) + abs(s) * Float(height)
      sharpness = max(1, period / Float(unit)) / 2
      random = SceneRandom(seed: background.seed, stream: .grain)
      let cells = background.pattern == .clouds ? [background.period * 3, background.period] : [background.period]
      var lattice = SceneRandom(seed: background.seed, stream: .grain, index: 1)
      clouds = cells.map { SmoothNoise(cell: $0 / unit, width: width, height: height, &lattice) }
    }

    mutating func fill(_ parts: inout [Float], row: Int) {
      let (x0, y) = (-Float(width) / 2 + 0.5, Float(row) - Float(height) / 2 + 0.5)
      switch background.pattern {
      case .plain: break
      case .linear:
        for column in 0..<width {
          parts[column] = 0.5 + ((x0 + Float(column)) * along.x + y * along.y) / longest
        }
      case .radial:
        let reach = Float(width * width + height * height) / 4
        for column in 0..<width {
          let x = x0 + Float(column)
          parts[column] = ((x * x + y * y) / reach).squareRoot()
        }
      case .stripes:
        for column in 0..<width { parts[column] = 0.5 + wave((x0 + Float(column)) * along.x + y * along.y) }
      case .checks:
        for column in 0..<width {
          let x = x0 + Float(column)
          parts[column] = 0.5 + 2 * wave(x * along.x + y * along.y) * wave(x * across.x + y * across.y)
        }
      case .grain:
        clouds[0].fill(&parts, row: row)
        for column in 0..<width {
          // Two bytes make a triangle around their mean.
          let bits = random.next()
          let grain = Float(Int(bits & 255) + Int(bits >> 8 & 255) - 255) / 255
          parts[column] = 0.5 + 0.35 * grain + 0.3 * (parts[column] - 0.5)
        }
      case .clouds:
        var fine = parts
        clouds[0].fill(&parts, row: row)
        clouds[1].fill(&fine, row: row)
        for column in 0..<width { parts[column] = 0.7 * parts[column] + 0.3 * fine[column] }
      }
    }

    /// A wave between −½ and ½ with edges a pixel wide.
    @inline(__always)
    private func wave(_ position: Float) -> Float {
      let phase = position / (2 * period)
      let triangle = abs(phase - phase.rounded(.down) - 0.5) * 2 - 0.5
      return max(-0.5, min(triangle * 2 * sharpness, 0.5))
    }
  }
}

/// Chance at the corners of a grid, and smooth between them.
private struct SmoothNoise {
  private let columns: Int
  private let cell: Float
  private let corners: [Float]

  /// - Parameter cell: the width of a cell of the grid in pixels.
  init(cell: Double, width: Int, height: Int, _ random: inout SceneRandom) {
    self.cell = Float(max(cell, 1))
    columns = Int(Float(width) / self.cell) + 2
    let rows = Int(Float(height) / self.cell) + 2
    corners = (0..<columns * rows).map { _ in Float(random.unit()) }
  }

  func fill(_ values: inout [Float], row: Int) {
    let y = Float(row) / cell
    let upper = Int(y) * columns
    let partY = smooth(y - y.rounded(.down))
    let step = 1 / cell
    for column in values.indices {
      let x = Float(column) * step
      let corner = upper + Int(x)
      let partX = smooth(x - Float(Int(x)))
      let above = corners[corner] + (corners[corner + 1] - corners[corner]) * partX
      let below = corners[corner + columns] + (corners[corner + columns + 1] - corners[corner + columns]) * partX
      values[column] = above + (below - above) * partY
    }
  }

  @inline(__always)
  private func smooth(_ part: Float) -> Float { part * part * (3 - 2 * part) }
}
