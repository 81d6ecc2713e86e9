import Diagnostics
import Tensors

/// A GGUF file (versions 2 and 3, little-endian): typed metadata and mapped tensors.
///
/// The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Shapes are given outermost dimension first, the
/// reverse of the file's `ne`.
public struct GGUFFile: TensorFile {
  /// The format's version.
  public let version: UInt32
  /// Keys and values.
  public let metadata: GGUFMetadata
  let file: MappedFile
  private let table: TensorTable

  /// The file, as it was given.
  public var path: String { file.path }
  /// The names of all tensors in the order of the file.
  public var tensorNames: [String] { table.names }

  /// Maps the file and checks all of its header; the tensors' data is not read.
  ///
  /// - Throws: ``InputError`` with field and offset for anything that is not as the format says.
  public init(path: String) throws(InputError) {
    try self.init(file: MappedFile(path: path))
  }

  init(file: MappedFile) throws(InputError) {
    var reader = GGUFReader(file)
    let header = try reader.header()
    let metadata = try reader.metadata(count: header.metadataCount)
    let alignment = try reader.alignment(metadata)
    table = try reader.tensors(count: header.tensorCount, alignment: alignment)
    try file.checkNotCut()
    version = header.version
    self.metadata = metadata
    self.file = file
  }

  /// Type and shape of a tensor without touching its data.
  public func description(of name: String) -> TensorDescription? { table[name]?.description }

  /// The tensor of that name, mapped where it is aligned and contiguous, a copy otherwise; nil if there is none.
  public func tensor(named name: String) -> Tensor? { table.tensor(named: name, in: file) }

  /// Throws if the file turned out to be shorter than when it was opened.
  public func checkNotCut() throws(InputError) { try file.checkNotCut() }
}

/// The limits of the format and of this reader.
enum GGUF {
  static let magic: [UInt8] = Array("GGUF".utf8)
  static let versions: ClosedRange<UInt32> = 2...3
  static let defaultAlignment = 32
  /// Names are at most 63 bytes long, since ggml keeps them in 64.
  static let maximumNameLength: UInt64 = 63
  static let maximumKeyLength: UInt64 = 65535
  static let maximumDimensions: UInt32 = 4
  static let alignments = 8...(1 << 20)
  /// Far above what models have; keeps the tables of a hostile file small.
  static let maximumCount: UInt64 = 1 << 16
  static let maximumStrings: UInt64 = 1 << 20

  /// Names of tensor types that ggml has and this package has not.
  static let otherTypes: [UInt32: String] = [
    3: "q4_1", 6: "q5_0", 7: "q5_1", 9: "q8_1", 10: "q2_k", 11: "q3_k", 13: "q5_k", 15: "q8_k", 16: "iq2_xxs",
    17: "iq2_xs", 18: "iq3_xxs", 19: "iq1_s", 20: "iq4_nl", 21: "iq3_s", 22: "iq2_s", 23: "iq4_xs", 29: "iq1_m",
    34: "tq1_0", 35: "tq2_0", 39: "mxfp4",
  ]
}
