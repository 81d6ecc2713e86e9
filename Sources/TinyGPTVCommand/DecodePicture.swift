import ArgumentParser
import Diagnostics
import Foundation
import Pictures

/// `tinygptv picture`: how a file is decoded, and what the model sees of it.
struct DecodePicture: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "picture",
    abstract: "See a picture as the model sees it.",
    discussion: """
      Prints width, height, format and the EXIF orientation, if one was applied. With --size the picture is squeezed to \
      a square of so many pixels, as for the model; with --output the result is written as PNG.
      """)

  @Argument(help: "A PNG, JPEG, WebP, GIF, BMP or TIFF file, or - for standard input.")
  var file: String

  @Option(help: ArgumentHelp("Resize to a square of this many pixels a side, 1 to 4096.", valueName: "pixels"))
  var size: Int?

  @Option(help: ArgumentHelp("Where to write the result, as PNG.", valueName: "file"))
  var output: String?

  func validate() throws {
    if let size, !(1...4096).contains(size) { throw ValidationError("--size: expected 1 to 4096, found \(size).") }
  }

  func run() throws {
    let picture = try readPicture(file)
    let turned = picture.orientation == 1 ? "" : " EXIF orientation \(picture.orientation)"
    print("\(picture.width)x\(picture.height) \(picture.format?.rawValue ?? "")\(turned)")
    if let output {
      try (size.map { picture.resized(width: $0, height: $0) } ?? picture).writePNG(to: output)
    }
  }
}
