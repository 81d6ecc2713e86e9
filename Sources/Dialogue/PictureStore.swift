import Diagnostics
import Foundation
import ModelFiles
import Tensors
import TinyGPTV

/// Pictures' ways through the vision tower in a folder, so that a picture seen in an earlier run is not encoded again.
///
/// An entry says which picture, which weights and which sizes it belongs to, and has a checksum: what does not fit is
/// not there. At upstream's sizes it takes 98 kB. It is a cache: what cannot be written is not kept, and nobody is told.
struct PictureStore {
  /// How many pictures are kept.
  static let limit = 500

  private let folder: URL
  private let model: String
  private let shape: [Int]

  /// - Parameters:
  ///   - folder: need not be there.
  ///   - model: whose towers; nil for a store if it has none.
  init?(folder: String, model: TinyGPTVModel) {
    guard let vision = model.configuration.vision else { return nil }
    self.folder = URL(fileURLWithPath: folder, isDirectory: true)
    self.model = "\(model.towerFingerprint) \(vision.imageSize)"
    shape = [vision.qFormer.queries, vision.qFormer.width]
  }

  /// What is kept of a picture.
  func queries(_ picture: String) -> Tensor? {
    guard let file = try? Data(contentsOf: path(picture)) else { return nil }
    let (head, size) = (head(picture), shape[0] * shape[1] * 4)
    guard file.count > head.count + size, file.starts(with: head) else { return nil }
    let body = [UInt8](file[head.count..<head.count + size])
    guard file[(head.count + size)...].elementsEqual(Self.checksum(body)) else { return nil }
    let tensor = Tensor(uninitialized: shape)
    tensor.address.copyMemory(from: body, byteCount: size)
    return tensor
  }

  /// Keeps what became of a picture, and of all the others the latest.
  func keep(_ picture: String, _ queries: Tensor) {
    guard queries.shape == shape, queries.type == .f32, queries.isFinite else { return }
    try? FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let body = [UInt8](queries.bytes)
    guard let writer = try? AtomicFileWriter(path: path(picture).path) else { return }
    do {
      try writer.append([UInt8](head(picture)) + body + Self.checksum(body))
      try writer.finish()
    } catch { return }
    removeOldest()
  }

  private func removeOldest() {
    let key = URLResourceKey.contentModificationDateKey
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: [key])) ?? []
    let entries = files.filter { $0.pathExtension == Self.suffix }
    guard entries.count > Self.limit else { return }
    let dated = entries.map { ($0, (try? $0.resourceValues(forKeys: [key]))?.contentModificationDate ?? .distantPast) }
    for (file, _) in dated.sorted(by: { $0.1 < $1.1 }).prefix(entries.count - Self.limit) {
      try? FileManager.default.removeItem(at: file)
    }
  }

  private static let suffix = "vectors"

  private func head(_ picture: String) -> Data {
    Data("tinygptv picture 3 \(Tensor.attentionRounds)\n\(picture) \(model) \(shape[0])x\(shape[1])\n".utf8)
  }

  private func path(_ picture: String) -> URL {
    folder.appendingPathComponent(PictureFingerprint(of: [UInt8](head(picture))).description + "." + Self.suffix)
  }

  private static func checksum(_ bytes: [UInt8]) -> [UInt8] { Array(PictureFingerprint(of: bytes).description.utf8) }
}

extension TinyGPTVModel {
  /// Tells the towers' weights apart: names, types and shapes of all their tensors, and some of the bytes of each.
  ///
  /// Training changes all of a tensor, so some of its bytes tell; reading every one would take seconds.
  fileprivate var towerFingerprint: String {
    var bytes: [UInt8] = []
    for (name, parameter) in parameters.sorted(by: { $0.key < $1.key })
    where name.hasPrefix("v.") || name.hasPrefix("qf.") {
      let stored = parameter.base.bytes
      bytes += "\(name) \(parameter.base.type) \(parameter.base.shape)\n".utf8
      for piece in 0..<4 {
        let start = stored.count / 4 * piece
        bytes += stored[start..<min(start + 256, stored.count)]
      }
    }
    return PictureFingerprint(of: bytes).description
  }
}
