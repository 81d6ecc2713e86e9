import Diagnostics
import TinyGPTV

extension TinyGPTVModel {
  /// Switches to an adapter: one of the model's, by its name, or else the PEFT directory or GGUF adapter at this path,
  /// which the model then has too.
  ///
  /// - Throws: ``InputError`` if it is neither, or does not fit the model.
  public func use(adapterOrPath name: String) throws(InputError) {
    guard !adapters.contains(where: { $0.name == name }) else { return try use(adapter: name) }
    let added = try Adapter(path: name, for: configuration.phi)
    try add(added)
    try use(adapter: added.name)
  }
}
