import Foundation

/// A colour in OKLab, where distances are about as large as people see them (Björn Ottosson 2020,
/// https://bottosson.github.io/posts/oklab).
struct Shade: Sendable, Equatable {
  /// Lightness from 0 to 1, then green–red and blue–yellow from about −0.3 to 0.3.
  var vector: SIMD3<Float>

  init(vector: SIMD3<Float>) { self.vector = vector }

  /// From lightness, chroma and hue in degrees; chroma is lessened until a screen can show the colour.
  init(lightness: Double, chroma: Double, hue: Double) {
    let angle = hue * .pi / 180
    var chroma = chroma
    repeat {
      vector = SIMD3(Float(lightness), Float(chroma * cos(angle)), Float(chroma * sin(angle)))
      chroma -= 0.005
    } while chroma > 0 && !isShown
  }

  /// From sRGB, 0 to 1.
  init(red: Float, green: Float, blue: Float) {
    func linear(_ value: Float) -> Float {
      value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
    let (r, g, b) = (linear(red), linear(green), linear(blue))
    let l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    let m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    let s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    vector = SIMD3(
      0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s, 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
      0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s)
  }

  /// Linear red, green and blue, outside 0 to 1 for colours that no screen shows.
  private var linearRGB: SIMD3<Float> {
    let (lightness, a, b) = (vector.x, vector.y, vector.z)
    let l = lightness + 0.3963377774 * a + 0.2158037573 * b
    let m = lightness - 0.1055613458 * a - 0.0638541728 * b
    let s = lightness - 0.0894841775 * a - 1.2914855480 * b
    let (l3, m3, s3) = (l * l * l, m * m * m, s * s * s)
    return SIMD3(
      4.0767416621 * l3 - 3.3077115913 * m3 + 0.2309699292 * s3,
      -1.2684380046 * l3 + 2.6097574011 * m3 - 0.3413193965 * s3,
      -0.0041960863 * l3 - 0.7034186147 * m3 + 1.7076147010 * s3)
  }

  private var isShown: Bool {
    let rgb = linearRGB
    return rgb.min() >= -0.001 && rgb.max() <= 1.001
  }

  /// Red, green and blue in sRGB from 0 to 255.
  var rgb: SIMD3<Float> {
    func encoded(_ value: Float) -> Float {
      let value = max(0, min(value, 1))
      return 255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * pow(value, 1 / 2.4) - 0.055)
    }
    let linear = linearRGB
    return SIMD3(encoded(linear.x), encoded(linear.y), encoded(linear.z))
  }

  /// How different two colours look; 0.02 is just seen, black and white differ by 1.
  func distance(to other: Shade) -> Float {
    let difference = vector - other.vector
    return (difference * difference).sum().squareRoot()
  }

  /// The colour at a part of the way to another.
  func mixed(with other: Shade, _ part: Float) -> Shade { Shade(vector: vector + (other.vector - vector) * part) }

  /// The same colour, lighter or darker.
  func lightened(by amount: Float) -> Shade {
    Shade(vector: SIMD3(max(0, min(vector.x + amount, 1)), vector.y, vector.z))
  }
}

extension SceneColour {
  /// Lightness, chroma and hue (in degrees) of what nearly everyone calls by this name.
  var range: (lightness: ClosedRange<Double>, chroma: ClosedRange<Double>, hue: ClosedRange<Double>) {
    switch self {
    case .red: (0.52...0.62, 0.20...0.25, 24...30)
    case .green: (0.52...0.74, 0.15...0.22, 140...148)
    case .blue: (0.42...0.58, 0.17...0.26, 257...265)
    case .yellow: (0.87...0.93, 0.16...0.19, 97...105)
    case .orange: (0.70...0.77, 0.16...0.19, 53...63)
    case .purple: (0.40...0.55, 0.16...0.23, 302...313)
    case .pink: (0.75...0.84, 0.11...0.16, 345...358)
    case .brown: (0.36...0.46, 0.07...0.10, 48...62)
    case .black: (0.10...0.20, 0...0.008, 0...360)
    case .white: (0.97...1, 0...0.005, 0...360)
    case .gray: (0.54...0.70, 0...0.008, 0...360)
    case .teal: (0.50...0.62, 0.085...0.105, 188...200)
    }
  }

  /// A shade that goes by this name.
  func shade(_ random: inout SceneRandom) -> Shade {
    let range = range
    return Shade(
      lightness: random.uniform(range.lightness), chroma: random.uniform(range.chroma), hue: random.uniform(range.hue))
  }
}
