import Diagnostics
import Tensors

/// What a file is by its first bytes: what we read, and what people take for it.
enum FileKind: CaseIterable {
  case gguf, zip, legacyPyTorch, tar, sevenZip, gzip, html, gitLFSPointer

  init?(_ bytes: UnsafeRawBufferPointer) {
    guard let kind = Self.allCases.first(where: { $0.matches(bytes) }) else { return nil }
    self = kind
  }

  private func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
    func starts(_ prefix: [UInt8], at offset: Int = 0) -> Bool {
      bytes.count >= offset + prefix.count && bytes[offset..<offset + prefix.count].elementsEqual(prefix)
    }
    switch self {
    case .gguf: return starts(GGUF.magic)
    case .zip: return starts(Array("PK\u{3}\u{4}".utf8)) || starts(Array("PK\u{5}\u{6}".utf8))
    // A pickle of protocol 2 whose first value is torch's magic number 0x1950a86a20f9469cfc6c.
    case .legacyPyTorch:
      return starts([0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19])
    case .tar: return starts(Array("ustar".utf8), at: 257)
    case .sevenZip: return starts([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c])
    case .gzip: return starts([0x1f, 0x8b])
    case .html:
      let text = bytes.prefix(256).drop { [0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf].contains($0) }
      let lowercase = text.prefix(14).map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
      return ["<!doctype html", "<html", "<head"].contains { lowercase.starts(with: Array($0.utf8)) }
    case .gitLFSPointer: return starts(Array("version https://git-lfs".utf8))
    }
  }

  /// In words, for errors.
  var name: String {
    switch self {
    case .gguf: "a GGUF file"
    case .zip: "a zip archive"
    case .legacyPyTorch: "a PyTorch file of the format before 1.6"
    case .tar: "a tar archive"
    case .sevenZip: "a 7z archive"
    case .gzip: "a gzip file"
    case .html: "a web page"
    case .gitLFSPointer: "a git-LFS pointer"
    }
  }

  /// What the user can do to get a file that can be read.
  var remedy: String? {
    switch self {
    case .gguf, .zip: nil
    case .legacyPyTorch: "Load it in PyTorch with weights_only=True and save it again."
    case .tar, .sevenZip, .gzip: "Unpack it first and give the file inside."
    case .html: "The download gave a page instead of the file: get it again by its direct link."
    case .gitLFSPointer: "Only the pointer was downloaded: run `git lfs pull`, or get the file by its direct link."
    }
  }

  static func describe(_ bytes: UnsafeRawBufferPointer) -> String? { FileKind(bytes)?.name }
  static func remedy(_ bytes: UnsafeRawBufferPointer) -> String? { FileKind(bytes)?.remedy }
}

/// Opens tensor files without being told what they are.
public enum TensorFiles {
  /// Opens a GGUF, safetensors or PyTorch file by its content, or a checkpoint's directory.
  ///
  /// - Throws: ``InputError``, with a hint where the file is something known that is no tensor file.
  public static func open(path: String) throws(InputError) -> any TensorFile {
    if isDirectory(path) { return try ShardedCheckpoint(directory: path) }
    let file = try MappedFile(path: path)
    switch FileKind(file.bytes) {
    case .gguf: return try GGUFFile(file: file)
    case .zip: return try PyTorchArchive(file: file)
    default: break
    }
    // The content is nothing we know. The name says which reader can explain what is wrong with it.
    for (suffix, isThis) in [(".gguf", 0), (".pth", 1), (".pt", 1), (".bin", 1), (".safetensors", 2)]
    where path.lowercased().hasSuffix(suffix) {
      switch isThis {
      case 0: return try GGUFFile(file: file)
      case 1: return try PyTorchArchive(file: file)
      default: return try SafetensorsFile(file: file)
      }
    }
    if SafetensorsFile.mayBe(file.bytes) { return try SafetensorsFile(file: file) }
    throw InputError(
      file: path, expected: "a GGUF, safetensors or PyTorch file",
      found: FileKind.describe(file.bytes) ?? "something else", remedy: FileKind.remedy(file.bytes))
  }
}
