import ArgumentParser
import Diagnostics
import Foundation
import Tensors
import TinyGPTV

/// `tinygptv convert`: upstream's files become one model file.
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn upstream's files into one model file.",
    discussion: """
      Phi comes from a directory (config.json, weights as safetensors or pytorch_model-*.bin, vocab.json, merges.txt), \
      the rest from .pth files, which are read as data and never executed. Without --vision, --qformer and --checkpoint \
      the result is a plain Phi-2.

      Sizes that the files do not tell are upstream's; --architecture says otherwise, in JSON: {"vision": {"image_size", \
      "patch_size", "depth", "heads"}, "qformer": {"heads", "cross_attention_frequency"}}.
      """)

  @Option(help: ArgumentHelp("The directory of Phi-2.", valueName: "directory"))
  var phi: String

  @Option(help: ArgumentHelp("eva_vit_g.pth.", valueName: "file"))
  var vision: String?

  @Option(help: ArgumentHelp("blip2_pretrained_flant5xxl.pth.", valueName: "file"))
  var qformer: String?

  @Option(help: ArgumentHelp("TinyGPT-V_for_Stage1.pth … TinyGPT-V_for_Stage4.pth.", valueName: "file"))
  var checkpoint: String?

  @Option(help: ArgumentHelp("How weight matrices are stored: f32, f16, bf16, q8_0 or q4_0.", valueName: "type"))
  var type = "f16"

  @Option(name: [.short, .long], help: ArgumentHelp("The model file to write.", valueName: "file.gguf"))
  var output: String

  @Option(help: ArgumentHelp("Side of the picture: 448 for stage 4, 224 for stages 1 to 3.", valueName: "pixels"))
  var imageSize: Int?

  @Option(help: ArgumentHelp("Sizes that the files do not tell, as JSON.", valueName: "file"))
  var architecture: String?

  @Option(help: "What to call the checkpoint's LoRA adapter (default: the checkpoint's name).")
  var adapterName: String?

  @Option(help: "LoRA's alpha (default: the checkpoint's if it says, else 16).")
  var loraAlpha: Double?

  @Flag(help: "Fold the LoRA into the weights instead of keeping it as an adapter.")
  var merge = false

  func validate() throws {
    guard let type = ScalarType(name: type), type.isEncodable else {
      throw ValidationError("--type: expected f32, f16, bf16, q8_0 or q4_0, found \(type).")
    }
    if let imageSize, !(14...4096).contains(imageSize) {
      throw ValidationError("--image-size: expected 14 to 4096, found \(imageSize).")
    }
    if let adapterName, adapterName.isEmpty || adapterName == "none" {
      throw ValidationError("--adapter-name: expected a name other than none.")
    }
  }

  func run() throws {
    var options = ConversionOptions(phi: phi, output: output)
    options.vision = vision
    options.qFormer = qformer
    options.checkpoint = checkpoint
    options.architecture = architecture
    options.imageSize = imageSize
    options.type = ScalarType(name: type) ?? .f16
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
    note("wrote \(output)")
  }
}

/// A remark for the user, on standard error so that standard output stays clean.
func note(_ message: String) {
  FileHandle.standardError.write(Data("tinygptv: \(message)\n".utf8))
}

/// Share, rate and time left on one line of standard error, if that is a terminal; nothing otherwise.
struct ProgressBar {
  private let label: String
  /// What is counted; nil for bytes.
  private let unit: String?
  private let isVisible = isatty(STDERR_FILENO) != 0
  private let start = ContinuousClock.now
  private var lastUpdate: ContinuousClock.Instant?

  init(label: String, unit: String? = nil) { (self.label, self.unit) = (label, unit) }

  /// Shows how many bytes (or other units) of how many are done, at most ten times a second.
  mutating func update(_ done: Int, of total: Int) {
    let now = ContinuousClock.now
    guard isVisible, total > 0 else { return }
    if let lastUpdate, now - lastUpdate < .milliseconds(100), done < total { return }
    lastUpdate = now
    let seconds = max((now - start) / .seconds(1), 1e-3)
    let rate = Double(done) / seconds
    let left = rate > 0 ? Int((Double(total - done) / rate).rounded()) : 0
    let filled = 24 * done / total
    let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: 24 - filled)
    let speed = unit.map { "\(Int(rate)) \($0)/s" } ?? "\(Int(rate / 1e6)) MB/s"
    let text = "\(label) [\(bar)] \(100 * done / total) %  \(speed)  \(left) s left"
    FileHandle.standardError.write(Data("\r\u{1b}[K\(text)".utf8))
  }

  /// Removes the line.
  func finish() {
    if isVisible, lastUpdate != nil { FileHandle.standardError.write(Data("\r\u{1b}[K".utf8)) }
  }
}
