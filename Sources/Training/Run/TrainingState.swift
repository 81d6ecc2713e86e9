import Diagnostics
import Foundation
import ModelFiles
import Tensors

/// What a run must remember besides its tensors to go on as if it had never stopped. Everything that is left to chance
/// follows from the run's seed and these numbers.
struct TrainingState: Codable, Sendable {
  /// Steps done.
  var step = 0
  /// The position in the data.
  var mixer: DataMixer
  /// Steps in a row that were skipped for a loss or gradient that was not finite.
  var nonFinite = 0
  /// How often the optimiser has moved each tensor.
  var updates: [String: Int] = [:]
  /// The records that were left out as broken, by dataset; nil in checkpoints of before this was kept.
  var broken: [String: [Int]]?
}

extension Checkpoint {
  /// A file of tensors alone, of whatever type: values to begin a run with.
  init(safetensors path: String) throws(InputError) {
    let file = try SafetensorsFile(path: path)
    var tensors: [String: Tensor] = [:]
    for name in file.tensorNames { tensors[name] = file.tensor(named: name)?.converted(to: .f32) }
    try file.checkNotCut()
    self.init(path: path, step: 0, tensors: tensors, state: [])
  }
}

extension TrainedParameters {
  /// Everything that a checkpoint holds: values and moments.
  var checkpointTensors: [(String, Tensor)] {
    entries.flatMap { entry in [(entry.name, entry.master.detached())] + moments(of: entry) }
  }

  /// What the optimiser keeps of a tensor, by its name in checkpoints.
  private func moments(of entry: Entry) -> [(String, Tensor)] {
    let mean = [("optimizer.mean." + entry.name, entry.mean)]
    return mean + (entry.variance.map { [("optimizer.variance." + entry.name, $0)] } ?? [])
  }

  /// Takes values, but no moments, from another run's checkpoint, for as many tensors as it has.
  ///
  /// - Returns: how many.
  /// - Throws: ``InputError`` if it has one of another shape.
  func begin(with checkpoint: Checkpoint) throws(InputError) -> Int {
    let known = entries.filter { checkpoint.tensors[$0.name] != nil }
    for entry in known { try copy(entry.name, of: checkpoint, to: entry.master) }
    return known.count
  }

  /// How often each tensor was moved.
  var updates: [String: Int] { Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.updates) }) }

  /// Takes values and moments from a checkpoint, and how often each tensor was moved from the run's state.
  ///
  /// - Throws: ``InputError`` if it is one of a run that trains something else.
  func restore(from checkpoint: Checkpoint, updates: [String: Int]) throws(InputError) {
    for (index, entry) in entries.enumerated() {
      guard let count = updates[entry.name], count >= 0 else {
        throw InputError(
          file: checkpoint.path, field: "state.json", expected: "the number of updates of \(entry.name)",
          found: "\(updates[entry.name], default: "nothing")",
          remedy: "The checkpoint is of a run that trains something else.")
      }
      setUpdates(count, at: index)
      for (name, target) in [(entry.name, entry.master)] + moments(of: entry) {
        try copy(name, of: checkpoint, to: target)
      }
    }
  }

  private func copy(_ name: String, of checkpoint: Checkpoint, to target: Tensor) throws(InputError) {
    guard let source = checkpoint.tensors[name], source.shape == target.shape, source.type == .f32 else {
      throw InputError(
        file: checkpoint.path, field: name, expected: "shape \(target.shape)",
        found: checkpoint.tensors[name].map { "\($0.type.name) of \($0.shape)" } ?? "nothing",
        remedy: "The checkpoint is of a run that trains something else.")
    }
    target.floats.update(from: source.floats, count: target.count)
  }
}
