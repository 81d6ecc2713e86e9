import TestSupport
import Testing

@testable import Dialogue

/// Answers with boxes, as a model writes them and as it should not.
struct GroundedTextTests {
  private static func box(_ x0: Int, _ y0: Int, _ x1: Int, _ y1: Int) -> BoundingBox {
    BoundingBox(x0: x0, y0: y0, x1: x1, y1: y1)
  }

  private func parse(_ text: String) -> GroundedText { GroundedText(parsing: text, isFinal: true) }

  @Test func aBoxAlone() {
    let answer = parse("{<10><20><50><60>}")
    #expect(answer.plainText == "")
    #expect(answer.phrases == [GroundedPhrase(text: "", boxes: [Self.box(10, 20, 50, 60)], range: 0..<0)])
    #expect(answer.skippedBoxes == 0 && answer.clampedBoxes == 0)
  }

  @Test func phrasesWithoutSpacesBetween() {
    let answer = parse("<p>a</p>{<1><2><3><4>}<p>b</p>{<5><6><7><8>}")
    #expect(answer.plainText == "a b")
    #expect(
      answer.phrases == [
        GroundedPhrase(text: "a", boxes: [Self.box(1, 2, 3, 4)], range: 0..<1),
        GroundedPhrase(text: "b", boxes: [Self.box(5, 6, 7, 8)], range: 2..<3),
      ])
  }

  @Test func delimitedBoxesBelongToOnePhraseEvenWhenItRepeats() {
    let boxes = [Self.box(1, 2, 3, 4), Self.box(5, 6, 7, 8)]
    for markup in [
      "{<1><2><3><4>}<delim>{<5><6><7><8>}", "{<1><2><3><4><delim><5><6><7><8>}",
      "{<1><2><3><4>} <delim> {<5><6><7><8>}",
      "{ <1> <2> <3> <4> } { <5><6><7><8>}",
    ] {
      let answer = parse("<p>a dog</p> \(markup) and <p>a dog</p> {<9><9><10><10>}.")
      #expect(answer.plainText == "a dog and a dog.")
      #expect(answer.phrases.map(\.text) == ["a dog", "a dog"])
      #expect(answer.phrases.map(\.boxes) == [boxes, [Self.box(9, 9, 10, 10)]])
      #expect(answer.phrases.map(\.range) == [0..<5, 10..<15])
      #expect(answer.skippedBoxes == 0 && answer.clampedBoxes == 0)
    }
  }

  @Test func textAfterTheLastBoxIsKept() {
    #expect(parse("<p>é日</p> {<1><2><3><4>}, on grass. ").plainText == "é日, on grass. ")
    #expect(parse("<p>é日</p> {<1><2><3><4>}, on grass.").phrases.first?.range == 0..<5)
    #expect(parse("see {<1><2><3><4>} there {<1><2><3><4>}now").plainText == "see there now")
  }

  @Test(arguments: [
    // text, plain text, boxes, skipped, clamped
    ("{<10><20><50>", "", 0, 1, 0), ("{<10><20><50><60>", "", 0, 1, 0), ("{<10><20", "", 0, 1, 0),
    ("{<", "{<", 0, 0, 0),
    ("{", "{", 0, 0, 0), ("{}", "{}", 0, 0, 0), ("{a}", "{a}", 0, 0, 0), ("{<p>a</p>}", "{a}", 0, 0, 0),
    ("{<1><2><3>}", "", 0, 1, 0), ("{<1><2><3><4><5>}", "", 0, 1, 0), ("{<1><2><3><4><5><6><7><8>}", "", 0, 1, 0),
    ("{<1><2><3><4><delim><5>} x", "x", 1, 1, 0), ("{<1><2><3><4}", "", 0, 1, 0), ("{<1<2><3><4>}", "", 0, 1, 0),
    ("{<10><20> lost", "lost", 0, 1, 0), ("{<1><2><p>b</p>{<1><2><3><4>}", "b", 1, 1, 0),
    ("{<1.5><2><3><4>}", ".5><2><3><4>}", 0, 1, 0),
    ("{<50><60><10><20>}", "", 1, 0, 1), ("{<-5><20><50><101>}", "", 1, 0, 1), ("{<-5><0><-1><9>}", "", 0, 1, 0),
    ("{<150><10><150><20>}", "", 0, 1, 0), ("{<100><0><300><50>}", "", 0, 1, 0), ("{<5><5><5><5>}", "", 1, 0, 0),
    ("{<0><0><99999999999999999999999999><100>}", "", 1, 0, 1),
    ("{<0><0><-99999999999999999999999999><9>}", "", 0, 1, 0),
    ("{<007><0><100><100>}", "", 1, 0, 0), ("{<->}", "{<->}", 0, 0, 0), ("a<delim>b</p>c<p>d", "abcd", 0, 0, 0),
    ("<p>a <p>b</p> {<1><2><3><4>}", "a b", 1, 0, 0), ("<p>open {<1><2><3><4>} on", "open on", 1, 0, 0),
    ("<p>x</p> and", "x and", 0, 0, 0), ("a < b <de", "a < b <de", 0, 0, 0), ("<p></p>{<1><2><3><4>}", "", 1, 0, 0),
    ("{<1><2><3><4>}}", "}", 1, 0, 0), ("{{<1><2><3><4>}", "{", 1, 0, 0), ("", "", 0, 0, 0),
  ]) func anything(text: String, plain: String, boxes: Int, skipped: Int, clamped: Int) {
    let answer = parse(text)
    #expect(answer.plainText == plain)
    #expect(answer.phrases.map(\.boxes.count).reduce(0, +) == boxes)
    #expect(answer.skippedBoxes == skipped)
    #expect(answer.clampedBoxes == clamped)
  }

  @Test func unfinishedMarkupIsNotShownYet() {
    let text = "A <p>dog</p> {<1><2><3><4>}<delim>{<5><6><7><8>} runs"
    var shown: [String] = []
    for length in 0...text.utf8.count {
      let beginning = GroundedText(parsing: String(text.prefix(length)), isFinal: false)
      #expect(beginning.skippedBoxes == 0)
      if shown.last != beginning.plainText { shown.append(beginning.plainText) }
    }
    #expect(
      shown == ["", "A", "A ", "A d", "A do", "A dog", "A dog r", "A dog ru", "A dog run", "A dog runs"])
    #expect(GroundedText(parsing: "x {<1><2><3", isFinal: false).plainText == "x ")
    #expect(GroundedText(parsing: "x {<1><2><3", isFinal: true).skippedBoxes == 1)
  }

  @Test func randomMarkupNeverTrapsAndBeginningsAreStable() {
    var generator = SeededGenerator(state: 7)
    let pool = [
      "<p>", "</p>", "{<1><2><3><4>}", "{", "}", "<", ">", "<delim>", "<12>", "<-3>", "<999>", " ", "\n", "dog", "é",
      "日", "{<",
      "7", "-", "<de", "</", "<99999999999999999999>", ".", "\0", "\u{301}",
    ]
    for _ in 0..<4000 {
      let text = (0..<Int.random(in: 0..<14, using: &generator)).map { _ in pool.randomElement(using: &generator) ?? ""
      }
      .joined()
      let whole = parse(text)
      check(whole, text)
      let scalars = text.unicodeScalars
      for end in scalars.indices {
        let beginning = GroundedText(parsing: String(scalars[..<end]), isFinal: false)
        check(beginning, text)
        #expect(Array(whole.plainText.utf8).starts(with: beginning.plainText.utf8), "\(text.debugDescription)")
        #expect(beginning.skippedBoxes <= whole.skippedBoxes)
        #expect(beginning.phrases.count <= whole.phrases.count)
      }
    }
  }

  private func check(_ answer: GroundedText, _ text: String) {
    let plain = Array(answer.plainText.utf8)
    var end = 0
    for phrase in answer.phrases {
      #expect(phrase.range.lowerBound >= end && phrase.range.upperBound <= plain.count, "\(text.debugDescription)")
      end = phrase.range.upperBound
      #expect(Array(plain[phrase.range]) == Array(phrase.text.utf8))
      #expect(!phrase.boxes.isEmpty)
      for box in phrase.boxes {
        #expect(0 <= box.x0 && box.x0 <= box.x1 && box.x1 <= 100 && 0 <= box.y0 && box.y0 <= box.y1 && box.y1 <= 100)
      }
    }
  }

  @Test func longHostileTextsFinish() {
    for unit in ["{<1", "{", "{<", "<p>", "{ ", "<", "{<1>", "<p>a</p> {<1><2><3><4>}", "<delim>", "</p> "] {
      for isFinal in [true, false] {
        _ = GroundedText(parsing: String(repeating: unit, count: 100_000), isFinal: isFinal)
      }
    }
  }
}

/// Boxes.
struct BoundingBoxTests {
  @Test func pixels() {
    let box = BoundingBox(x0: 10, y0: 20, x1: 50, y1: 60)
    #expect(box.markup == "{<10><20><50><60>}")
    let pixels = box.pixels(width: 640, height: 99)
    #expect([pixels.x0, pixels.y0, pixels.x1, pixels.y1] == [64, 20, 320, 59])
    let whole = BoundingBox(x0: 0, y0: 0, x1: 100, y1: 100).pixels(width: .max, height: 1)
    #expect([whole.x0, whole.y0, whole.x1, whole.y1] == [0, 0, .max, 1])
  }

  @Test func cornersAreOrderedAndInRange() {
    #expect(BoundingBox(x0: 50, y0: .max, x1: -3, y1: .min) == BoundingBox(x0: 0, y0: 0, x1: 50, y1: 100))
    let box = BoundingBox(x0: 7, y0: 0, x1: 9, y1: 100)
    #expect(GroundedText(parsing: box.markup, isFinal: true).phrases.first?.boxes == [box])
  }
}
