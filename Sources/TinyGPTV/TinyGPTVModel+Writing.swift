import Diagnostics
import Foundation
import ModelFiles
import Tensors

extension TinyGPTVModel {
  /// What the model's file says that it is called, else the file's own name.
  public var name: String {
    if let file = file as? GGUFFile, let name = try? file.stringIfPresent("general.name") { return name }
    return URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
  }

  /// The type that most of the matrices' elements are stored in.
  public var matrixType: ScalarType {
    var counts: [ScalarType: Int] = [:]
    for request in Self.parameterRequests(configuration) where request.isMatrix {
      if let tensor = parameters[request.name]?.value { counts[tensor.type, default: 0] += tensor.count }
    }
    return counts.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }?.key ?? .f32
  }

  /// Writes a model file with what the model computes with now: the values that training gave its parameters, and those
  /// that the adapter in use overrides. The file appears under its name only when it is whole.
  ///
  /// - Parameters:
  ///   - type: how matrices are stored. What is stored so already is copied as it is.
  ///   - adapters: what travels along.
  ///   - defaultAdapter: the name of the one of them that is on by default, or nil.
  ///   - merging: an adapter that becomes part of the weights: its pairs are added, its overrides put in place.
  ///   - name: what the model is called; ``name`` for nil.
  ///   - onProgress: is called after every few megabytes.
  /// - Throws: ``InputError`` if an adapter does not fit, a matrix of less than 8 bits would have to be quantised anew, the
  ///   file cannot be written, or the one that the model came from was cut short meanwhile.
  public func write(
    to path: String, type: ScalarType, adapters: [Adapter], defaultAdapter: String?, merging: Adapter? = nil,
    name: String? = nil, onProgress: (ConversionProgress) -> Void = { _ in }
  ) throws(InputError) {
    precondition(type.isEncodable, "nothing writes \(type)")
    precondition(defaultAdapter == nil || adapters.contains { $0.name == defaultAdapter }, "no such adapter")
    let requests = Self.parameterRequests(configuration)
    for adapter in adapters + [merging].compactMap({ $0 }) { try check(adapter) }
    var weights: [(ParameterRequest, RowSource)] = []
    for request in requests {
      guard let parameter = parameters[request.name] else { continue }
      let source = merging?.overrides[request.name] ?? parameter.value
      var rows = RowSource(source)
      if let layer = request.name.withoutSuffix(".weight"), let pair = merging?.pairs[layer] {
        rows = rows.merged(pair)
      }
      try checkPrecision(of: rows, from: source.type, to: request.storedType(type), request.name)
      weights.append((request, rows))
    }
    let plan = ModelFilePlan(
      configuration: configuration, tokenizer: tokenizer, type: type, weights: weights, adapters: adapters,
      defaultAdapter: defaultAdapter, name: name ?? self.name)
    try plan.write(to: path, onProgress: onProgress) { () throws(InputError) in try file.checkNotCut() }
  }

  /// Throws if weights of so few bits would have to be rounded once more.
  private func checkPrecision(
    of rows: RowSource, from source: ScalarType, to target: ScalarType, _ name: String
  ) throws(InputError) {
    let isCopied = rows.stored?.type == target
    guard source.isQuantized, source != .q8_0, target.isQuantized, !isCopied else { return }
    throw InputError(
      file: path, field: name, expected: "weights of at least 8 bits, to store them as \(target.name)",
      found: source.name, remedy: "Give f16 as the type, or begin with the file that this one was made from.")
  }
}

extension String {
  fileprivate func withoutSuffix(_ suffix: String) -> String? {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) : nil
  }
}
