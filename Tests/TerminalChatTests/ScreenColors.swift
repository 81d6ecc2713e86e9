@testable import TerminalChat

extension TmuxTerminal {
  /// The mean colour of each cell of the screen, as 0xRRGGBB, by what is in front and behind and how much of the cell a
  /// block character covers; nil where no colour is set.
  func meanColors() throws -> [[UInt32?]] {
    try tmux(["capture-pane", "-p", "-e", "-N"]).split(separator: "\n", omittingEmptySubsequences: false).map {
      Self.meanColors(ofLine: $0)
    }
  }

  private static func meanColors(ofLine line: Substring) -> [UInt32?] {
    var colors: [UInt32?] = []
    var foreground: UInt32?
    var background: UInt32?
    var scalars = Substring(line).unicodeScalars[...]
    while let scalar = scalars.popFirst() {
      guard scalar == "\u{1b}" else {
        colors.append(mean(foreground, background, covered: coverage(scalar)))
        continue
      }
      let sequence = scalars.prefix { $0 != "m" }
      scalars = scalars.dropFirst(sequence.count + 1)
      var numbers = String(Substring(sequence)).dropFirst().split(separator: ";").compactMap { Int($0) }[...]
      if numbers.isEmpty { numbers = [0] }
      while let number = numbers.popFirst() {
        switch number {
        case 0: (foreground, background) = (nil, nil)
        case 39: foreground = nil
        case 49: background = nil
        case 38, 48:
          let color = numbers.dropFirst().first.flatMap { Palette.rgb(UInt8($0)) }
          numbers = numbers.dropFirst(2)
          if number == 38 { foreground = color } else { background = color }
        default: break
        }
      }
    }
    return colors
  }

  /// How much of a cell a block character fills.
  private static func coverage(_ scalar: Unicode.Scalar) -> Double {
    switch scalar.value {
    case 0x2580, 0x2584, 0x258C, 0x2590, 0x259A, 0x259E: 0.5
    case 0x2581...0x2588: Double(scalar.value - 0x2580) / 8
    case 0x2589...0x258F: Double(0x2590 - scalar.value) / 8
    case 0x2594, 0x2595: 0.125
    case 0x2596...0x2598, 0x259D: 0.25
    case 0x2599, 0x259B, 0x259C, 0x259F: 0.75
    default: 0
    }
  }

  private static func mean(_ front: UInt32?, _ back: UInt32?, covered: Double) -> UInt32? {
    guard covered > 0, let front else { return back }
    guard covered < 1, let back else { return front }
    var result: UInt32 = 0
    for shift: UInt32 in [16, 8, 0] {
      let value = Double(front >> shift & 0xff) * covered + Double(back >> shift & 0xff) * (1 - covered)
      result |= UInt32(value.rounded()) << shift
    }
    return result
  }
}
