import Diagnostics
import Foundation
import ModelFiles
import Tensors

/// A parameter that a model calls for.
struct ParameterRequest: Sendable {
  var name: String
  var shape: [Int]
  /// A weight matrix may be stored in any type; norms, biases, positions and learned tokens are f32.
  var isMatrix: Bool

  /// How it is stored in a model file whose matrices are of this type: a matrix whose rows are no multiple of the type's
  /// block becomes f16, and what is no matrix stays f32.
  func storedType(_ type: ScalarType) -> ScalarType {
    guard isMatrix else { return .f32 }
    return (shape.last ?? 1) % type.blockSize == 0 ? type : .f16
  }
}

/// Takes a model's parameters out of a file and keeps account of what is missing, of the wrong shape, or left over, so
/// that one error can name it all. Without a file it only records what a model calls for.
struct ParameterLoader {
  private let file: (any TensorFile)?
  /// Every parameter taken so far, by name.
  private(set) var parameters: [String: Parameter] = [:]
  /// Everything asked for, in order.
  private(set) var requests: [ParameterRequest] = []
  private var consumed: Set<String> = []
  private var missing: [String] = []
  private var mismatched: [String] = []

  init(file: (any TensorFile)?) { self.file = file }

  /// A weight matrix, in any type that the model may compute with.
  mutating func matrix(_ name: String, _ shape: [Int]) -> Parameter {
    take(ParameterRequest(name: name, shape: shape, isMatrix: true))
  }

  /// A vector or small table, used as f32.
  mutating func vector(_ name: String, _ shape: Int...) -> Parameter {
    take(ParameterRequest(name: name, shape: shape, isMatrix: false))
  }

  private mutating func take(_ request: ParameterRequest) -> Parameter {
    let name = request.name
    requests.append(request)
    var tensor = Tensor(repeating: 0, shape: [0])
    if let found = file?.tensor(named: name) ?? fused(name) {
      consumed.insert(name)
      if found.shape != request.shape {
        mismatched.append("\(name) is \(found.shape), expected \(request.shape)")
      } else if !found.type.isFloatingPoint {
        mismatched.append("\(name) is of type \(found.type.name), expected weights")
      } else {
        tensor = !request.isMatrix || found.type == .f64 ? found.converted(to: .f32) : found
      }
    } else {
      missing.append(name)
    }
    let parameter = Parameter(name: name, base: tensor)
    parameters[name] = parameter
    return parameter
  }

  /// Newer llama.cpp files keep queries, keys and values apart: `attn_q`, `attn_k`, `attn_v` become one `attn_qkv`.
  private mutating func fused(_ name: String) -> Tensor? {
    guard let file, let range = name.range(of: "attn_qkv") else { return nil }
    let names = ["attn_q", "attn_k", "attn_v"].map { name.replacingCharacters(in: range, with: $0) }
    let parts = names.compactMap { file.tensor(named: $0) }
    guard parts.count == 3, parts.allSatisfy({ $0.shape == parts[0].shape && $0.type == parts[0].type }) else {
      return nil
    }
    consumed.formUnion(names)
    return Tensor.stackingRows(parts)
  }

  /// Throws one error that lists every tensor that is missing, of the wrong shape, or unexpected.
  ///
  /// - Parameter ignoring: names for which somebody else is responsible.
  func finish(ignoring: (String) -> Bool) throws(InputError) {
    guard let file else { return }
    let unexpected = file.tensorNames.filter { !consumed.contains($0) && !ignoring($0) }
    guard !missing.isEmpty || !mismatched.isEmpty || !unexpected.isEmpty else { return }
    var parts: [String] = []
    if !missing.isEmpty { parts.append("missing: \(abbreviated(missing))") }
    if !mismatched.isEmpty { parts.append("mismatched: \(abbreviated(mismatched))") }
    if !unexpected.isEmpty { parts.append("unexpected: \(abbreviated(unexpected))") }
    throw InputError(
      file: file.path, field: "tensors", expected: "the tensors that its configuration calls for",
      found: parts.joined(separator: "; "), remedy: "Convert the model again, or see `tinygptv inspect`.")
  }
}

/// The first few of a list and how many more there are.
func abbreviated(_ names: [String], limit: Int = 8) -> String {
  names.prefix(limit).joined(separator: ", ") + (names.count > limit ? " and \(names.count - limit) more" : "")
}
