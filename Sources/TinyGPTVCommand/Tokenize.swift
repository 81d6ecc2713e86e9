import ArgumentParser
import Diagnostics
import Foundation
import Tokenization

/// `tinygptv tokenize`: JSON strings in, JSON arrays of ids out, a line each; or the other way.
struct Tokenize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn lines of JSON strings into lines of JSON arrays of token ids, or back.")

  @Option(help: ArgumentHelp("The directory with Phi-2's vocab.json and merges.txt.", valueName: "directory"))
  var phi: String

  @Flag(help: "Turn arrays of ids into strings.")
  var decode = false

  func run() throws {
    let tokenizer = try loadTokenizer()
    var number = 0
    while let line = try standardInputLine() {
      number += 1
      let place = LinePlace(number: number)
      let answer = decode ? try Self.decode(line, tokenizer, place) : try Self.encode(line, tokenizer, place)
      // Each line at once, so that another program can hold a conversation with this one.
      try FileHandle.standardOutput.write(contentsOf: answer + [0x0a])
    }
  }

  private func loadTokenizer() throws(InputError) -> BytePairTokenizer {
    try BytePairTokenizer(directory: phi)
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

/// The next line of standard input without its newline; a last line without one counts too.
private func standardInputLine() throws -> Data? {
  var buffer: UnsafeMutablePointer<CChar>?
  var capacity = 0
  defer { free(buffer) }
  let length = getline(&buffer, &capacity, StandardInput.file)
  guard length >= 0, let buffer else { return nil }
  let line = Data(bytes: buffer, count: length)
  return line.last == 0x0a ? line.dropLast() : line
}

private enum StandardInput {
  // C's own `stdin` is a global variable, which Swift's concurrency checks refuse.
  nonisolated(unsafe) static let file = fdopen(0, "r")
}
