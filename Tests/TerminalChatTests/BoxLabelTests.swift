import Dialogue
import Testing

@testable import TerminalChat

/// Labels of boxes, the list below the picture, and whose boxes are shown.
@Suite struct BoxLabelTests {
  // MARK: labels

  @Test func labelsOfEqualBoxesAreAllShown() {
    var chat = Harness(columns: 120, rows: 40)
    chat.attach(width: 400, height: 300)
    let box = "{<20><20><70><70>}"
    chat.talk("what?", "<p>a bird</p>\(box)<p>a ball</p>\(box)<p>a banana</p>\(box)<p>a cat</p>{<21><21><70><70>}")
    for label in ["1 a bird", "2 a ball", "3 a banana", "4 a cat"] { #expect(chat.artText.contains(label)) }
  }

  @Test func labelsNeverHideEachOther() throws {
    let art = Rectangle(column: 40, row: 2, columns: 50, rows: 24)
    for seed in 0..<40 {
      var places = LabelPlaces(art: art)
      var placed: [LabelPlaces.Placed] = []
      for number in 1...6 {
        let x0 = seed * 7 * number % 60
        let y0 = seed * 5 * number % 70
        let box = BoundingBox(x0: x0, y0: y0, x1: x0 + 25 + seed, y1: y0 + 30)
        let phrase = NumberedPhrase(number: number, text: "thing \(number)", boxes: [box])
        let place = places.place(phrase, at: BoxDrawing.cells(of: box, in: art))
        placed.append(try #require(place))
      }
      for (index, one) in placed.enumerated() {
        #expect(one.column >= art.column && one.column + one.width <= art.column + art.columns)
        for other in placed[..<index] where other.row == one.row {
          #expect(one.column > other.column + other.width || other.column > one.column + one.width)
        }
      }
    }
  }

  @Test func labelsThatAreTooLongStandAboveTheirBox() {
    var places = LabelPlaces(art: Rectangle(column: 0, row: 0, columns: 40, rows: 20))
    let phrase = NumberedPhrase(number: 2, text: "an orange heart", boxes: [])
    let box = Rectangle(column: 34, row: 5, columns: 6, rows: 4)
    let place = places.place(phrase, at: box)
    #expect(place == .init(text: "2 an orange heart", column: 23, row: 4, width: 17))
    // There is no room for that in a small picture.
    var small = LabelPlaces(art: Rectangle(column: 0, row: 0, columns: 40, rows: 8))
    let number = small.place(phrase, at: box)?.text
    let cut = small.place(phrase, at: Rectangle(column: 0, row: 1, columns: 9, rows: 4))?.text
    #expect(number == "2 a…" && cut == "2 an o…")
  }

  // MARK: the legend

  @Test func legendsSayHowManyAreMissing() {
    let phrases = (1...10).map { NumberedPhrase(number: $0, text: "thing \($0)", boxes: []) }
    let theme = Theme(Capabilities())
    func lines(_ rows: Int) -> [String] { Legend.lines(phrases, theme, width: 30, rows: rows).map(\.text) }
    #expect(lines(10).count == 10 && lines(10)[9] == "[10] thing 10")
    #expect(lines(0).isEmpty)
    for rows in 1...9 {
      let all = lines(rows)
      #expect(all.count <= rows && all.allSatisfy { DisplayWidth.of($0) <= 30 }, "\(all)")
      let shown = (1...10).filter { number in all.contains { $0.contains("[\(number)] thing \(number)") } }.count
      if shown < 10 { #expect(all[all.count - 1].hasSuffix("… \(10 - shown) more"), "\(all)") }
    }
    #expect(lines(1)[0].hasPrefix("[1] thing 1") && lines(5).joined().contains("[10] thing 10"))
  }

  @Test func legendsOfBoxesWithoutAPhraseSaySo() {
    let box = BoundingBox(x0: 0, y0: 0, x1: 9, y1: 9)
    let phrases = [
      NumberedPhrase(number: 1, text: "", boxes: [box]), NumberedPhrase(number: 2, text: "", boxes: [box, box]),
      NumberedPhrase(number: 3, text: "cats", boxes: [box, box]),
    ]
    let lines = Legend.lines(phrases, Theme(Capabilities()), width: 30, rows: 3).map(\.text)
    #expect(lines == ["[1] a box", "[2] 2 boxes", "[3] cats (2 boxes)"])
  }

  // MARK: whose boxes

  private func compared() -> Harness {
    var chat = Harness(columns: 120, rows: 40)
    chat.attach(width: 400, height: 300)
    chat.ask("/compare [refer] it")
    chat.reply("<p>a cat</p>{<0><0><40><40>}")
    chat.reply("<p>a dog</p>{<50><50><90><90>}")
    chat.reply("not there")
    return chat
  }

  @Test func allAnswersOfAComparisonShowTheirBoxes() {
    var chat = compared()
    #expect(chat.artText.contains("1 a dog") && chat.text.contains("boxes of the answer with two:"))
    #expect(chat.text.contains("Alt-Up, or Tab, shows the boxes of the answer above"))
    chat.press("Tab")
    #expect(chat.artText.contains("1 a cat") && !chat.artText.contains("1 a dog"))
    #expect(chat.text.contains("boxes of the answer with one:") && chat.text.contains("Boxes 1 of 2, with one: a cat"))
    chat.ask("/save-picture")
    guard case .savePicture(_, nil, let boxes) = chat.effects.first else { Issue.record("not saved"); return }
    #expect(boxes.map(\.text) == ["a cat"])
    chat.press("M-Down")
    #expect(chat.artText.contains("1 a dog"))
    chat.press("M-Down")
    #expect(chat.artText.contains("1 a cat"))
    chat.talk("and now?", "nothing")
    #expect(!chat.artText.contains("1 a"))
  }

  @Test func tabInALineCompletes() {
    var chat = compared()
    chat.send(.draft(Draft(text: "/im")))
    chat.send(.key(Key("Tab", bytes: [9])))
    #expect(chat.effects == [.edit([9])])
  }

  @Test func steppingScrollsToTheAnswer() {
    var chat = Harness()
    chat.press("Tab")
    #expect(chat.text.contains("No answer about this picture has boxes yet"))
    chat.attach(width: 400, height: 300)
    for number in 0..<30 { chat.talk("q\(number)?", "<p>thing \(number)</p>{<0><0><40><40>}") }
    for number in (0..<29).reversed() {
      chat.press("M-Up")
      #expect(chat.text.contains("thing \(number)[1]") && chat.text.contains("Boxes \(number + 1) of 30"))
    }
    chat.press("End")
    #expect(chat.state.boxesOf == nil && chat.text.contains("thing 29[1]"))
  }
}

extension Harness {
  /// What is drawn where the picture is.
  fileprivate var artText: String {
    guard let art = ChatLayout(state).art else { return "" }
    let cells = cells
    return (art.row..<art.row + art.rows).map { row in
      (art.column..<art.column + art.columns).map { cells[$0, row].text }.joined()
    }.joined(separator: "\n")
  }
}
