import Pictures
import Testing

@testable import Training

/// A picture in which every pixel says where it is.
private func map(_ width: Int, _ height: Int) -> Picture {
  var pixels: [UInt8] = []
  for y in 0..<height {
    for x in 0..<width { pixels += [UInt8(x), UInt8(y), 100] }
  }
  return Picture(width: width, height: height, pixels: pixels)
}

private func settings(
  flip: Double = 0, crop: Double = 0, colour: Double = 0, scale: Double = 0
) -> AugmentationSettings {
  var settings = AugmentationSettings()
  (settings.flip, settings.crop, settings.colour, settings.scale) = (flip, crop, colour, scale)
  return settings
}

@Suite struct AugmentationTests {
  /// What a turn is about, and that it needs the one before, is as true of the changed picture.
  @Test func onlyTheTextsOfTurnsChange() {
    let turns = [
      Turn(instruction: "is it left?", answer: "left", aspect: "position"),
      Turn(instruction: "and its colour?", answer: "red", aspect: "colour", followsPrevious: true),
    ]
    let changed = Augmentation(settings(flip: 1)).apply(map(4, 2), turns, seed: 1).turns
    #expect(changed.map(\.answer) == ["right", "red"])
    #expect(changed.map(\.aspect) == ["position", "colour"])
    #expect(changed.map(\.followsPrevious) == [false, true])
  }

  private static let exchanged: [(text: String, mirrored: String)] = [
    ("the cup is left of the dog", "the cup is right of the dog"),
    ("Is it on the LEFT or the Right?", "Is it on the RIGHT or the Left?"),
    ("left", "right"), ("Right.", "Left."), ("right-hand side", "left-hand side"),
    ("the leftmost, not the rightmost", "the rightmost, not the leftmost"),
    ("a la izquierda de la taza, a la Derecha", "a la derecha de la taza, a la Izquierda"),
    ("el lado derecho", "el lado izquierdo"),
    ("the cup on the right behind the tree", "the cup on the left behind the tree"),
    ("este círculo, en el lado derecho de la taza", "este círculo, en el lado izquierdo de la taza"),
    ("two cups are left of the star", "two cups are right of the star"),
    // Idioms stay.
    ("How many are left?", "How many are left?"), ("Nothing is left over", "Nothing is left over"),
    ("All right, it is right behind the left cup", "All right, it is right behind the right cup"),
    ("It is a cup, right?", "It is a cup, right?"), ("right now", "right now"),
    ("todo derecho, tiene derecho a", "todo derecho, tiene derecho a"),
    // Whole words only.
    ("bright light, copyright, leftover", "bright light, copyright, leftover"), ("", ""),
    ("ça va 好 left", "ça va 好 right"),
  ]

  @Test(arguments: exchanged)
  func leftAndRightAreExchanged(text: String, mirrored: String) {
    #expect(DirectionWords.swapped(text) == mirrored)
    #expect(DirectionWords.swapped(mirrored) == text)
  }

  @Test(arguments: [
    "the lfet cup", "the rigth cup", "lef", "leftt", "righ", "a la derehca", "turn it clockwise", "it says STOP",
    "West",
  ])
  func whatCannotBeMirroredIsLeft(text: String) {
    #expect(DirectionWords.swapped(text) == nil)
    let turns = [Turn(instruction: "what?", answer: text)]
    let result = Augmentation(settings(flip: 1)).apply(map(4, 3), turns, seed: 1)
    #expect(result.picture == map(4, 3) && result.turns == turns)
  }

