import CSystem
import Diagnostics
import ModelFiles
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// A state of training that a run can continue from.
public struct Checkpoint: Sendable {
  /// The folder that it was read from.
  public let path: String
  /// How many steps were done.
  public let step: Int
  /// Parameters, the optimiser's moments and whatever else was saved, in memory of their own.
  public let tensors: [String: Tensor]
  /// What is no tensor, as it was saved.
  public let state: [UInt8]
}

/// The checkpoints of a run: folders `step-000123` that are there whole or not at all.
///
/// A folder is filled under a temporary name, brought to the disk and renamed. Its manifest holds the size and the digest
/// of each file, which are verified when it is read; so a process or a machine that stops at any moment leaves the
/// checkpoints before intact, and a damaged one is noticed.
public struct CheckpointStore: Sendable {
  /// Where the folders are.
  public let directory: String
  /// How many of the newest checkpoints are kept; at least 1.
  public let keep: Int

  private static let tensorsName = "tensors.safetensors"
  private static let stateName = "state.json"
  private static let manifestName = "manifest.json"
  private static let temporarySuffix = ".tmp"

  /// Names a directory; it is made when the first checkpoint is saved.
  public init(directory: String, keep: Int = 2) {
    precondition(keep >= 1, "a run that keeps no checkpoint cannot continue")
    self.directory = directory
    self.keep = keep
  }

  // MARK: Saving

  /// Saves a checkpoint, then removes those beyond the number to keep. One of the same step is replaced.
  ///
  /// - Parameters:
  ///   - step: how many steps were done.
  ///   - tensors: by name; names must differ and types be plain ones.
  ///   - state: JSON text.
  /// - Returns: the folder.
  /// - Throws: ``InputError`` if something cannot be written, for instance since the disk is full. The checkpoints before
  ///   are then still there, and no half one is.
  @discardableResult
  public func save(step: Int, tensors: [(String, Tensor)], state: [UInt8]) throws(InputError) -> String {
    precondition(step >= 0, "steps count from 0")
    try makeDirectory(directory)
    removeLeftovers()
    let target = join(directory, Self.name(of: step))
    let temporary = join(directory, ".\(Self.name(of: step)).\(getpid())\(Self.temporarySuffix)")
    do throws(InputError) {
      try makeDirectory(temporary)
      try Self.fill(temporary, step: step, tensors: tensors, state: state)
      try Self.replace(target, with: temporary)
      try Self.synchronize(directory)
    } catch {
      Self.removeFolder(temporary)
      throw error
    }
    Self.removeFolder(temporary)
    for old in steps().dropLast(keep) { remove(step: old) }
    return target
  }

  private static func fill(
    _ folder: String, step: Int, tensors: [(String, Tensor)], state: [UInt8]
  ) throws(InputError) {
    let descriptions = tensors.map { TensorDescription(name: $0.0, shape: $0.1.shape, type: $0.1.type) }
    let writer = try SafetensorsWriter(path: join(folder, tensorsName), tensors: descriptions)
    for (_, tensor) in tensors { try writer.append(tensor.bytes) }
    try writer.finish()
    try AtomicFileWriter.write(state, to: join(folder, stateName))
    var files: [JSONObject.Member] = []
    for name in [tensorsName, stateName] {
      let file = try MappedFile(path: join(folder, name))
      let entry = JSONObject([
        .init(key: "bytes", value: .integer(file.bytes.count)),
        .init(key: "digest", value: .string(digest(of: file, name: name, step: step))),
      ])
      files.append(.init(key: name, value: .object(entry)))
    }
    let manifest = JSONValue.object(
      JSONObject([
        .init(key: "version", value: .integer(1)), .init(key: "step", value: .integer(step)),
        .init(key: "files", value: .object(JSONObject(files))),
      ]))
    try AtomicFileWriter.write(Array((manifest.indentedText + "\n").utf8), to: join(folder, manifestName))
    try synchronize(folder)
  }

  /// Gives the folder `source` the name `target`. If there is one already, they swap names.
  private static func replace(_ target: String, with source: String) throws(InputError) {
    if rename(source, target) == 0 { return }
    if csystem_exchange_names(source, target) { return }
    // A file system that cannot swap: for a moment there is none of this name, but both are whole.
    let aside = source + ".old" + temporarySuffix
    guard rename(target, aside) == 0, rename(source, target) == 0 else {
      let reason = String(cString: strerror(errno))
      rename(aside, target)
      throw InputError(file: target, expected: "to name the checkpoint", found: reason)
    }
    removeFolder(aside)
  }

