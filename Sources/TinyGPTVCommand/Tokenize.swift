import ArgumentParser
import Diagnostics
import Foundation
import ModelFiles
import TinyGPTV
import Tokenization

/// `tinygptv tokenize`: JSON strings in, JSON arrays of ids out, a line each; or the other way.
struct Tokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn lines of JSON strings into lines of JSON arrays of token ids, or back.")

  @Option(help: ArgumentHelp("The directory with Phi-2's vocab.json and merges.txt.", valueName: "directory"))
  var phi: String?

  @Option(name: [.short, .long], help: ArgumentHelp("A model file, in place of --phi.", valueName: "file.gguf"))
  var model: String?

  @Flag(help: "Turn arrays of ids into strings.")
  var decode = false

  func run() throws {
    let tokenizer = try loadTokenizer()
    var number = 0
    let lines = try LineReader(path: "-")
    while let line = try lines.next().map({ Data($0) }) {
      number += 1
      let place = LinePlace(number: number)
      let answer = decode ? try Self.decode(line, tokenizer, place) : try Self.encode(line, tokenizer, place)
      // Each line at once, so that another program can hold a conversation with this one.
      try FileHandle.standardOutput.write(contentsOf: answer + [0x0a])
    }
  }

  func validate() throws {
    guard (phi == nil) != (model == nil) else { throw ValidationError("Give either --model or --phi.") }
  }

  private func loadTokenizer() throws(InputError) -> BytePairTokenizer {
    if let model { return try BytePairTokenizer(GGUFFile(path: model)) }
    return try BytePairTokenizer(directory: phi ?? "")
  }

  /// Names a line of standard input in errors.
  private struct LinePlace {
    let number: Int

    func fault(expected: String, found: String) -> InputError {
      InputError(file: "standard input", field: "line \(number)", expected: expected, found: found)
    }
  }

  private static func encode(_ line: Data, _ tokenizer: BytePairTokenizer, _ place: LinePlace) throws -> Data {
    guard let text = try? JSONSerialization.jsonObject(with: line, options: .fragmentsAllowed) as? String else {
      throw place.fault(expected: "a JSON string", found: excerpt(line))
    }
    let ids = tokenizer.encode(text).map(String.init).joined(separator: ", ")
    return Data("[\(ids)]".utf8)
  }

  private static func decode(_ line: Data, _ tokenizer: BytePairTokenizer, _ place: LinePlace) throws -> Data {
    guard let ids = try? JSONDecoder().decode([Int].self, from: line) else {
      throw place.fault(expected: "a JSON array of token ids", found: excerpt(line))
    }
    if let wrong = ids.first(where: { tokenizer.bytes(of: $0) == nil }) {
      throw place.fault(expected: "ids in 0..<\(tokenizer.vocabularySize)", found: "\(wrong)")
    }
    return try JSONSerialization.data(
      withJSONObject: tokenizer.decodeToString(ids), options: [.fragmentsAllowed, .withoutEscapingSlashes])
  }

  private static func excerpt(_ line: Data) -> String {
    line.isEmpty ? "an empty line" : String(decoding: line.prefix(60), as: UTF8.self)
  }
}
