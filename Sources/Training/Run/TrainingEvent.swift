import Diagnostics

/// What a run tells while it goes on.
public enum TrainingEvent: Sendable {
  /// A step was done, of a total: its line of the metrics log, how many samples it saw, and how long it took.
  case step(MetricsRecord, total: Int, samples: Int, seconds: Double)
  /// A checkpoint, or what the run was for, was written.
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
