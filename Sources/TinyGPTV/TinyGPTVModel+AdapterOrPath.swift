import Diagnostics
import Foundation

extension TinyGPTVModel {
  /// One of the model's adapters, by its name, or else the PEFT directory or GGUF adapter at this path, which the model
  /// then does not have yet.
  ///
  /// - Throws: ``InputError`` if it is neither, or is for another model.
  package func adapter(nameOrPath: String) throws(InputError) -> Adapter {
    if let known = adapters.first(where: { $0.name == nameOrPath }) { return known }
    guard FileManager.default.fileExists(atPath: nameOrPath) else {
      throw InputError(
        file: nameOrPath, field: "adapter",
        expected:
          "one of \(abbreviated(adapters.map(\.name) + ["none"])), a PEFT directory or a GGUF adapter",
        found: "no such name or file")
    }
    return try Adapter(path: nameOrPath, for: configuration.phi)
  }

  /// Switches to an adapter: one of the model's, by its name, or else the PEFT directory or GGUF adapter at this path,
  /// which the model then has too.
  ///
  /// - Throws: ``InputError`` if it is neither, or does not fit the model.
  public func use(adapterOrPath nameOrPath: String) throws(InputError) {
    let isKnown = adapters.contains { $0.name == nameOrPath }
    let adapter = try adapter(nameOrPath: nameOrPath)
    if !isKnown { try add(adapter) }
    try use(adapter: adapter.name)
  }
}
