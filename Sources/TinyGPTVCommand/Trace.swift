import ArgumentParser
import Diagnostics
import Dialogue
import Foundation
import ModelFiles
import Pictures
import Tensors
import TinyGPTV

/// `tinygptv trace`: the activations of one forward pass, for whoever has to find where two implementations part.
struct Trace: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the activations of one forward pass as safetensors.",
    discussion: """
      The tensors, all f32: pixels, vit.block0, vit.output, ln_vision, qformer, image_embeds, inputs_embeds, phi.layer0, \
      phi.final_norm, logits.
      """)

  @OptionGroup var modelOptions: ModelOptions

  @Option(help: ArgumentHelp("The picture, or - for standard input.", valueName: "file"))
  var image: String?

  @Option(help: "The whole prompt, with <ImageHere> where the picture goes.")
  var rawPrompt: String

  @Option(name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file.safetensors"))
  var output: String

  func run() async throws {
    let engine = try modelOptions.load()
    let question = Question(prompt: rawPrompt, picture: try image.map { try readPicture($0) })
    let points = try engine.trace(question)
    let writer = try SafetensorsWriter(
      path: output, metadata: ["format": "pt", "prompt": rawPrompt],
      tensors: points.map { TensorDescription(name: $0.name, shape: $0.tensor.shape, type: .f32) })
    for point in points { try writer.append(point.tensor.bytes) }
    try writer.finish()
  }
}

/// The options that choose the model and how it computes.
struct ModelOptions: ParsableArguments {
  @Option(
    name: [.short, .long], help: ArgumentHelp("The model file (default: the bundled one).", valueName: "file.gguf"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      "An adapter in the model file, a PEFT directory, a GGUF adapter, or none (default: the model's own).",
      valueName: "name or path"))
  var adapter: String?

  @Option(help: "Threads to compute with (default: one a core).")
  var threads: Int?

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads: expected 1 to 1024, found \(threads).")
    }
  }

  /// The loaded model with the adapter in use.
  func load() throws -> Engine {
    if let threads { ThreadPool.configure(threads: threads) }
    let engine = try Engine(modelPath: model ?? BundledModel.path)
    if let adapter { try engine.use(adapter: adapter) }
    return engine
  }
}

/// The picture in a file, or on standard input for `-`.
func readPicture(_ path: String) throws(InputError) -> Picture {
  guard path == "-" else { return try Picture(contentsOf: path) }
  return try Picture(encoded: Picture.readAll(fileDescriptor: STDIN_FILENO), name: "standard input")
}
