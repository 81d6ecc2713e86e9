import Foundation
import TestSupport
import Tokenization

/// Text from the places where tokenizers go wrong: white space of all kinds, marks, emoji, controls, any scalar at all.
func randomText(_ generator: inout SeededGenerator) -> String {
  let pool: [Unicode.Scalar] = [
    " ", " ", "\t", "\n", "\r", "'", "s", "e", "1", "!", "\0", "\u{1c}", "\u{85}", "\u{a0}", "\u{3000}", "\u{200b}",
    "\u{301}", "é", "日", "🙂", "\u{200d}", "½", "<", "|", "\u{10ffff}", "\u{fffd}",
  ]
  var text = ""
  for _ in 0..<Int.random(in: 0..<60, using: &generator) {
    let any = Unicode.Scalar(UInt32.random(in: 0..<0x110000, using: &generator))
    let scalar = Bool.random(using: &generator) ? pool.randomElement(using: &generator) : any
    text.unicodeScalars.append(scalar ?? "x")
  }
  return text
}

/// Phi-2's whole vocabulary, loaded once.
enum Phi2 {
  static let tokenizer = Result { try BytePairTokenizer(directory: Fixtures.path("phi2-tokenizer")) }
}

/// Runs `body` with an empty directory that is removed afterwards.
func withTemporaryDirectory(_ body: (URL) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("words-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  try body(folder)
}
