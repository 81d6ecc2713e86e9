import ArgumentParser
import Diagnostics
import Foundation
import ModelFiles
import Pictures
import Scenes

/// `tinygptv scenes`: made-up pictures and what is in them, as training data.
struct ScenesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scenes",
    abstract: "Draw pictures of shapes and icons, to train and test with.",
    discussion: """
      Writes DIR/images/000001.png and so on, and DIR/data.jsonl with a line for each: the picture's name, its size, \
      and its objects with kind, colour, edges in pixels and rotation, and a conversation about it. The same options give the same files; pictures \
      of different seeds are different.
      """)

  /// The formats that pictures are written in.
  enum ImageFormat: String, ExpressibleByArgument, CaseIterable { case png, jpg }

  /// The kinds of objects that occur.
  enum Kinds: String, ExpressibleByArgument, CaseIterable {
    case all, shapes, icons

    var kinds: [ObjectKind] {
      switch self {
      case .all: ObjectKind.allCases
      case .shapes: ObjectKind.shapes
      case .icons: ObjectKind.icons
      }
    }
  }

  @Option(help: "How many pictures, up to 999999.")
  var count: Int

  @Option(help: "The same seed gives the same pictures.")
  var seed: UInt64 = 1

  @Option(name: [.short, .long], help: ArgumentHelp("The directory to write to.", valueName: "directory"))
  var output: String

  @Option(help: ArgumentHelp("Objects in a picture, such as 3 or 1-6.", valueName: "range"))
  var objects = "1-6"

  @Option(help: ArgumentHelp("The pictures' sides in pixels, such as 224 or 64-1024.", valueName: "range"))
  var size = "64-1024"

  @Option(help: "What the objects are: all, shapes or icons.")
  var kinds = Kinds.all

  @Option(help: ArgumentHelp("Questions and answers about each picture; 0 for none.", valueName: "count"))
  var turns = 8

  @Option(help: "How answers are worded: plain, sentences or spanish.")
  var style = TalkStyle.plain

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "What the questions are about: \(TalkAspect.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "aspect"))
  var aspects: [TalkAspect] = []

  @Flag(help: "One colour behind the objects, and neither blur nor noise nor JPEG artefacts.")
  var plain = false

  @Option(help: "png or jpg.")
  var format = ImageFormat.png

  @Flag(help: "Write even if the directory is not empty; files of the same names are replaced.")
  var force = false

  func validate() throws {
    guard (1...999_999).contains(count) else {
      throw ValidationError("--count: expected 1 to 999999, found \(count).")
    }
    do { try look().check(file: "command line") } catch let error as InputError { throw ValidationError("\(error)") }
  }

  private func look() throws -> SceneStyle {
    var style = SceneStyle()
    style.objectCount = try range(objects, "--objects")
    style.sidePixels = try range(size, "--size")
    style.kinds = kinds.kinds
    style.hasTexturedBackgrounds = !plain
    style.hasDegradations = !plain
    return style
  }

  private func range(_ text: String, _ option: String) throws -> ClosedRange<Int> {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last else {
      throw ValidationError("\(option): expected a number or a range such as 1-6, found \(text).")
    }
    return first...last
  }

  func run() throws {
    let look = try look()
    try Scene.loadIcons()
    try prepareDirectory()
    StopSignal.install()
    let records = try AtomicFileWriter(path: "\(output)/data.jsonl")
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var bar = ProgressBar(label: "drawing", unit: "pictures")
    var done = 0
    while done < count && !StopSignal.wasSent {
      let scene = Scene(seed: Scene.seed(ofScene: done, inSet: seed), style: look)
      let digits = String(done + 1)
      let number = String(repeating: "0", count: 6 - digits.count) + digits
      let name = "images/\(number).\(format.rawValue)"
      try write(scene.picture(style: look), to: "\(output)/\(name)")
      let talk = SceneTalk(
        scene: scene, style: self.style, seed: scene.seed, aspects: aspects.isEmpty ? nil : Set(aspects))
      let record = SceneRecord(
        image: name, width: scene.width, height: scene.height, objects: scene.objects,
        conversation: talk.turns(count: turns).map {
          .init(
            instruction: $0.instruction, answer: $0.answer, aspect: $0.aspect,
            follows: $0.followsPrevious ? true : nil)
        })
      try records.append(Array(encoder.encode(record)) + [0x0a])
      done += 1
      bar.update(done, of: count)
    }
    bar.finish()
    // What was drawn until a stop is a whole, if smaller, set.
    try records.finish()
    if done < count {
      note("stopped after \(done) of \(count) pictures")
      throw ExitCode(StopSignal.exitStatus)
    }
    note("wrote \(count) pictures and data.jsonl to \(output)")
  }

  private func prepareDirectory() throws {
    let files = FileManager.default
    if !force, let present = try? files.contentsOfDirectory(atPath: output), !present.isEmpty {
      throw InputError(
        file: output, expected: "an empty directory or none", found: "\(present.count) entries",
        remedy: "Add --force to write into it all the same.")
    }
    do {
      try files.createDirectory(atPath: "\(output)/images", withIntermediateDirectories: true)
    } catch {
      throw InputError(file: output, expected: "a directory that can be made", found: error.localizedDescription)
    }
  }

  private func write(_ picture: Picture, to path: String) throws(InputError) {
    let bytes =
      switch format {
      case .png: try picture.encodedPNG(name: path)
      case .jpg: try picture.encodedJPEG(quality: 92, name: path)
      }
    let writer = try AtomicFileWriter(path: path)
    try writer.append(bytes)
    try writer.finish()
  }
}

/// A line of data.jsonl.
private struct SceneRecord: Encodable {
  let image: String
  let width: Int
  let height: Int
  let objects: [SceneObject]
  let conversation: [Turn]

  struct Turn: Encodable {
    let instruction: String
    let answer: String
    let aspect: TalkAspect
    /// Whether it makes sense only behind the turn before it.
    let follows: Bool?
  }
}

extension TalkStyle: ExpressibleByArgument {}
extension TalkAspect: ExpressibleByArgument {}
