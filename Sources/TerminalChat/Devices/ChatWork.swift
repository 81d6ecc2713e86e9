import Diagnostics
import Dialogue
import Foundation
import Pictures

/// What screen and line chat have in common: the engine's work in tasks of their own, pictures, files.
final class ChatWork {
  let engine: any ChatEngine
  let mailbox: Mailbox
  private var answers: [Int: (task: Task<Void, Never>, request: ChatRequest)] = [:]
  private var preparation: Task<Void, Never>?
  private var reading: Task<Void, Never>?
  /// Pictures as they are read, for the screen.
  private let pictures = PictureBox()

  init(engine: any ChatEngine, mailbox: Mailbox) {
    self.engine = engine
    self.mailbox = mailbox
  }

  /// Opens the engine.
  func open() {
    let (engine, mailbox) = (engine, mailbox)
    Task.detached {
      for await event in engine.open() { mailbox.post { .open(event) } }
    }
  }

  /// Lets the engine answer.
  func ask(_ id: Int, _ request: ChatRequest) {
    let (engine, mailbox) = (engine, mailbox)
    var request = request
    request.picture = request.picture.map(Archive.absolute)
    let asked = request
    let task = Task.detached {
      for await event in engine.answer(asked) { mailbox.post { .answer(id: id, event) } }
      mailbox.post { .answerEnded(id: id) }
    }
    // One is answered at a time; what was not kept is forgotten.
    answers = [id: (task, request)]
  }

  /// Stops reading an answer, which stops it.
  func stop(_ id: Int) { answers[id]?.task.cancel() }

  /// What was asked, to be kept with its answer; it is asked for once.
  func takeRequest(_ id: Int) -> ChatRequest? { answers.removeValue(forKey: id)?.request }

  /// Reads a picture for the screen, and lets the engine work on it where it is open.
  func attach(_ path: String, adapter: String?, isOpen: Bool) {
    let absolute = Archive.absolute(path)
    let (mailbox, pictures) = (mailbox, pictures)
    reading?.cancel()
    reading = Task.detached {
      let result: Result<PictureFacts, ChatFailure>
      do throws(InputError) {
        let bytes = try Picture.readFile(absolute)
        let picture = try Picture(encoded: bytes, name: path)
        guard pictures.set(path, PicturePainter.reduced(picture)) else { return }
        result = .success(
          PictureFacts(
            width: picture.width, height: picture.height, hash: PictureFingerprint(of: bytes).description))
      } catch {
        // As the user wrote it.
        var error = error
        if error.file == absolute { error.file = path }
        result = .failure(ChatFailure(.picture, error))
        guard !Task.isCancelled else { return }
      }
      mailbox.post { .picture(path: path, result) }
    }
    preparation?.cancel()
    if isOpen { prepare(path, adapter: adapter) }
  }

  /// Does nothing more about a picture.
  func detach() {
    reading?.cancel()
    preparation?.cancel()
  }

  /// Lets the engine work on a picture.
  func prepare(_ path: String, adapter: String?) {
    let (engine, mailbox, absolute) = (engine, mailbox, Archive.absolute(path))
    preparation?.cancel()
    preparation = Task.detached {
      for await event in engine.prepare(picture: absolute, adapter: adapter) {
        mailbox.post { .preparation(path: path, event) }
      }
    }
  }

  /// A picture that was read, smaller where it has more pixels than a terminal shows.
  func picture(_ path: String) -> Picture? { pictures.get(path) }

  /// Writes a picture with its boxes, in a task of its own.
  ///
  /// - Parameter name: see ``SavedPictureName``.
  func savePicture(_ path: String, to name: String?, boxes: [NumberedPhrase]) {
    let mailbox = mailbox
    let path = Archive.absolute(path)
    Task.detached {
      do throws(InputError) {
        let target = try SavedPictureName.chosen(name, picture: path, hasBoxes: !boxes.isEmpty) {
          FileManager.default.fileExists(atPath: Archive.absolute($0))
        }
        let absolute = Archive.absolute(target)
        guard !FileManager.default.fileExists(atPath: absolute) else {
          throw InputError(
            file: target, expected: "a name that is not taken", found: "a file", remedy: "Name another one.")
        }
        try AnnotatedPicture(Picture(contentsOf: path), boxes).picture.writePNG(to: absolute)
        let count = boxes.reduce(0) { $0 + $1.boxes.count }
        let what = "\(Archive.spoken(target)) with \(count) \(count == 1 ? "box" : "boxes")"
        mailbox.post { .saved(.success("Wrote \(what).")) }
      } catch {
        mailbox.post { .saved(.failure(ChatFailure(.picture, error))) }
      }
    }
  }

  /// What a folder holds, for completion; folders end in a slash.
  static func list(_ folder: String) -> [String] {
    let path = folder.isEmpty ? "." : Archive.expandingHome(folder)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.map { name in
      var isFolder: ObjCBool = false
      let isThere = FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isFolder)
      return isThere && isFolder.boolValue ? name + "/" : name
    }
  }
}
