import Diagnostics

/// What a run tells while it goes on.
public enum TrainingEvent: Sendable {
  /// A step was done: its line of the metrics log, and the number of steps in all.
  case step(MetricsRecord, total: Int)
  /// A checkpoint was written.
  case saved(path: String)
  /// A record was broken and skipped, a cache could not be used, and the like.
  case note(InputError)
}

/// Why a run ended.
public enum TrainingEnd: Sendable, Equatable {
  /// All steps are done.
  case finished
  /// Somebody asked it to stop; it can be continued.
  case stopped
}
