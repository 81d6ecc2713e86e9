import Diagnostics
import Tensors

/// A `.pth` file as torch.save has written it since 1.6: a zip of a pickle and the raw bytes of its storages.
///
/// The pickle is decoded as data (``PickleValue``); nothing in it is called. Its tensors by name are those of the root
/// dictionary; if that holds a dictionary under `model`, or else under `state_dict`, they are the tensors of that one.
public struct PyTorchArchive: TensorFile {
  /// All that the pickle holds: what stands beside the tensors, such as the epoch or the optimiser's state.
  public let root: PickleValue
  /// The names of all tensors in the order of the file.
  public let tensorNames: [String]
  /// Under which key of the root the named tensors are; nil if they are in the root itself.
  public let section: String?
  let file: MappedFile
  private let archive: ZipArchive
  private let tensors: [String: PickledTensor]

  /// The file, as it was given.
  public var path: String { file.path }

  /// A file up to this size is checked against its checksums when it is opened; of a larger one only the small records.
  static let fullyVerifiedSize = 64 << 20
  static let alwaysVerifiedRecord = 1 << 20

  /// Maps the file, and checks its directory, its pickle and that every tensor lies within its storage.
  ///
  /// Checksums are compared for files of up to 64 MiB, and for records of up to 1 MiB and the pickle in larger ones;
  /// ``verifyChecksums()`` does it for all.
  ///
  /// - Throws: ``InputError`` with field and offset; for a pickle that wants something called, with the global's name.
  public init(path: String) throws(InputError) {
    try self.init(file: MappedFile(path: path))
  }

  init(file: MappedFile) throws(InputError) {
    let archive = try ZipArchive(file: file)
    let pickles = archive.records.filter { Self.isPickle($0.name) }
    guard pickles.count == 1 else {
      throw InputError(
        file: file.path, field: "data.pkl", expected: "one such record",
        found: pickles.isEmpty ? "none" : pickles.map(\.name).joined(separator: ", "))
    }
    for record in archive.records
    where file.bytes.count <= Self.fullyVerifiedSize || record.range.count <= Self.alwaysVerifiedRecord
      || record.name == pickles[0].name
    {
      try ZipArchive.verify(record, in: file)
    }
    let prefix = String(decoding: pickles[0].name.utf8.dropLast("data.pkl".utf8.count), as: UTF8.self)
    if let order = archive[prefix + "byteorder"], !file.bytes[order.range].elementsEqual("little".utf8) {
      throw InputError(
        file: file.path, field: order.name, offset: UInt64(order.range.lowerBound), expected: "little",
        found: String(decoding: file.bytes[order.range].prefix(16), as: UTF8.self),
        remedy: "Load the file in PyTorch on a little-endian machine and save it again.")
    }
    var machine = PickleMachine(file: file, record: pickles[0]) { archive[prefix + "data/" + $0] }
    root = try machine.run()
    (section, tensorNames, tensors) = try Self.named(root, file: file.path)
    try file.checkNotCut()
    self.file = file
    self.archive = archive
  }

  /// Type and shape of a tensor without touching its data.
  public func description(of name: String) -> TensorDescription? {
    tensors[name].map { TensorDescription(name: name, shape: $0.shape, type: $0.type) }
  }

  /// The tensor of that name, mapped where it is aligned and contiguous, a copy otherwise; nil if there is none.
  public func tensor(named name: String) -> Tensor? { tensors[name]?.tensor() }

  /// Throws if the file turned out to be shorter than when it was opened.
  public func checkNotCut() throws(InputError) { try file.checkNotCut() }

  /// Compares every record with its checksum, which reads the whole file.
  public func verifyChecksums() throws(InputError) {
    for record in archive.records { try ZipArchive.verify(record, in: file) }
    try file.checkNotCut()
  }

  /// `data.pkl` itself or in one folder, as torch writes it; deeper ones belong to something else.
  private static func isPickle(_ name: String) -> Bool {
    let parts = name.utf8.split(separator: 0x2f, omittingEmptySubsequences: false)
    return parts.count <= 2 && parts.last?.elementsEqual("data.pkl".utf8) == true
  }

  private static func named(
    _ root: PickleValue, file: String
  ) throws(InputError) -> (section: String?, names: [String], tensors: [String: PickledTensor]) {
    var names: [String] = []
    var tensors: [String: PickledTensor] = [:]
    let section = ["model", "state_dict"].first { root[$0]?.entries != nil }
    guard let entries = (section.flatMap { root[$0] } ?? root).entries else { return (nil, [], [:]) }
    for (key, value) in entries {
      guard let name = key.string, case .tensor(let tensor) = value.content else { continue }
      guard tensors.updateValue(tensor, forKey: name) == nil else {
        throw InputError(file: file, field: name, expected: "tensor names that differ", found: "this name twice")
      }
      names.append(name)
    }
    return (section, names, tensors)
  }
}
