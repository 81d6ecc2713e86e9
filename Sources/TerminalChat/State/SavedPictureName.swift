import Diagnostics

/// The name under which a picture is written. The encoding is always PNG, and no name says another.
enum SavedPictureName {
  /// The name that was asked for, with `.png` where it says no format; without one a name of the picture's for a file in
  /// the working directory: `bus-boxes.png` for `bus.jpg`, `bus.png` without boxes, with a number where that is taken.
  ///
  /// - Throws: ``InputError`` for a name that says another format.
  static func chosen(
    _ name: String?, picture: String, hasBoxes: Bool, isTaken: (String) -> Bool
  ) throws(InputError) -> String {
    guard let name else { return free(picture, hasBoxes, isTaken) }
    if name.lowercased().hasSuffix(".png") { return name }
    guard !WrittenPath.hasPictureEnding(name) else {
      throw InputError(
        file: name, expected: "a name that ends in .png, since pictures are written as PNG", found: "another ending",
        remedy: "Name it so")
    }
    return name + ".png"
  }

  private static func free(_ picture: String, _ hasBoxes: Bool, _ isTaken: (String) -> Bool) -> String {
    let file = picture.split(separator: "/").last.map(String.init) ?? "picture"
    let stem = (file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file) + (hasBoxes ? "-boxes" : "")
    var name = "\(stem).png"
    var number = 2
    while isTaken(name) {
      name = "\(stem)-\(number).png"
      number += 1
    }
    return name
  }
}