  private static func synchronize(_ folder: String) throws(InputError) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw InputError(file: folder, expected: "a directory", found: String(cString: strerror(errno)))
    }
    // A file system that cannot bring names to the disk is no reason to fail.
    fsync(descriptor)
    close(descriptor)
  }

  // MARK: Reading

  /// The steps that there are checkpoints of, ascending; not verified.
  public func steps() -> [Int] { entries().compactMap(Self.step(of:)).sorted() }

  /// Reads the newest checkpoint that is whole.
  ///
  /// - Returns: the checkpoint, or nil if there is none; and what is wrong with newer ones that were passed over.
  public func loadLatest() -> (checkpoint: Checkpoint?, skipped: [InputError]) {
    var skipped: [InputError] = []
    for step in steps().reversed() {
      do throws(InputError) {
        return (try Self.load(path: join(directory, Self.name(of: step))), skipped)
      } catch {
        skipped.append(error)
      }
    }
    return (nil, skipped)
  }

  /// Reads the checkpoint in a folder, and verifies all of it.
  ///
  /// - Throws: ``InputError`` if a file is missing, damaged, or not the one that the manifest tells of.
  public static func load(path: String) throws(InputError) -> Checkpoint {
    let manifestPath = join(path, manifestName)
    let manifest = try JSONValue.read(path: manifestPath)
    _ = try manifest.integer("version", in: 1...1, file: manifestPath)
    let step = try manifest.integer("step", in: 0...Int.max, file: manifestPath)
    let files = try manifest.object("files", file: manifestPath)
    let tensorsPath = join(path, tensorsName)
    try verify(tensorsName, in: path, step: step, files.object(tensorsName, file: manifestPath))
    let file = try SafetensorsFile(path: tensorsPath)
    var tensors: [String: Tensor] = [:]
    for name in file.tensorNames {
      guard let mapped = file.tensor(named: name) else { continue }
      let copy = Tensor(uninitialized: mapped.shape, type: mapped.type)
      copy.address.copyMemory(from: mapped.address, byteCount: mapped.byteCount)
      tensors[name] = copy
    }
    try file.checkNotCut()
    let state = try verify(stateName, in: path, step: step, files.object(stateName, file: manifestPath))
    return Checkpoint(path: path, step: step, tensors: tensors, state: Array(state.bytes))
  }

  @discardableResult
  private static func verify(
    _ name: String, in folder: String, step: Int, _ entry: JSONValue
  ) throws(InputError) -> MappedFile {
    let manifest = join(folder, manifestName)
    let size = try entry.integer("bytes", in: 0...Int.max, file: manifest)
    let expected = try entry.string("digest", file: manifest)
    let file = try MappedFile(path: join(folder, name))
    let remedy = "The checkpoint is damaged: continue from an earlier one."
    guard file.bytes.count == size else {
      throw InputError(file: file.path, expected: "\(size) bytes", found: "\(file.bytes.count)", remedy: remedy)
    }
    let found = digest(of: file, name: name, step: step)
    guard found == expected else {
      throw InputError(
        file: file.path, expected: "what was saved at step \(step) (digest \(expected))",
        found: "something else (\(found))",
        remedy: remedy)
    }
    try file.checkNotCut()
    return file
  }

  /// The digest of a file, which is that of its step too: otherwise the manifest's step could be damaged unnoticed.
  private static func digest(of file: MappedFile, name: String, step: Int) -> String {
    var hasher = ContentHasher()
    hasher.appendField("\(name) of step \(step)".utf8)
    hasher.append(file.bytes)
    return "\(hasher.digest)"
  }

  // MARK: Removing

  /// Removes the checkpoints of all steps after `step`, for a run that continues from there: they belong to a past that
  /// this run leaves.
  public func remove(afterStep step: Int) {
    for later in steps() where later > step { remove(step: later) }
  }

  private func remove(step: Int) {
    // First another name, so that a process killed meanwhile leaves no half checkpoint.
    let hidden = join(directory, ".\(Self.name(of: step)).\(getpid()).old\(Self.temporarySuffix)")
    guard rename(join(directory, Self.name(of: step)), hidden) == 0 else { return }
    Self.removeFolder(hidden)
  }

  /// Removes what processes left that were killed while they saved.
  private func removeLeftovers() {
    for name in entries() where name.hasPrefix(".step-") && name.hasSuffix(Self.temporarySuffix) {
      Self.removeFolder(join(directory, name))
    }
  }

  /// Removes a folder of files; one that is not there is none to remove.
  private static func removeFolder(_ path: String) {
    for name in namesInDirectory(path) { unlink(join(path, name)) }
    rmdir(path)
  }

  private func entries() -> [String] { namesInDirectory(directory) }

  /// `step-000123`.
  private static func name(of step: Int) -> String {
    let digits = String(step)
    return "step-" + String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
  }

  private static func step(of name: String) -> Int? {
    guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)), step >= 0, Self.name(of: step) == name else {
      return nil
    }
    return step
  }
}

/// What is in a directory, sorted; nothing if it cannot be read.
func namesInDirectory(_ path: String) -> [String] {
  guard let directory = opendir(path) else { return [] }
  defer { closedir(directory) }
  var names: [String] = []
  while let entry = readdir(directory) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}