  @Test func aFlipMirrorsPixelsBoxesAndWords() {
    let turns = [
      Turn(instruction: "[refer] the left cup", answer: "{<10><20><35><90>}"),
      Turn(
        instruction: "[identify] what is this {<0><0><100><100>}",
        answer: "<p>cup</p> {<1><2><3><4>}<delim>{<5><6><7><8><delim><50><0><60><1>}, {braces}"),
    ]
    let result = Augmentation(settings(flip: 1)).apply(map(5, 3), turns, seed: 1)
    #expect(
      result.turns == [
        Turn(instruction: "[refer] the right cup", answer: "{<65><20><90><90>}"),
        Turn(
          instruction: "[identify] what is this {<0><0><100><100>}",
          answer: "<p>cup</p> {<97><2><99><4>}<delim>{<93><6><95><8><delim><40><0><50><1>}, {braces}"),
      ])
    for y in 0..<3 {
      for x in 0..<5 {
        #expect(Array(result.picture.pixels[3 * (5 * y + x)..<3 * (5 * y + x) + 3]) == [UInt8(4 - x), UInt8(y), 100])
      }
    }
    #expect(Augmentation(settings(flip: 1)).apply(result.picture, result.turns, seed: 2).turns == turns)
  }

  @Test(arguments: [
    "{<1><2><3>}", "{<1><2><3><4><5>}", "{<1><2><3><101>}", "{<1><2><3><4>", "{<", "{<9><2><3><4>}",
    "{<1><2><3><4><delim>}",
    "{< 1><2><3><4>}", "{<-1><2><3><4>}",
  ])
  func whatIsNoBoxStopsAChange(text: String) {
    #expect(BoxMarkup.replace(in: "x \(text)") { $0 } == nil)
  }

  @Test func boxesAreCutWithThePicture() {
    let box = BoxMarkup.Box(x0: 20, y0: 0, x1: 60, y1: 100)
    // Columns 25...100 of 200 pixels: the box, 40...120, loses a quarter.
    #expect(box.cropped(25..<100, of: 200, 0..<50, of: 50) == nil)
    // Columns 0...110: it loses an eighth, and ends at the edge.
    #expect(box.cropped(0..<110, of: 200, 0..<50, of: 50) == .init(x0: 36, y0: 0, x1: 100, y1: 100))
    // An eighth of each: 76.6 % are left.
    #expect(BoxMarkup.Box(x0: 0, y0: 0, x1: 80, y1: 80).cropped(0..<70, of: 100, 0..<70, of: 100) == nil)
    // A box of no width is kept or not.
    let line = BoxMarkup.Box(x0: 50, y0: 0, x1: 50, y1: 50)
    #expect(line.cropped(40..<60, of: 100, 0..<100, of: 100) == .init(x0: 50, y0: 0, x1: 50, y1: 50))
    #expect(line.cropped(60..<90, of: 100, 0..<100, of: 100) == nil)
  }

  @Test func aCropKeepsTheBoxesOnTheirThings() throws {
    let turns = [Turn(instruction: "[refer] the red star", answer: "{<40><50><60><80>}")]
    var sizes: Set<Int> = []
    for seed in 0..<200 {
      let result = Augmentation(settings(crop: 1)).apply(map(200, 100), turns, seed: UInt64(seed))
      let (picture, answer) = (result.picture, result.turns[0].answer)
      sizes.insert(picture.width)
      #expect(picture.width >= 140 && picture.height >= 70)
      // The pixels say where they were: the box's edges must be where the thing is, but for rounding and clipping.
      _ = BoxMarkup.replace(in: answer) { box in
        let left = Double(picture.pixels[0]) + Double(box.x0 * picture.width) / 100
        let bottom = Double(picture.pixels[1]) + Double(box.y1 * picture.height) / 100
        #expect(abs(left - 80) <= 1.1 || box.x0 == 0 && left <= 88)
        #expect(abs(bottom - 80) <= 0.6 || box.y1 == 100 && bottom >= 74)
        return box
      }
    }
    #expect(sizes.count > 30)
  }

  @Test(arguments: [
    ("[vqa] what colour is the star?", "red"), ("[vqa] how many stars?", "2 {<1><2><3><4>}"),
    ("[refer] the star left of the cup", "{<40><40><60><60>}"),
    ("[refer] la estrella a la izquierda", "{<40><40><60><60>}"),
  ])
  func whatDependsOnTheRestIsNotCropped(instruction: String, answer: String) {
    let turns = [
      Turn(instruction: "[refer] the red star", answer: "{<40><50><60><80>}"),
      Turn(instruction: instruction, answer: answer),
    ]
    for seed in 0..<20 {
      let result = Augmentation(settings(crop: 1)).apply(map(50, 40), turns, seed: UInt64(seed))
      #expect(result.picture == map(50, 40) && result.turns == turns)
    }
  }

  @Test func aBoxAtTheEdgeIsNotCutAway() {
    let turns = [Turn(instruction: "[detection] star", answer: "<p>star</p> {<0><0><4><4>}<delim>{<96><96><100><100>}")]
    for seed in 0..<50 {
      let result = Augmentation(settings(crop: 1)).apply(map(100, 100), turns, seed: UInt64(seed))
      #expect(result.picture.width >= 97 || result.turns == turns)
    }
  }

  @Test func coloursKeepTheirOrder() {
    let result = map(4, 4).adjusted(brightness: 1.2, contrast: 1, saturation: 1)
    #expect(result.pixels[2] == 120)
    let grey = Picture(width: 2, height: 1, pixels: [50, 50, 50, 150, 150, 150])
    #expect(grey.adjusted(brightness: 1, contrast: 1, saturation: 3) == grey)
    #expect(grey.adjusted(brightness: 1, contrast: 2, saturation: 1).pixels == [0, 0, 0, 200, 200, 200])
    #expect(grey.adjusted(brightness: 1, contrast: 1, saturation: 1) == grey)
    // Twelve colours stay nearest to themselves.
    let red = Picture(width: 1, height: 1, pixels: [220, 40, 40])
    for seed in 0..<50 {
      let pixel = Augmentation(settings(colour: 1)).apply(red, [], seed: UInt64(seed)).picture.pixels
      #expect(pixel[0] > 150 && pixel[1] < 90 && pixel[1] == pixel[2])
    }
  }

  @Test func scalingKeepsTheSize() {
    let picture = map(60, 40)
    let result = Augmentation(settings(scale: 1)).apply(picture, [], seed: 3).picture
    #expect(result.width == 60 && result.height == 40 && result != picture)
    let one = Picture(width: 1, height: 1, pixels: [1, 2, 3])
    #expect(Augmentation(settings(crop: 1, scale: 1)).apply(one, [], seed: 3).picture == one)
  }

  @Test func chanceIsTheSeeds() {
    let turns = [Turn(instruction: "[refer] the red star", answer: "{<40><50><60><80>}")]
    let half = Augmentation(settings(flip: 0.5, crop: 0.5, colour: 0.5, scale: 0.5))
    var flipped = 0
    for seed in 0..<200 {
      let result = half.apply(map(20, 20), turns, seed: UInt64(seed))
      let again = half.apply(map(20, 20), turns, seed: UInt64(seed))
      #expect(result.picture == again.picture && result.turns == again.turns)
      if Augmentation(settings(flip: 0.5)).apply(map(20, 20), turns, seed: UInt64(seed)).picture != map(20, 20) {
        flipped += 1
      }
    }
    #expect((70...130).contains(flipped))
    let off = Augmentation(AugmentationSettings()).apply(map(20, 20), turns, seed: 1)
    #expect(off.picture == map(20, 20) && off.turns == turns)
  }
}
