import Diagnostics
import Foundation
import Tensors

/// Where a run's metrics and checkpoints go, and who is told.
final class TrainingOutput {
  let folder: RunFolder
  private let metrics: MetricsLog
  private let events: TensorBoardWriter
  private let checkpoints: CheckpointStore
  let report: (TrainingEvent) -> Void

  /// - Parameter step: how many steps are done; what a folder holds of later ones is removed.
  init(
    folder: RunFolder, keep: Int, step: Int, report: @escaping (TrainingEvent) -> Void
  ) throws(InputError) {
    self.folder = folder
    self.report = report
    metrics = try MetricsLog(path: folder.metricsPath)
    try metrics.truncate(afterStep: step - 1)
    events = try TensorBoardWriter(
      directory: folder.eventsDirectory, resumingAt: step > 0 ? step : nil, wallTime: Date().timeIntervalSince1970)
    checkpoints = CheckpointStore(directory: folder.checkpointsDirectory, keep: keep)
    checkpoints.remove(afterStep: step)
  }

  func log(_ record: MetricsRecord, total: Int, samples: Int, seconds: Double) throws(InputError) {
    try metrics.append(record)
    let scalars = record.members.compactMap { member in
      member.key == "step" ? nil : record.number(member.key).map { (tag: member.key, value: Float($0)) }
    }
    try events.write(scalars, step: record.step, wallTime: Date().timeIntervalSince1970)
    report(.step(record, total: total, samples: samples, seconds: seconds))
  }

  func save(_ state: TrainingState, _ parameters: TrainedParameters) throws(InputError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let text: Data
    do { text = try encoder.encode(state) } catch {
      throw InputError(file: folder.path, expected: "a state that can be written", found: "\(error)")
    }
    return try checkpoints.save(step: state.step, tensors: parameters.checkpointTensors, state: Array(text))
  }
}
