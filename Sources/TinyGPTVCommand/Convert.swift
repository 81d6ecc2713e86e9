import ArgumentParser
import Diagnostics
import Tensors
import TinyGPTV

/// `tinygptv convert`: upstream's files, or a model file, become a model file.
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn upstream's files into one model file, or a model file into another.",
    discussion: """
      With --phi: Phi comes from a directory (config.json, weights as safetensors or pytorch_model-*.bin, vocab.json, \
      merges.txt), the rest from .pth files, which are read as data and never executed. Without --vision, --qformer and \
      --checkpoint the result is a plain Phi-2.

      Sizes that the files do not tell are upstream's; --architecture says otherwise, in JSON: {"vision": {"image_size", \
      "patch_size", "depth", "heads"}, "qformer": {"heads", "cross_attention_frequency"}}.

      With --model: the same model in another type, or with other adapters; or with --extract-adapter one of its adapters \
      alone.
      """)

  @OptionGroup(title: "From upstream's files") var upstream: UpstreamFileOptions
  @OptionGroup(title: "From a model file") var modelFile: ModelFileOptions

  @Option(
    help: ArgumentHelp(
      "How weight matrices are stored: f32, f16, bf16, q8_0 or q4_0 (default: f16, or as in --model).",
      valueName: "type"))
  var type: String?

  @Option(name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file.gguf"))
  var output: String

  @Flag(help: "Fold the LoRA (with --model: the default adapter) into the weights instead of keeping it apart.")
  var merge = false

  func validate() throws {
    if let type {
      guard let known = ScalarType(name: type), known.isEncodable else {
        throw ValidationError("--type: expected f32, f16, bf16, q8_0 or q4_0, found \(type).")
      }
    }
    guard (upstream.phi == nil) != (modelFile.model == nil) else {
      throw ValidationError("Give either --phi or --model.")
    }
    if upstream.phi == nil, let extra = upstream.firstGiven {
      throw ValidationError("\(extra) belongs to --phi, not to --model.")
    }
    if modelFile.model == nil, let extra = modelFile.firstGiven {
      throw ValidationError("\(extra) belongs to --model, not to --phi.")
    }
    if modelFile.extractAdapter != nil {
      if merge { throw ValidationError("--merge and --extract-adapter exclude each other.") }
      if let type, ScalarType(name: type)?.isQuantized == true {
        throw ValidationError("--type: expected f32, f16 or bf16 for an adapter, found \(type).")
      }
    }
  }

  func run() throws {
    let type = type.flatMap { ScalarType(name: $0) }
    if let phi = upstream.phi {
      try upstream.convert(phi: phi, type: type ?? .f16, merge: merge, to: output)
    } else if let model = modelFile.model {
      try modelFile.convert(model: model, type: type, merge: merge, to: output)
    }
    note("wrote \(output)")
  }
}

/// The options that name upstream's files.
struct UpstreamFileOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The directory of Phi-2.", valueName: "directory"))
  var phi: String?

  @Option(help: ArgumentHelp("eva_vit_g.pth.", valueName: "file"))
  var vision: String?

  @Option(help: ArgumentHelp("blip2_pretrained_flant5xxl.pth.", valueName: "file"))
  var qformer: String?

  @Option(help: ArgumentHelp("TinyGPT-V_for_Stage1.pth … TinyGPT-V_for_Stage4.pth.", valueName: "file"))
  var checkpoint: String?

  @Option(help: ArgumentHelp("Side of the picture: 448 for stage 4, 224 for stages 1 to 3.", valueName: "pixels"))
  var imageSize: Int?

  @Option(help: ArgumentHelp("Sizes that the files do not tell, as JSON.", valueName: "file"))
  var architecture: String?

  @Option(help: "What to call the checkpoint's LoRA adapter (default: the checkpoint's name).")
  var adapterName: String?

  @Option(help: "LoRA's alpha (default: the checkpoint's if it says, else 16).")
  var loraAlpha: Double?

  func validate() throws {
    if let imageSize, !(14...4096).contains(imageSize) {
      throw ValidationError("--image-size: expected 14 to 4096, found \(imageSize).")
    }
    if let adapterName, adapterName.isEmpty || adapterName == "none" {
      throw ValidationError("--adapter-name: expected a name other than none.")
    }
  }

  /// An option other than `--phi` that was given.
  var firstGiven: String? {
    let given: [(String, Bool)] = [
      ("--vision", vision != nil), ("--qformer", qformer != nil), ("--checkpoint", checkpoint != nil),
      ("--image-size", imageSize != nil), ("--architecture", architecture != nil),
      ("--adapter-name", adapterName != nil), ("--lora-alpha", loraAlpha != nil),
    ]
    return given.first { $0.1 }?.0
  }

  /// Makes a model file of upstream's files.
  func convert(phi: String, type: ScalarType, merge: Bool, to output: String) throws {
    var options = ConversionOptions(phi: phi, output: output)
    options.vision = vision
    options.qFormer = qformer
    options.checkpoint = checkpoint
    options.architecture = architecture
    options.imageSize = imageSize
    options.type = type
    options.adapterName = adapterName
    options.loraAlpha = loraAlpha
    options.merge = merge
    let conversion = try Conversion(options)
    if !conversion.ignored.isEmpty {
      note("\(conversion.ignored.count) tensors of the inputs are no part of TinyGPT-V and are left out")
    }
    var bar = ProgressBar(label: "converting")
    try conversion.write(to: output) { bar.update($0.bytesWritten, of: $0.bytesTotal) }
    bar.finish()
  }
}
