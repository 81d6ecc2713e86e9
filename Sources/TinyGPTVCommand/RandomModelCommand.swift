import ArgumentParser
import Diagnostics
import Foundation
import Tensors
import TinyGPTV
import Tokenization
import Training

/// `tinygptv random-model`: a model for speed work without the published weights.
struct RandomModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "random-model",
    abstract: "Write a TinyGPT-V with random weights, to measure speed and memory.",
    discussion: """
      Its answers mean nothing. At full size a q4_0 file takes 2.2 GB, f16 7.8 GB; upstream's files take 8.5 GB.
      """)

  @Option(help: "full (upstream's sizes), tiny, or demo (the bundled model's, to be trained from nothing).")
  var size: RandomModel.Size = .full

  @Option(help: ArgumentHelp("How weight matrices are stored: f32, f16, bf16, q8_0 or q4_0.", valueName: "type"))
  var type = "q4_0"

  @Option(name: [.short, .long], help: ArgumentHelp("The model file to write.", valueName: "file.gguf"))
  var output: String?

  @Option(
    help: ArgumentHelp("Write upstream's four files into this directory, to try `convert`.", valueName: "directory"))
  var upstreamFiles: String?

  @Option(
    help: ArgumentHelp(
      "Where Phi-2's vocab.json and merges.txt are, for its vocabulary in place of single bytes.",
      valueName: "directory"))
  var phi: String?

  @Option(help: "The same seed gives the same weights.")
  var seed: UInt64 = 1

  func validate() throws {
    guard let type = ScalarType(name: type), type.isEncodable else {
      throw ValidationError("--type: expected f32, f16, bf16, q8_0 or q4_0, found \(type).")
    }
    guard phi == nil || size != .demo else {
      throw ValidationError("--phi: the size demo has a vocabulary of its own.")
    }
    guard output != nil || upstreamFiles != nil else {
      throw ValidationError("Give --output, --upstream-files, or both.")
    }
  }

  func run() throws {
    // The bundled model reads and writes what is said about scenes, and needs no more words.
    let vocabulary: BytePairTokenizer? =
      switch size {
      case .demo: try SceneVocabulary.tokenizer(size: 1536)
      default: try phi.map { try BytePairTokenizer(directory: $0) }
      }
    let model = RandomModel(size: size, seed: seed, tokenizer: vocabulary)
    if let output {
      var bar = ProgressBar(label: "writing")
      try model.write(to: output, type: ScalarType(name: type) ?? .q4_0) {
        bar.update($0.bytesWritten, of: $0.bytesTotal)
      }
      bar.finish()
      note("wrote \(output)")
    }
    if let upstreamFiles {
      var bar = ProgressBar(label: "writing")
      try model.writeUpstreamFiles(to: upstreamFiles) { bar.update($0.bytesWritten, of: $0.bytesTotal) }
      bar.finish()
      note("wrote \(upstreamFiles)")
    }
  }
}

extension RandomModel.Size: ExpressibleByArgument {}
