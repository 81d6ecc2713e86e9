import Dialogue

/// Finds places for the labels of boxes where none hides another, as far as there is room.
struct LabelPlaces {
  /// A label, and where it starts.
  struct Placed: Equatable {
    var text: String
    var column, row: Int
    var width: Int
  }

  /// Where the picture is.
  let art: Rectangle
  private var taken: [Placed] = []

  init(art: Rectangle) { self.art = art }

  /// A picture of fewer rows has no room for labels beside boxes.
  private static let leastRows = 12

  /// Places a label at a box: whole on its upper or lower edge, above, below or within it; else cut; else its number
  /// alone. Where all places are taken it goes to the first, over what is there.
  mutating func place(_ phrase: NumberedPhrase, at box: Rectangle) -> Placed? {
    let number = "\(phrase.number)"
    let room = box.columns - 2
    let whole = StyledLine(phrase.label)
    var candidates: [Placed] = []
    func add(_ text: String, _ places: [(column: Int, row: Int)]) {
      let width = DisplayWidth.of(text)
      candidates += places.map { Placed(text: text, column: $0.column, row: $0.row, width: width) }
    }
    let edges = [(box.column + 1, box.row), (box.column + 1, box.row + box.rows - 1)]
    let inside = (box.row + 1..<max(box.row + box.rows - 1, box.row + 1)).map { (box.column + 1, $0) }
    if whole.width <= room { add(phrase.label, edges) }
    if art.rows >= Self.leastRows, !phrase.text.isEmpty {
      let column = max(min(box.column, art.column + art.columns - whole.width), art.column)
      add(phrase.label, [(column, box.row - 1), (column, box.row + box.rows)])
    }
    if whole.width <= room { add(phrase.label, inside) }
    let cut = whole.cut(to: room)
    if cut.width < whole.width, cut.text.hasPrefix(number + " "), cut.width > number.utf8.count + 2 {
      add(cut.text, edges + inside)
    }
    let beside = [(box.column + box.columns, box.row), (box.column - number.utf8.count, box.row)]
    add(number, room >= number.utf8.count ? edges + inside + beside : beside)
    let possible = candidates.filter(fits)
    guard let place = possible.first(where: isFree) ?? possible.first(where: { $0.text == number }) else { return nil }
    taken.append(place)
    return place
  }

  private func fits(_ place: Placed) -> Bool {
    place.row >= art.row && place.row < art.row + art.rows && place.column >= art.column
      && place.column + place.width <= art.column + art.columns
  }

  /// Whether no label is there, nor touches it from the side.
  private func isFree(_ place: Placed) -> Bool {
    !taken.contains {
      $0.row == place.row && $0.column <= place.column + place.width && place.column <= $0.column + $0.width
    }
  }
}
