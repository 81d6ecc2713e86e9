import ArgumentParser
import Diagnostics
import Tensors
import TinyGPTV

/// The options of `tinygptv convert` that begin with a model file.
struct ModelFileOptions: ParsableArguments {
  @Option(name: [.short, .long], help: ArgumentHelp("The model file to begin with.", valueName: "file.gguf"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      "A PEFT directory or GGUF adapter to take in, named after its file (may be repeated).", valueName: "path"))
  var addAdapter: [String] = []

  @Option(help: ArgumentHelp("An adapter to leave out (may be repeated).", valueName: "name"))
  var removeAdapter: [String] = []

  @Option(
    help: ArgumentHelp(
      "The adapter that is on by default, or none (default: as in --model, else the last).", valueName: "name"))
  var defaultAdapter: String?

  @Option(help: ArgumentHelp("What the model is called (default: as before).", valueName: "text"))
  var name: String?

  @Option(
    help: ArgumentHelp(
      "Write only this adapter: as GGUF adapter if the output ends in .gguf, else as PEFT directory.", valueName: "name"
    ))
  var extractAdapter: String?

  @Option(
    help: ArgumentHelp(
      "A PEFT directory's queries, keys and values: fused, upstream's way, or split, as in today's transformers.",
      valueName: "layout"))
  var layout: AttentionLayout?

  func validate() throws {
    if layout != nil, extractAdapter == nil { throw ValidationError("--layout belongs to --extract-adapter.") }
    if name != nil, extractAdapter != nil { throw ValidationError("--name: an adapter is called after its file.") }
  }

  /// An option other than `--model` that was given.
  var firstGiven: String? {
    let given: [(String, Bool)] = [
      ("--add-adapter", !addAdapter.isEmpty), ("--remove-adapter", !removeAdapter.isEmpty),
      ("--default-adapter", defaultAdapter != nil), ("--name", name != nil),
      ("--extract-adapter", extractAdapter != nil),
    ]
    return given.first { $0.1 }?.0
  }

  /// Writes the model, or one of its adapters, anew.
  ///
  /// - Parameter type: how matrices are stored; nil: as they are.
  func convert(model path: String, type: ScalarType?, merge: Bool, to output: String) throws {
    let model = try TinyGPTVModel(path: path)
    for path in addAdapter { try model.add(Adapter(path: path, for: model.configuration.phi)) }
    for name in removeAdapter { _ = try adapter(name, in: model.adapters, "--remove-adapter") }
    let adapters = model.adapters.filter { !removeAdapter.contains($0.name) }
    let standard = try standard(of: adapters, before: model.activeAdapter)
    // Whatever is overridden must not be taken for the model's own.
    try model.use(adapter: nil)
    if let extractAdapter {
      return try write(adapter(extractAdapter, in: adapters, "--extract-adapter"), of: model, type: type, to: output)
    }
    let source = model.matrixType
    let type = type ?? source
    guard type.isEncodable else {
      throw InputError(
        file: path, expected: "matrices of a type that can be written", found: source.name,
        remedy: "Say how to store them: --type f16.")
    }
    if source.isQuantized, source != type {
      note("\(path) holds \(source.name) already: what was rounded once does not become exact again")
    }
    if merge, standard == nil {
      throw InputError(file: path, field: "--merge", expected: "an adapter that is on by default", found: "none")
    }
    let dropped = merge ? adapters.filter { $0.name != standard?.name }.map(\.name) : []
    if !dropped.isEmpty {
      note("left out, since they were made for the unmerged weights: \(dropped.joined(separator: ", "))")
    }
    var bar = ProgressBar(label: "converting")
    try model.write(
      to: output, type: type, adapters: merge ? [] : adapters, defaultAdapter: merge ? nil : standard?.name,
      merging: merge ? standard : nil, name: name
    ) { bar.update($0.bytesWritten, of: $0.bytesTotal) }
    bar.finish()
  }

  private func write(_ adapter: Adapter, of model: TinyGPTVModel, type: ScalarType?, to output: String) throws {
    if output.hasSuffix(".gguf") {
      try adapter.writeGGUF(to: output, type: type ?? .f32)
    } else {
      try adapter.writePEFT(to: output, for: model, layout: layout ?? .fused)
    }
  }

  /// The adapter that will be on by default.
  private func standard(of adapters: [Adapter], before: String?) throws(InputError) -> Adapter? {
    if defaultAdapter == "none" { return nil }
    if let defaultAdapter { return try adapter(defaultAdapter, in: adapters, "--default-adapter") }
    return adapters.first { $0.name == before } ?? adapters.last
  }

  private func adapter(_ name: String, in adapters: [Adapter], _ option: String) throws(InputError) -> Adapter {
    guard let adapter = adapters.first(where: { $0.name == name }) else {
      let names = adapters.isEmpty ? "no adapters there" : "one of \(adapters.map(\.name).joined(separator: ", "))"
      throw InputError(file: option, expected: names, found: name)
    }
    return adapter
  }
}

extension AttentionLayout: ExpressibleByArgument {}
