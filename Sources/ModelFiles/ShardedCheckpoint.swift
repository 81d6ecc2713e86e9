import Diagnostics
import Tensors

/// A checkpoint's directory: one file of weights, or an index and its shards, as Hugging Face's libraries write them.
public struct ShardedCheckpoint: TensorFile {
  /// The directory, as it was given.
  public let path: String
  /// The names of all tensors in the order of the file.
  public let tensorNames: [String]
  /// The files that the tensors are in, in the order of their names.
  public let shards: [any TensorFile]
  private let shardOfTensor: [String: Int]

  /// What is looked for in a directory, in this order: whole models, then adapters.
  public static let standardNames = [
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
    "adapter_model.safetensors", "adapter_model.bin",
  ]

  /// Opens the first of `names` that is there, and with an index all of its shards.
  ///
  /// - Throws: ``InputError`` if none is there (it lists what was looked for), a shard is missing or damaged, lacks a
  ///   tensor that the index promises, or lies outside the directory.
  public init(directory: String, names: [String] = standardNames) throws(InputError) {
    path = directory
    guard let name = names.first(where: { exists(join(directory, $0)) }) else {
      throw InputError(
        file: directory, expected: "one of \(names.joined(separator: ", "))",
        found: isDirectory(directory) ? "none of them" : "no directory")
    }
    guard name.hasSuffix(".index.json") else {
      let file = try TensorFiles.open(path: join(directory, name))
      shards = [file]
      tensorNames = file.tensorNames
      shardOfTensor = Dictionary(file.tensorNames.map { ($0, 0) }, uniquingKeysWith: { first, _ in first })
      return
    }
    let indexPath = join(directory, name)
    let map = try Self.weightMap(indexPath)
    let shardNames = Set(map.values).sorted()
    var shards: [any TensorFile] = []
    var order: [String] = []
    var shardOfTensor: [String: Int] = [:]
    for (position, shardName) in shardNames.enumerated() {
      guard exists(join(directory, shardName)) else {
        throw InputError(
          file: indexPath, field: "weight_map", expected: "the shard \(shardName) beside the index",
          found: "no such file", remedy: "Download the missing shard.")
      }
      let shard = try TensorFiles.open(path: join(directory, shardName))
      for tensor in shard.tensorNames where map[tensor] == shardName {
        order.append(tensor)
        shardOfTensor[tensor] = position
      }
      shards.append(shard)
    }
    if let missing = map.keys.filter({ shardOfTensor[$0] == nil }).min() {
      throw InputError(
        file: indexPath, field: "weight_map.\(missing)", expected: "this tensor in \(map[missing] ?? "")",
        found: "none of that name there")
    }
    self.shards = shards
    self.tensorNames = order
    self.shardOfTensor = shardOfTensor
  }

  /// Type and shape of a tensor without touching its data.
  public func description(of name: String) -> TensorDescription? {
    shardOfTensor[name].flatMap { shards[$0].description(of: name) }
  }

  /// The tensor of that name, mapped where it is aligned and contiguous, a copy otherwise; nil if there is none.
  public func tensor(named name: String) -> Tensor? {
    shardOfTensor[name].flatMap { shards[$0].tensor(named: name) }
  }

  /// Throws if the file turned out to be shorter than when it was opened.
  public func checkNotCut() throws(InputError) {
    for shard in shards { try shard.checkNotCut() }
  }

  /// The index's map from tensors to files, which must be plain names: an index is as untrusted as the rest.
  private static func weightMap(_ path: String) throws(InputError) -> [String: String] {
    let members = try JSONValue.read(path: path).object("weight_map", file: path).object ?? JSONObject([])
    var map: [String: String] = [:]
    for member in members {
      let field = "weight_map.\(member.key)"
      guard let shard = member.value.string else {
        throw InputError(file: path, field: field, expected: "a file's name", found: member.value.kind)
      }
      guard !shard.isEmpty, shard != ".", shard != "..", !shard.utf8.contains(where: { $0 == 0x2f || $0 == 0 }) else {
        throw InputError(
          file: path, field: field, expected: "the name of a file beside the index", found: member.value.kind)
      }
      map[member.key] = shard
    }
    guard !map.isEmpty else {
      throw InputError(file: path, field: "weight_map", expected: "at least one tensor", found: "none")
    }
    return map
  }
}
