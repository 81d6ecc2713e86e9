import Pictures
import Tensors

/// Changes training pictures so that what is said about them stays true.
///
/// It reads texts word by word and does not understand them. Where a text might become false, the picture stays as it is:
/// better a change too few than a wrong answer learned.
public struct Augmentation: Sendable {
  /// How likely each change is.
  public let settings: AugmentationSettings

  /// Changes as likely as the settings say.
  public init(_ settings: AugmentationSettings) { self.settings = settings }

  /// The picture and its conversation after what chance decided for this seed; the same for the same seed.
  public func apply(_ picture: Picture, _ turns: [Turn], seed: UInt64) -> (picture: Picture, turns: [Turn]) {
    var result = (picture: picture, turns: turns)
    guard !settings.isOff else { return result }
    // A generator for each change: one that is switched on does not change what another does.
    func chance(_ kind: UInt64, _ likelihood: Double) -> SplitMix64? {
      var generator = SplitMix64(state: mixedSeed(seed, kind))
      return generator.nextUnit() < likelihood ? generator : nil
    }
    if chance(1, settings.flip) != nil, let turns = Self.mirrored(result.turns) {
      result = (result.picture.mirrored(), turns)
    }
    if var generator = chance(2, settings.crop) {
      result = Self.cropped(result.picture, result.turns, &generator) ?? result
    }
    if var generator = chance(3, settings.scale) { result.picture = Self.coarsened(result.picture, &generator) }
    if var generator = chance(4, settings.colour) {
      // Little enough that no colour takes the name of another.
      result.picture = result.picture.adjusted(
        brightness: generator.next(in: 0.85...1.15), contrast: generator.next(in: 0.85...1.15),
        saturation: generator.next(in: 0.8...1.2))
    }
    return result
  }

  /// The conversation about the mirrored picture; nil if it cannot be told.
  static func mirrored(_ turns: [Turn]) -> [Turn]? {
    transform(turns) { text in
      guard let swapped = DirectionWords.swapped(text) else { return nil }
      return BoxMarkup.replace(in: swapped) { box in
        BoxMarkup.Box(x0: 100 - box.x1, y0: box.y0, x1: 100 - box.x0, y1: box.y1)
      }
    }
  }

  /// A part of at least 70 % of each side, and the conversation about it; nil if none of five tries keeps it true.
  private static func cropped(
    _ picture: Picture, _ turns: [Turn], _ generator: inout SplitMix64
  ) -> (Picture, [Turn])? {
    guard CropWords.allow(turns) else { return nil }
    for _ in 0..<5 {
      func range(_ size: Int) -> Range<Int> {
        let length = max(1, Int((Double(size) * generator.next(in: 0.7...1)).rounded()))
        let start = Int(generator.nextUnit() * Double(size - length + 1))
        return start..<start + length
      }
      let (columns, rows) = (range(picture.width), range(picture.height))
      let moved = transform(turns) { text in
        BoxMarkup.replace(in: text) { $0.cropped(columns, of: picture.width, rows, of: picture.height) }
      }
      if let moved { return (picture.cropped(columns: columns, rows: rows), moved) }
    }
    return nil
  }

  /// Made smaller, to as little as 40 %, and as large as before again.
  private static func coarsened(_ picture: Picture, _ generator: inout SplitMix64) -> Picture {
    let scale = generator.next(in: 0.4...0.9)
    func scaled(_ size: Int) -> Int { max(1, Int((Double(size) * scale).rounded())) }
    return picture.resized(width: scaled(picture.width), height: scaled(picture.height))
      .resized(width: picture.width, height: picture.height)
  }

  private static func transform(_ turns: [Turn], _ change: (String) -> String?) -> [Turn]? {
    var result: [Turn] = []
    for turn in turns {
      guard let instruction = change(turn.instruction), let answer = change(turn.answer) else { return nil }
      var changed = turn
      (changed.instruction, changed.answer) = (instruction, answer)
      result.append(changed)
    }
    return result
  }
}

extension SplitMix64 {
  /// A number between two others.
  fileprivate mutating func next(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + nextUnit() * (range.upperBound - range.lowerBound)
  }
}
